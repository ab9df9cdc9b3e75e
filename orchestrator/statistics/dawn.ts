import type { Attribution, DawnJudgement, DawnTest } from '../domain/experiment.ts';
import type { RunId } from '../domain/ids.ts';
import { gainOf } from '../domain/objective.ts';
import type { Objective } from '../domain/plan.ts';
import { mean, paired, stated, twoSided, welch, type Difference } from './compare.ts';

/**
 * Dawn: what may be claimed. Fresh seeds that no search has used, their number and the test fixed
 * before the first of them runs; the whole stack against the baseline first, then, only if that
 * holds, each change left out once (a fixed sequence of families: Westfall & Krishen 2001, Journal
 * of Statistical Planning and Inference 99). So a night claims falsely at most as often as the
 * first test or Holm's does: α of all nights in which nothing helps.
 */

/** Of a night: two-sided, so half of it is the chance that a claim of a gain is false. */
export const ALPHA = 0.05;

/** Fresh seeds an arm needs, whatever the budget. */
export const LEAST_DAWN_SEEDS = 3;

/** How arms are compared, fixed before the first fresh seed runs. */
export interface DawnRule {
  readonly test: DawnTest;
  readonly deterministic: boolean;
}

/** One value per fresh seed. */
export type FreshArm = readonly {
  readonly run: RunId;
  readonly seed: number | null;
  readonly value: number;
}[];

const values = (arm: FreshArm): number[] => arm.map((point) => point.value);
const runs = (...arms: readonly FreshArm[]): RunId[] => arms.flat().map((point) => point.run);

/** Only the seeds on which both arms finished, in one order. */
function onSharedSeeds(a: FreshArm, b: FreshArm): readonly [readonly number[], readonly number[]] {
  const of = new Map(b.map(({ seed, value }) => [seed, value]));
  const shared = a.filter(({ seed }) => of.has(seed));
  return [values(shared), shared.map(({ seed }) => of.get(seed) ?? Number.NaN)];
}

/** mean(a) − mean(b) by the test that was fixed. Both arms hold at least one value. */
function compared(a: FreshArm, b: FreshArm, test: DawnTest) {
  const shared = onSharedSeeds(a, b);
  // Arms that finished no seed in common have no pairs: their means say what they differ by.
  const pairs = test === 'paired' && shared[0].length > 0;
  const [x, y] = pairs ? shared : [values(a), values(b)];
  // Differences that are all alike have no spread to go by; means are compared as if unpaired then,
  // which asks for more where seeds act alike.
  const difference: Difference | null = (pairs ? paired(x, y) : null) ?? welch(x, y);
  return { contrast: stated(x, y, difference), difference, n: Math.min(x.length, y.length) };
}

/** The difference as a gain, and the lower end of its interval, null where there is none. */
function gained(objective: Objective, tip: FreshArm, baseline: FreshArm, test: DawnTest) {
  const { contrast, n } = compared(tip, baseline, test);
  const ends = contrast.interval?.map((effect) => gainOf(objective, effect));
  const low = ends ? Math.min(...ends) : null;
  return { contrast, n, gain: gainOf(objective, contrast.effect), low };
}

/**
 * Dawn's word on the tip of the night's stack, on fresh seeds alone. Confirmed where both arms
 * finished at least LEAST_DAWN_SEEDS seeds (one, if deterministic), the 95 % interval of the test
 * lies wholly on the good side, and the gain is at least `min_effect`. Both arms hold at least one
 * value.
 */
export function judgeDawn(
  objective: Objective,
  tip: FreshArm,
  baseline: FreshArm,
  { test, deterministic }: DawnRule,
): DawnJudgement {
  const { contrast, n, gain, low } = gained(objective, tip, baseline, test);
  const sure = deterministic || (n >= LEAST_DAWN_SEEDS && low !== null && low > 0);
  return {
    test,
    confirmed: gain > 0 && gain >= (objective.min_effect ?? 0) && sure,
    n: tip.length,
    n_baseline: baseline.length,
    objective: mean(values(tip)),
    baseline: mean(values(baseline)),
    on_baseline: contrast,
    values: values(tip),
    runs: runs(tip, baseline),
  };
}

/** What a claim lacks: of fresh seeds, `n` is how many there are. */
export type Lack =
  | { readonly of: 'seeds'; readonly arm: 'tip' | 'baseline'; readonly n: number }
  /** Seeds that both arms finished. */
  | { readonly of: 'pairs'; readonly n: number }
  | { readonly of: 'gain' | 'size' | 'spread' };

/**
 * Which condition of `judgeDawn` the arms do not meet, as it takes them; null where they meet all.
 * Seeds come first, since nothing is known without them; a gain that is certain comes before its
 * size, since one that is not has none.
 */
export function lackAtDawn(
  objective: Objective,
  tip: FreshArm,
  baseline: FreshArm,
  { test, deterministic }: DawnRule,
): Lack | null {
  const { n, gain, low } = gained(objective, tip, baseline, test);
  if (!deterministic && n < LEAST_DAWN_SEEDS) {
    if (n < Math.min(tip.length, baseline.length)) return { of: 'pairs', n };
    return { of: 'seeds', arm: tip.length === n ? 'tip' : 'baseline', n };
  }
  const certain = deterministic || low === null ? gain : low;
  if (!(certain > 0)) return { of: 'gain' };
  if (gain < (objective.min_effect ?? 0)) return { of: 'size' };
  return deterministic || low !== null ? null : { of: 'spread' };
}

/** A change of the stack, and the fresh runs of the stack without it. */
export interface LeftOut {
  readonly without: FreshArm;
}

/**
 * What each change is worth in the stack: the stack minus the stack without it, in the order
 * given. Attributed where its gain is above 0 and Holm's procedure (Holm 1979, Scandinavian
 * Journal of Statistics 6) rejects "worth nothing" at ALPHA over all of them; an arm without two
 * seeds has p 1. Intervals are 95 % each, not simultaneous. `members` is not empty.
 */
export function attribute(
  objective: Objective,
  stack: FreshArm,
  members: readonly LeftOut[],
  { test, deterministic }: DawnRule,
): readonly Attribution[] {
  const found = members.map(({ without }) => {
    if (without.length === 0) return null;
    const { contrast, difference, n } = compared(stack, without, test);
    const same = contrast.effect === 0;
    const p = deterministic ? (same ? 1 : 0) : difference === null ? 1 : twoSided(difference);
    return { contrast, n, p, runs: runs(stack, without) };
  });
  const adjusted = holm(found.map((one) => one?.p ?? 1));
  return found.map((one, i): Attribution => {
    const p = adjusted[i] ?? 1;
    if (one === null)
      return { effect: null, interval: null, n: 0, p: 1, attributed: false, runs: [] };
    const { effect, interval } = one.contrast;
    const attributed = gainOf(objective, effect) > 0 && p <= ALPHA;
    return { effect, interval, n: one.n, p, attributed, runs: one.runs };
  });
}

/** Holm's adjusted p values, in the order given: reject where at most α. */
export function holm(p: readonly number[]): readonly number[] {
  const order = p.map((value, i) => ({ value, i })).toSorted((a, b) => a.value - b.value);
  const adjusted: number[] = [];
  let most = 0;
  for (const [rank, { value, i }] of order.entries()) {
    most = Math.max(most, Math.min(1, value * (p.length - rank)));
    adjusted[i] = most;
  }
  return adjusted;
}

/** From this correlation at shared seeds on, known on as many pairs, differences beat means. */
const PAIR_FROM = 0.4;
const PAIR_DF = 4;

/** The test of tonight's dawn, chosen from what the search has seen, before any fresh seed runs. */
export const dawnTest = (correlation: number, df: number): DawnTest =>
  correlation >= PAIR_FROM && df >= PAIR_DF ? 'paired' : 'welch';
