import type { Contrast, Judgement, Verdict } from '../domain/experiment.ts';
import type { RunId } from '../domain/ids.ts';
import { gainOf } from '../domain/objective.ts';
import type { Objective } from '../domain/plan.ts';
import { cameApart } from './apart.ts';
import { mean, spread, stated, unpooled } from './compare.ts';
import type { Moderation } from './moderate.ts';

/**
 * What may be said of an experiment at night. One run screens, further seeds replicate where they
 * are worth their time, and the best that may be said is `promising`; `improved` is said at dawn
 * alone, on seeds the night never used.
 */

/** Recorded with every verdict; a new rule does not rewrite what an older one said. */
export const RULE = 'race-and-dawn/4';

/** Seeds the baseline runs before anything is judged against it. */
export const REPLICATES = 3;

/** Seeds of its own that a candidate needs before the search may build on it. */
export const PROMISING_SEEDS = 2;
/** How probable it must be that the change helps, before the search builds on it. */
const PROMISING = 0.6;

/** One number per seed, and the run it came from. */
export type Arm = readonly {
  readonly run: RunId;
  readonly seed: number | null;
  readonly value: number;
}[];

export interface Evidence {
  readonly objective: Objective;
  readonly candidate: Arm;
  readonly parent: Arm;
  readonly baseline: Arm;
  /** Null where no spread between seeds was seen anywhere. */
  readonly moderation: Moderation | null;
  /** Probability that the change is better than its parent; null where nothing can be believed. */
  readonly chance: number | null;
  /** False where the plan names no seed and does not call the script deterministic. */
  readonly seeded: boolean;
  readonly deterministic: boolean;
}

const values = (arm: Arm): number[] => arm.map((point) => point.value);
const runs = (...arms: Arm[]): RunId[] => [...new Set(arms.flat().map((point) => point.run))];

/** The smallest gain that counts: what the plan calls interesting, or anything at all. */
const worthwhile = (objective: Objective): number => objective.min_effect ?? 0;

/** A contrast turned so that a gain is positive. */
function asGain(objective: Objective, { effect, interval }: Contrast) {
  const ends = interval?.map((end) => gainOf(objective, end)).toSorted((a, b) => a - b);
  return { gain: gainOf(objective, effect), low: ends?.[0] ?? null, high: ends?.[1] ?? null };
}

/** mean(a) − mean(b) with a 95 % interval on each arm's moderated noise. Neither arm is empty. */
export function nightContrast(a: Arm, b: Arm, moderation: Moderation | null): Contrast {
  const [x, y] = [values(a), values(b)];
  if (moderation === null) return stated(x, y, null);
  const of = (arm: readonly number[]) => {
    const noise = moderation.noiseOf(arm);
    return { variance: noise.variance / arm.length, df: noise.df };
  };
  const difference = unpooled(mean(x) - mean(y), of(x), of(y));
  // One spread was estimated from all arms: it is no better known for being used twice.
  const df = Math.min(difference.df, moderation.df);
  return stated(x, y, { ...difference, df });
}

/** The night's verdict on what has been measured. All three arms hold at least one value. */
export function judge(evidence: Evidence): Judgement {
  const { candidate, parent, baseline, moderation, chance } = evidence;
  const on_parent = nightContrast(candidate, parent, moderation);
  const { verdict, because } = verdictOn(evidence, on_parent);
  return {
    rule: RULE,
    verdict,
    because,
    n: candidate.length,
    objective: mean(values(candidate)),
    spread: spread(values(candidate)),
    on_baseline: nightContrast(candidate, baseline, moderation),
    on_parent,
    chance,
    runs: runs(candidate, parent, baseline),
    dawn: null,
    stack: null,
    attribution: null,
  };
}

interface Word {
  readonly verdict: Verdict;
  readonly because: string;
}

function verdictOn(evidence: Evidence, on_parent: Contrast): Word {
  if (evidence.deterministic) return ofDeterministic(evidence.objective, on_parent);
  const { objective, candidate, seeded, chance } = evidence;
  if (!seeded)
    return {
      verdict: 'inconclusive',
      because: 'the plan names no seed, so repeats cannot show how much of this is chance',
    };
  const apart = scatter(evidence);
  if (apart !== null)
    return {
      verdict: 'worse',
      because: `worse than its parent, and its ${candidate.length} seeds lie ${apart} times as far apart as those of others: on one of them at least it came apart`,
    };
  const { gain, low, high } = asGain(objective, on_parent);
  if (low === null || high === null || chance === null)
    return {
      verdict: 'inconclusive',
      because:
        'no spread between seeds was measured, so nothing says how much of this is chance; does the seed reach the script?',
    };
  const least = worthwhile(objective);
  const n = candidate.length;
  const alike = sameOnSharedSeeds(candidate, evidence.parent);
  const paired = onSharedSeeds(objective, candidate, evidence.parent);
  if (alike >= 2)
    return {
      verdict: 'no_difference',
      because: `the same number as its parent on all ${alike} seeds they share: the change does not reach it`,
    };
  if (high < 0)
    return {
      verdict: 'worse',
      because: `worse than its parent: the 95% interval (n ${n}) excludes no effect`,
    };
  if (n >= PROMISING_SEEDS && chance >= PROMISING && gain > 0 && gain >= least)
    return {
      verdict: 'promising',
      because: `better than its parent on ${n} seeds, with probability ${percent(chance)}; only fresh seeds at dawn may claim it`,
    };
  if (least > 0 && low > -least && high < least)
    return {
      verdict: 'no_difference',
      because: `the 95% interval (n ${n}) lies within min_effect of no effect`,
    };
  return { verdict: 'inconclusive', because: whyUnsettled(n, gain, paired, chance, least) };
}

/** How many times as far apart as usual the seeds of a candidate that came apart lie; else null. */
function scatter({ objective, candidate, parent, moderation }: Evidence): string | null {
  const own = values(candidate);
  if (moderation === null || !cameApart(objective, own, values(parent), moderation)) return null;
  const times = (spread(own) ?? 0) / Math.sqrt(moderation.typical.variance);
  return times < 1e4 ? String(Math.round(times)) : times.toExponential(0);
}

function ofDeterministic(objective: Objective, on_parent: Contrast): Word {
  const gain = gainOf(objective, on_parent.effect);
  const so = (verdict: Verdict, what: string): Word => ({
    verdict,
    because: `${what}, and the script is deterministic`,
  });
  if (gain > 0 && gain >= worthwhile(objective)) return so('promising', 'better than its parent');
  if (gain < 0) return so('worse', 'worse than its parent');
  return so('no_difference', 'the gain is below min_effect');
}

/** The pairs of values on seeds that both arms have: a seed’s luck is in both. */
function pairsOf(candidate: Arm, parent: Arm): (readonly [own: number, its: number])[] {
  const of = new Map(parent.map(({ seed, value }) => [seed, value]));
  return candidate.flatMap(({ seed, value }) => {
    const its = seed === null ? undefined : of.get(seed);
    return its === undefined ? [] : [[value, its] as const];
  });
}

/** On how many shared seeds the two are equal to the last digit; 0 where one of them differs. */
function sameOnSharedSeeds(candidate: Arm, parent: Arm): number {
  const pairs = pairsOf(candidate, parent);
  return pairs.every(([own, its]) => own === its) ? pairs.length : 0;
}

interface Paired {
  readonly n: number;
  readonly gain: number;
}

/** The mean gain over shared seeds; null where there is none. */
function onSharedSeeds(objective: Objective, candidate: Arm, parent: Arm): Paired | null {
  const gains = pairsOf(candidate, parent).map(([own, its]) => gainOf(objective, own - its));
  return gains.length === 0 ? null : { n: gains.length, gain: mean(gains) };
}

/**
 * What keeps a gain from being called promising, and a loss from being called worse. Words go by
 * the shared seeds where there are any: beside the parent's mean a lucky seed looks like a gain.
 */
function whyUnsettled(
  n: number,
  gain: number,
  paired: Paired | null,
  chance: number,
  least: number,
): string {
  const seeds = n === 1 ? 'one seed' : `${n} seeds`;
  const odds = `better than its parent with probability ${percent(chance)}`;
  // Most ideas do nothing, and some of those look better.
  const better = chance < 0.5 ? `luck is likelier (${odds})` : odds;
  const unsettled = 'and the night’s noise does not settle that it is worse';
  if (paired && paired.gain <= 0) {
    const shared = paired.n === 1 ? 'one seed' : `${paired.n} seeds`;
    return paired.n === n
      ? `on its ${shared} no better than its parent, ${unsettled}`
      : `on the ${shared} they share no better than its parent, ${unsettled}`;
  }
  if (gain <= 0)
    return paired
      ? `${seeds} did not look better than its parent’s mean, only than its parent on ${paired.n === 1 ? 'the seed' : 'the seeds'} they share: ${better}`
      : `${seeds} did not look better, ${unsettled}`;
  if (gain < least) return `${seeds} looked better, by less than min_effect: ${better}`;
  if (n < PROMISING_SEEDS)
    return paired
      ? `looked better on its one seed so far: ${better}`
      : `its one seed so far looked better than its parent’s mean over others: ${better}`;
  return `${seeds} did not settle it: ${better}`;
}

const percent = (share: number): string => `${Math.min(99, Math.floor(100 * share))}%`;
