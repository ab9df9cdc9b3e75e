import type { RunId } from '../orchestrator/domain/ids.ts';
import type { Objective } from '../orchestrator/domain/plan.ts';
import { tidy, type Point } from './metrics.ts';

/** Something that somebody may want to look at while a run still trains. It changes nothing. */
export interface Concern {
  readonly run: RunId;
  readonly kind: 'diverging' | 'hung' | 'not_a_number';
  readonly level: 'warning';
  /** One sentence. */
  readonly text: string;
  /** What was logged when it was raised; null where silence raised it. */
  readonly point: Point | null;
}

export interface Vitals {
  point(point: Point): void;
  /** Output came, with metrics or without. */
  output(): void;
  /** To be called now and then, with the processor seconds used so far, null where unknown. */
  look(cpuSeconds: number | null): void;
}

export interface VitalsOptions {
  readonly run: RunId;
  readonly objective: Pick<Objective, 'metric' | 'direction'>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** The least silence that is worth a word, milliseconds. */
  readonly hung_ms: number;
  /** Each kind at most once. */
  readonly onConcern: (concern: Concern) => void;
}

/** Follows the signs of life of one run. */
export function followVitals(options: VitalsOptions): Vitals {
  const said = new Set<Concern['kind']>();
  const courses = followCourses(options.objective);
  const silence = followSilence(options.now(), options.hung_ms);

  const raise = (kind: Concern['kind'], text: string, point: Point | null): void => {
    if (said.has(kind)) return;
    said.add(kind);
    options.onConcern({ run: options.run, kind, level: 'warning', text, point });
  };

  return {
    point(point) {
      const { key, step, value } = point;
      silence.sign(options.now());
      const offCourse = courses(point);
      if (offCourse !== null) raise('diverging', offCourse, point);
      if (!Number.isFinite(value) && isFollowed(key, options.objective))
        raise('not_a_number', `${key} became ${value}${atStep(step)}`, point);
    },
    output: () => silence.sign(options.now()),
    look(cpuSeconds) {
      const silent = silence.look(options.now(), cpuSeconds);
      if (silent === null) return;
      const seconds = Math.round(silent / 1000);
      const text = `${options.run} may hang: no output, no metric and almost no processor time for ${seconds} s`;
      raise('hung', text, null);
    },
  };
}

type Meant = Pick<Objective, 'metric' | 'direction'>;
const isObjective = (key: string, { metric }: Meant): boolean => tidy(key) === tidy(metric);
const isFollowed = (key: string, meant: Meant): boolean => isObjective(key, meant) || isLoss(key);
const atStep = (step: number | null): string => (step === null ? '' : ` at step ${step}`);

/** Says of each finite point of the objective or of a loss how that went wrong, in a sentence; or null. */
export function followCourses(meant: Meant): (point: Point) => string | null {
  const courses = new Map<string, ((value: number) => string | null) | null>();
  const courseOf = (key: string): ((value: number) => string | null) | null => {
    const known = courses.get(key);
    if (known !== undefined) return known;
    const upwards = isObjective(key, meant) && meant.direction === 'maximize';
    const course = isFollowed(key, meant) ? followCourse(upwards) : null;
    courses.set(key, course);
    return course;
  };
  return ({ key, step, value }) => {
    const offCourse = Number.isFinite(value) ? (courseOf(key)?.(value) ?? null) : null;
    return offCourse === null ? null : `${key} is ${offCourse}: ${value}${atStep(step)}`;
  };
}

const LOSS = new Set([
  ...['loss', 'losses', 'nll', 'ppl', 'perplexity', 'bpb', 'bpc', 'mse', 'rmse', 'mae'],
  ...['crossentropy', 'xent'],
]);
const HELD_OUT = new Set([...['val', 'valid', 'validation', 'eval', 'evaluation', 'test', 'dev']]);
const WHOSE = new Set([
  ...['train', 'training', ...HELD_OUT],
  ...['total', 'mean', 'avg', 'average', 'running', 'smooth', 'smoothed', 'ema', 'raw'],
  ...['batch', 'step', 'epoch', 'final', 'cross', 'entropy', 'ce'],
]);

/**
 * `loss`, `val_loss`, `train/loss`, `Cross Entropy Loss`: the loss of the whole. Parts of one
 * (`kl_loss`, `generator_loss`) may rise while all is well, and `loss_scale` is none.
 */
export function isLoss(key: string): boolean {
  const words = wordsIn(key);
  return (
    words.some((word) => LOSS.has(word)) && words.every((word) => LOSS.has(word) || WHOSE.has(word))
  );
}

/** `val_loss`: of examples that training does not see. */
export const isHeldOut = (key: string): boolean => wordsIn(key).some((word) => HELD_OUT.has(word));

const wordsIn = (key: string): readonly string[] =>
  key
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter(Boolean);

/** Values at the beginning that the later ones are held against. */
const FIRST = 5;
/** So many in a row make it no spike. */
const BLOWN_UP = 5;
const GIVEN_BACK = 20;
/** Held for so many in a row, a level was really reached. */
const HELD = 10;
const FACTOR = 3;
const PROGRESS = 0.1;

/**
 * Says how a series went wrong, or null, for each value that comes. Two rules, both against its
 * own first five values, since what is much for one metric is little for another:
 *
 * - blown up: five values in a row are worse than the worst of the first by twice its size (a loss
 *   three times as high), and the last is no better than the one that began the row. A metric that
 *   starts high is its own measure, a spike comes back before five values have, and the way back
 *   from a long one is not held against it.
 * - given back: it had held a level for ten in a row that was better than all of the first by a
 *   tenth, and now twenty in a row are worse than all of the first. So ends a training that learnt
 *   and fell to pieces without growing out of bounds; a warm-up spike comes before any progress.
 */
export function followCourse(upwards: boolean): (value: number) => string | null {
  const sign = upwards ? -1 : 1;
  const first: number[] = [];
  let best = 0;
  let worst = 0;
  let size = 0;
  /** The last HELD values, the next one in place of the oldest. */
  const recent: number[] = [];
  let next = 0;
  let held = Number.POSITIVE_INFINITY;
  let beyond: number[] = [];
  let worse = 0;
  return (given) => {
    const value = sign * given;
    if (first.length < FIRST) {
      first.push(value);
      [best, worst] = [Math.min(...first), Math.max(...first)];
      size = Math.max(Math.abs(worst), worst - best);
      return null;
    }
    recent[next] = value;
    next = (next + 1) % HELD;
    if (recent.length === HELD) held = Math.min(held, highest(recent));
    if (size > 0 && value > worst + (FACTOR - 1) * size)
      beyond = [...beyond.slice(-BLOWN_UP), value];
    else if (beyond.length > 0) beyond = [];
    worse = value > worst ? worse + 1 : 0;
    const start = beyond.at(-BLOWN_UP);
    if (start !== undefined && value >= start)
      return `far worse than its first values (${sign * worst} at worst), ${BLOWN_UP} times in a row`;
    if (worse >= GIVEN_BACK && held < best - PROGRESS * Math.abs(best))
      return `worse than its first values (${sign * worst} at worst) again, ${GIVEN_BACK} times in a row, after it had reached ${sign * held}`;
    return null;
  };
}

/** A million points pass here: no array is spread for each. */
function highest(values: readonly number[]): number {
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) if (value > most) most = value;
  return most;
}

/** Less than this share of one processor, and a tick or two of its clock, is a process that waits. */
const IDLE_SHARE = 0.02;
const TICKS_SECONDS = 0.02;
const TIMES_LONGEST = 10;

/**
 * Tells how long a run has been silent once that is beyond `least` and ten times as long as any
 * silence that it broke since its first word. Work without a word is no silence: a sign of life is
 * output, a point, or processor time. Milliseconds.
 */
export function followSilence(began: number, least: number) {
  let since = began;
  let longest = 0;
  let spoken = false;
  let looked: number | null = null;
  /** Processor seconds by the last look, and by the last sign of life. */
  let used: number | null = null;
  let usedBefore: number | null = null;
  const restart = (at: number): void => {
    since = at;
    usedBefore = used;
  };
  return {
    /** Output, or a point. */
    sign(at: number): void {
      if (spoken) longest = Math.max(longest, at - since);
      spoken = true;
      restart(at);
    },
    look(at: number, cpu: number | null): number | null {
      // Looks so far apart say that we ourselves stood still, and what came may wait to be read.
      const late = looked !== null && at - looked > least / 2;
      looked = at;
      used = cpu;
      // Without its processor time nobody knows whether it works.
      if (late || cpu === null || usedBefore === null) {
        restart(at);
        return null;
      }
      // Less than before: a process is no longer seen, and what it used with it.
      const worked = cpu - usedBefore;
      const idle = (IDLE_SHARE * (at - since)) / 1000 + TICKS_SECONDS;
      if (worked < 0 || worked > idle) restart(at);
      const silent = at - since;
      return silent >= Math.max(least, TIMES_LONGEST * longest) ? silent : null;
    },
  };
}
