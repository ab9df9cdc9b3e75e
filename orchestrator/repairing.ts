import type { Experiment } from './domain/experiment.ts';
import type { Run } from './domain/run.ts';
import { mostRepairs } from './domain/plan-writing.ts';
import { experimentIn, type Night, type State } from './domain/state.ts';
import type { Action } from './actions.ts';
import { spent } from './budget.ts';
import { baselineFailed } from './replicate.ts';

/**
 * A patch that an author wrote, and that crashed before it gave any number, gets another try: a
 * repaired patch on the same parent, and the run that crashed once more. Numbers of two commits
 * never meet in one experiment, so one that gave a number, or that puts on a newer incumbent what
 * gave one, is not repaired. Pure.
 */

/** The crash that is to be answered by another patch; null where it is the experiment's result. */
export function crashToRepair(state: State, night: Night, experiment: Experiment): Run | null {
  const { hypothesis, change, reapplies, failure, unrepaired, runs, repairs = [] } = experiment;
  const written = hypothesis !== null && state.hypotheses.get(hypothesis)?.written !== undefined;
  if (!written || change.kind !== 'patch' || reapplies || failure || unrepaired) return null;
  const [only, ...more] = runs.flatMap((id) => state.runs.get(id) ?? []);
  if (only === undefined || more.length > 0 || repairs.length >= mostRepairs(night.plan))
    return null;
  const crashed = only.status === 'failed' && only.result?.failure?.class === 'idea';
  if (!crashed || only.repaired_after === only.attempt) return null;
  // Nothing could be run any more.
  return night.dawn || spent(state, night) || baselineFailed(state, night) ? null : only;
}

export const repairsDue = (state: State, night: Night): Action[] =>
  night.active.flatMap((id) => {
    const experiment = experimentIn(state, id);
    const run = crashToRepair(state, night, experiment);
    if (run === null) return [];
    const number = (experiment.repairs?.length ?? 0) + 1;
    return [
      {
        kind: 'repair',
        id: `repair-${id}-${number}`,
        role: 'author',
        ...{ experiment: id, run: run.id, attempt: run.attempt, number },
      } as const,
    ];
  });

/** How often it was repaired, and why no more, to stand behind a crash that became its result. */
export function repairsInWords({ repairs = [], unrepaired }: Experiment): string {
  if (repairs.length === 0 && !unrepaired) return '';
  const tries = `${repairs.length} repair${repairs.length === 1 ? '' : 's'}`;
  const why = unrepaired ? `, and no more: ${unrepaired.because}` : '';
  return ` (after ${tries}${why})`;
}
