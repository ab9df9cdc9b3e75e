import type { Contrast, DawnJudgement, Judgement, Verdict } from '../domain/experiment.ts';
import type { RunId } from '../domain/ids.ts';
import { gainOf, type Objective } from '../domain/plan.ts';
import { mean, pooledContrast, spread, welchContrast, type Noise } from './compare.ts';

/**
 * What may be said of an experiment. At night one run screens, further seeds replicate, and the
 * best that may be said is `promising`; `improved` is said at dawn alone, on seeds the night
 * never used.
 */

/** Recorded with every verdict; a new rule does not rewrite what an older one said. */
export const RULE = 'screen-replicate-dawn/1';

/** Seeds the baseline runs first, and a candidate needs before it may be called promising. */
export const REPLICATES = 3;

/** One number per seed, and the run it came from. */
export type Arm = readonly { readonly run: RunId; readonly value: number }[];

export interface Evidence {
  readonly objective: Objective;
  readonly candidate: Arm;
  readonly parent: Arm;
  readonly baseline: Arm;
  readonly noise: Noise | null;
  /** False where the plan names no seed and does not call the script deterministic. */
  readonly seeded: boolean;
  readonly deterministic: boolean;
  /** No run is left to replicate with: say what can be said. */
  readonly last: boolean;
}

const values = (arm: Arm): number[] => arm.map((point) => point.value);
const runs = (...arms: Arm[]): RunId[] => [...new Set(arms.flat().map((point) => point.run))];

/** The smallest gain worth a replicate: what the plan calls interesting, or anything at all. */
const worthwhile = (objective: Objective): number => objective.min_effect ?? 0;

/** A contrast turned so that a gain is positive. */
function asGain(objective: Objective, { effect, interval }: Contrast) {
  const ends = interval?.map((end) => gainOf(objective, end)).toSorted((a, b) => a - b);
  return { gain: gainOf(objective, effect), low: ends?.[0] ?? null, high: ends?.[1] ?? null };
}

/**
 * Whether a candidate deserves another seed. It does while its mean beats its parent's by at
 * least `min_effect` and it has fewer than REPLICATES seeds; a deterministic script never does.
 * The candidate and the parent hold at least one value.
 */
export function needsReplicate(evidence: Evidence): boolean {
  const { candidate, parent, objective } = evidence;
  if (evidence.last || evidence.deterministic || candidate.length >= REPLICATES) return false;
  const gain = gainOf(objective, mean(values(candidate)) - mean(values(parent)));
  return gain > 0 && gain >= worthwhile(objective);
}

/** The night's verdict on what has been measured. All three arms hold at least one value. */
export function judge(evidence: Evidence): Judgement {
  const { candidate, parent, baseline, noise } = evidence;
  const on_parent = pooledContrast(values(candidate), values(parent), noise);
  const { verdict, because } = verdictOn(evidence, on_parent);
  return {
    rule: RULE,
    verdict,
    because,
    n: candidate.length,
    objective: mean(values(candidate)),
    spread: spread(values(candidate)),
    on_baseline: pooledContrast(values(candidate), values(baseline), noise),
    on_parent,
    runs: runs(candidate, parent, baseline),
    dawn: null,
    stack: null,
  };
}

function verdictOn(
  { objective, candidate, seeded, deterministic }: Evidence,
  on_parent: Contrast,
): { verdict: Verdict; because: string } {
  const { gain, low, high } = asGain(objective, on_parent);
  const least = worthwhile(objective);
  const n = candidate.length;
  if (deterministic) {
    if (gain > 0 && gain >= least)
      return {
        verdict: 'promising',
        because: 'better than its parent, and the script is deterministic',
      };
    if (gain < 0)
      return {
        verdict: 'worse',
        because: 'worse than its parent, and the script is deterministic',
      };
    return {
      verdict: 'no_difference',
      because: 'the gain is below min_effect, and the script is deterministic',
    };
  }
  if (!seeded)
    return {
      verdict: 'inconclusive',
      because: 'the plan names no seed, so repeats cannot show how much of this is chance',
    };
  if (low === null || high === null)
    return {
      verdict: 'inconclusive',
      because: 'no spread between seeds was measured, so nothing says how much of this is chance',
    };
  if (high < 0)
    return {
      verdict: 'worse',
      because: `worse than its parent: the 95% interval (n ${n}) excludes no effect`,
    };
  if (n >= REPLICATES && low > 0 && gain >= least)
    return {
      verdict: 'promising',
      because: `better than its parent on ${n} seeds: the 95% interval excludes no effect`,
    };
  if (least > 0 && low > -least && high < least)
    return {
      verdict: 'no_difference',
      because: `the 95% interval (n ${n}) lies within min_effect of no effect`,
    };
  return { verdict: 'inconclusive', because: whyUnsettled(n, gain, low, least) };
}

/** What keeps a gain from being called promising, and a loss from being called worse. */
function whyUnsettled(n: number, gain: number, low: number, least: number): string {
  const seeds = n === 1 ? 'one seed' : `${n} seeds`;
  if (gain <= 0 || gain < least)
    return low > 0
      ? `${seeds}: better than its parent, by less than min_effect`
      : `${seeds} did not look better, and the night’s noise does not settle that it is worse`;
  if (n >= REPLICATES) return `${seeds} did not settle it: the 95% interval includes no effect`;
  return `looked better on ${seeds}, and no run was left to replicate it`;
}

/** Whether the search may build on this candidate: it beats the incumbent itself, replicated. */
export function beats(
  objective: Objective,
  candidate: Arm,
  incumbent: Arm,
  noise: Noise | null,
  deterministic: boolean,
): boolean {
  const { gain, low } = asGain(
    objective,
    pooledContrast(values(candidate), values(incumbent), noise),
  );
  if (gain <= 0 || gain < worthwhile(objective)) return false;
  return deterministic || (candidate.length >= REPLICATES && low !== null && low > 0);
}

/**
 * Dawn's word on the tip of the night's stack, on fresh seeds alone. Confirmed where both arms
 * finished at least REPLICATES seeds (one, if deterministic), Welch's 95 % interval lies wholly
 * on the good side, and the gain is at least `min_effect`. Both arms hold at least one value.
 */
export function judgeDawn(
  objective: Objective,
  tip: Arm,
  baseline: Arm,
  deterministic: boolean,
): DawnJudgement {
  const on_baseline = welchContrast(values(tip), values(baseline));
  const { gain, low } = asGain(objective, on_baseline);
  const enough = Math.min(tip.length, baseline.length) >= REPLICATES;
  return {
    confirmed:
      gain > 0 && gain >= worthwhile(objective) && (deterministic || (enough && (low ?? -1) > 0)),
    n: tip.length,
    n_baseline: baseline.length,
    objective: mean(values(tip)),
    baseline: mean(values(baseline)),
    on_baseline,
    runs: runs(tip, baseline),
  };
}
