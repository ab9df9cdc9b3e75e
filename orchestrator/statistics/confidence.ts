import type { Contrast, Interval, Judgement } from '../domain/experiment.ts';
import { gainOf } from '../domain/objective.ts';
import type { Objective } from '../domain/plan.ts';
import { ALPHA } from './dawn.ts';

/** How much weight a verdict bears, in a word and its reason; and whether a person should look. */
export interface Confidence {
  readonly level: 'high' | 'medium' | 'low';
  /** Half a sentence. */
  readonly because: string;
  /** It was a near thing: a human should review it before anybody builds on it. */
  readonly borderline: boolean;
}

/** Where the numbers come from. */
export interface Trust {
  /** Of the experiment's runs: self_reported, checked, verified. */
  readonly tier?: string | null;
  /** Whether the plan has an evaluator, so that better than self_reported could be had. */
  readonly evaluator?: boolean;
  /** Those of its changes that are marked as touching the evaluation, while nothing else measured it. */
  readonly in_doubt?: string;
}

/** From so many seeds of each arm on, an interval says how far it can be trusted. */
const MANY_SEEDS = 5;
/** With fewer at dawn, one odd seed decides. */
const ENOUGH_SEEDS = 4;
/** Nearer to a threshold than this share of the interval's width is a near thing. */
const NEAR = 0.1;

/**
 * The rule. What was measured last decides: dawn's contrast with the baseline; else what leaving
 * the change out cost; else the night's contrast with the parent.
 *
 * Borderline, of anything but what the night left unsettled: the interval's end lies closer to no
 * effect than a tenth of the interval's width, or the gain that close to `min_effect` where it has
 * to reach it, or an end that close to ±`min_effect` where it has to lie within; or dawn had fewer
 * than 4 seeds of an arm; or p lies within a factor 2 of α; or the interval of a constraint's
 * metric includes its limit.
 *
 * High: the script is deterministic and dawn ran it again, or what it rests on is fresh seeds, 5 or
 * more of each arm, and the interval's near end is further from no effect than half its width.
 * Medium: any other claim of dawn; at night a clear `worse` or `no_difference`, and a `promising`
 * on 3 seeds or more whose interval excludes no effect. Low: the rest, and whatever is borderline.
 * Numbers that are the script's own word bear no more than medium where an evaluator exists, or
 * where the experiment or what it is built on is marked `touches:evaluation`.
 *
 * Null where the verdict rests on no comparison (failed, invalid, pruned, not judged).
 */
export function confidenceOf(
  judgement: Judgement | null,
  objective: Objective,
  { tier = null, evaluator = false, in_doubt = '' }: Trust = {},
): Confidence | null {
  if (judgement === null || !COMPARED.has(judgement.verdict)) return null;
  const doubtful = judgement.limits?.find(
    ({ of, status }) => of === 'constraint' && status === 'borderline',
  );
  if (doubtful) return low(`whether the constraint on ${doubtful.metric} holds is open`, true);
  const found = weighed(judgement, objective);
  if (found !== null && in_doubt !== '') {
    const because = `${found.because}; but the words of ${in_doubt} name the evaluation, and the numbers are the script’s own`;
    return { ...found, level: found.level === 'high' ? 'medium' : found.level, because };
  }
  if (found === null || found.level !== 'high' || !evaluator || tier !== 'self_reported')
    return found;
  const because = `${found.because}; but the numbers are the script’s own word, and the plan has an evaluator`;
  return { ...found, level: 'medium', because };
}

const COMPARED: ReadonlySet<Judgement['verdict']> = new Set([
  'improved',
  'promising',
  'worse',
  'no_difference',
  'inconclusive',
]);

function weighed(judgement: Judgement, objective: Objective): Confidence | null {
  const { dawn, attribution, on_parent } = judgement;
  // No fresh seed finished: the night's word is all there is, and dawn withdrew it.
  if (dawn && dawn.on_baseline === null) return low('no fresh seed finished at dawn', true);
  if (dawn) return ofDawn(judgement, objective);
  if (attribution?.effect != null) return ofAttribution(judgement, objective);
  if (on_parent === null) return null;
  return ofNight(judgement, on_parent, objective);
}

const low = (because: string, borderline = false): Confidence => ({
  level: 'low',
  because,
  borderline,
});

/** An interval turned so that a gain is positive. */
function asGain(objective: Objective, [a, b]: Interval) {
  const [x, y] = [gainOf(objective, a), gainOf(objective, b)];
  const [least, most] = [Math.min(x, y), Math.max(x, y)];
  return { least, most, width: most - least };
}

/** How far the interval stays clear of no effect, in its own widths; negative where it includes it. */
const clearance = (objective: Objective, interval: Interval): number => {
  const { least, most, width } = asGain(objective, interval);
  return Math.max(least, -most) / width;
};

function ofDawn({ dawn, verdict }: Judgement, objective: Objective): Confidence | null {
  if (!dawn?.on_baseline) return null;
  const { effect, interval } = dawn.on_baseline;
  const confirmed = dawn.confirmed && verdict === 'improved';
  if (interval === null)
    return confirmed
      ? sure('the script gives the same number every time')
      : low('too few fresh seeds finished to say how much is chance', true);
  const n = Math.min(dawn.n, dawn.n_baseline);
  const clear = clearance(objective, interval);
  const { width } = asGain(objective, interval);
  const short = Math.abs(gainOf(objective, effect) - (objective.min_effect ?? -Infinity)) / width;
  const near = Math.abs(clear) < NEAR;
  const few = n < ENOUGH_SEEDS;
  if (few) return low(`${seeds(n)} of each arm at dawn: one odd seed could turn it`, true);
  if (near) return low('dawn’s interval ends close to no effect', true);
  if (short < NEAR) return low('the gain lies close to min_effect', true);
  if (!confirmed) return low('fresh seeds did not confirm it');
  return fresh(n, clear);
}

const sure = (because: string): Confidence => ({ level: 'high', because, borderline: false });

/** What fresh seeds said clearly enough. */
function fresh(n: number, clear: number): Confidence {
  if (n >= MANY_SEEDS && clear > 0.5)
    return sure(`${seeds(n)} of each arm that the search never saw, far from no effect`);
  const because =
    n < MANY_SEEDS
      ? `confirmed on fresh seeds, but only ${seeds(n)} of each arm`
      : 'confirmed on fresh seeds; how large it is they say less well';
  return { level: 'medium', because, borderline: false };
}

function ofAttribution({ attribution }: Judgement, objective: Objective): Confidence | null {
  if (!attribution) return null;
  const { interval, n, p, attributed } = attribution;
  if (p > ALPHA / 2 && p < ALPHA * 2)
    return low('whether leaving it out costs anything was a near thing', true);
  if (!attributed) return low('leaving it out cost too little to tell from chance');
  if (interval === null) return sure('the script gives the same number every time');
  const clear = clearance(objective, interval);
  if (n < ENOUGH_SEEDS)
    return low(`${seeds(n)} of each arm at dawn: one odd seed could turn it`, true);
  if (Math.abs(clear) < NEAR) return low('the interval of leaving it out ends close to none', true);
  return fresh(n, clear);
}

function ofNight(
  { verdict, n, chance, stack }: Judgement,
  { interval }: Contrast,
  objective: Objective,
): Confidence {
  if (interval === null) {
    if (verdict === 'worse' || verdict === 'no_difference')
      return sure('the script gives the same number every time');
    return low(
      verdict === 'promising'
        ? 'seen once; dawn has to run it again'
        : 'nothing says how much of it is chance',
    );
  }
  const clear = clearance(objective, interval);
  const medium = (because: string): Confidence => ({ level: 'medium', because, borderline: false });
  switch (verdict) {
    case 'worse':
      // It was called so without its interval, which includes everything.
      if (clear < 0) return medium(`one of its ${n} seeds came apart`);
      return clear < NEAR
        ? low('the night’s interval ends close to no effect', true)
        : medium(`clear at night, on ${seeds(n)}`);
    case 'no_difference': {
      const margin = objective.min_effect ?? 0;
      const { least, most, width } = asGain(objective, interval);
      const room = Math.min(margin - most, margin + least) / width;
      // It was called so without its interval: the same number on every seed.
      if (room < 0) return medium('the same number as its parent on the seeds they share');
      return room < NEAR
        ? low('the night’s interval ends close to min_effect', true)
        : medium(`clear at night, on ${seeds(n)}`);
    }
    case 'promising':
      if (stack !== null)
        return low('its stack is confirmed; what it is worth by itself was not settled');
      if (n >= 3 && clear >= NEAR)
        return medium(`${seeds(n)} at night agree; fresh ones have not been asked`);
      return low('looked good at night, which is no evidence yet', clear >= 0 && clear < NEAR);
    default:
      return low(chance == null ? 'not settled' : `not settled on ${seeds(n)}`);
  }
}

const seeds = (n: number): string => (n === 1 ? 'one seed' : `${n} seeds`);
