import type { ExperimentId } from './domain/ids.ts';
import { isBetter } from './domain/objective.ts';
import { usableObjective } from './domain/run.ts';
import { experimentIn, searchRunsOf, type Night, type State } from './domain/state.ts';
import { baselineIsMeasured } from './replicate.ts';
import { mean } from './statistics/compare.ts';

/** When a search has found what was asked for, or nothing more for long. Pure. */

/** One lucky seed reaches no target. */
const TARGET_SEEDS = 2;

/** What an experiment measured before dawn; a script that is deterministic needs one run. */
export function searched(state: State, id: ExperimentId): { n: number; mean: number } | null {
  const values = searchRunsOf(state, id).flatMap((run) => usableObjective(run) ?? []);
  return values.length === 0 ? null : { n: values.length, mean: mean(values) };
}

/** Whether what the search builds on is as good as the plan's target. */
export function targetReached(state: State, night: Night): boolean {
  const { objective, run } = night.plan;
  if (objective.target === undefined || night.incumbent === null) return false;
  if (!baselineIsMeasured(state, night)) return false;
  const found = searched(state, night.incumbent);
  if (found === null || found.n < (run.deterministic ? 1 : TARGET_SEEDS)) return false;
  return !isBetter(objective, objective.target, found.mean);
}

/** Candidates that were judged, changes put on a newer incumbent left out. */
export const judgedOf = (state: State, ids: readonly ExperimentId[]): number =>
  ids
    .map((id) => experimentIn(state, id))
    .filter(({ judgement, reapplies }) => judgement !== null && !reapplies).length;

/**
 * Whether so many candidates as `budget.plateau` says were judged since the incumbent moved. What
 * looks good by then still gets its seeds, and where it becomes the incumbent the search goes on.
 */
export function isOnPlateau(state: State, night: Night): boolean {
  const { plateau } = night.plan.budget;
  if (plateau === undefined) return false;
  return judgedOf(state, night.tried.slice(night.tried_before_move)) >= plateau;
}

/** Why the search ended, where there is more to say than its reason does. */
export function foundInWords(state: State, night: Night): string | undefined {
  const { dawn, incumbent, baseline, plan } = night;
  if (dawn === null || incumbent === null) return undefined;
  switch (dawn.reason) {
    case 'gate':
      return night.gates.find((gate) => !gate.passed)?.because;
    case 'drift':
      return night.drift?.because;
    case 'target_reached': {
      const found = searched(state, incumbent);
      const what = incumbent === baseline ? `the unchanged baseline ${incumbent}` : incumbent;
      return `${what} reached the target ${plan.objective.target}: ${plan.objective.metric} ${inShort(found?.mean ?? NaN)}, the mean of ${found?.n ?? 0} run${found?.n === 1 ? '' : 's'} before dawn`;
    }
    case 'plateau':
      return `nothing better than ${incumbent === baseline ? `the baseline ${incumbent}` : incumbent} came of the last ${judgedOf(state, night.tried.slice(night.tried_before_move))} experiments`;
    default:
      return undefined;
  }
}

/** Four digits, as sentences want them. */
export const inShort = (value: number): string => String(Number(value.toPrecision(4)));
