import type { EventBody } from './domain/event.ts';
import type { Experiment } from './domain/experiment.ts';
import type { Failure } from './domain/run.ts';
import { experimentIn, type Night, type State } from './domain/state.ts';

/**
 * A branch that the machine failed to make (a repository that cannot be written for a while, no
 * process left) is made again, later and later: the idea has cost nothing yet. Pure.
 */

/** Seconds after each failure before the next try; a quarter of an hour in all. */
const BACKOFF_SECONDS = [5, 30, 60, 120, 240, 480];

/** What the journal says of a branch that could not be made. */
export const unprepared = ({ id, unprepared: before }: Experiment, failure: Failure): EventBody => {
  const isLast = (before?.tries ?? 0) >= BACKOFF_SECONDS.length;
  const again = failure.class === 'infrastructure' && !isLast;
  return {
    ...{ type: 'experiment_unprepared', experiment: id, failure },
    ...(again ? { again } : {}),
  };
};

/** Whether a branch is still to be made. */
export const isUnprepared = ({ commit, failure }: Experiment): boolean =>
  commit === null && failure === null;

/** Of these, those whose branch may be tried by now, the least tried first. */
export const preparable = (state: State, missing: readonly Experiment[]): readonly Experiment[] =>
  missing
    .filter((one) => triesAt(one) <= Date.parse(state.now))
    .toSorted((a, b) => (a.unprepared?.tries ?? 0) - (b.unprepared?.tries ?? 0));

/** When the branches that the machine failed to make are tried again, ms since 1970. */
export const preparationsAt = (state: State, night: Night): readonly number[] =>
  [...night.active, ...(night.dawn?.arms ?? []), ...(night.dawn?.left_out ?? []), night.baseline]
    .flatMap((id) => (id === null ? [] : experimentIn(state, id)))
    .filter((one) => one.unprepared && isUnprepared(one))
    .map(triesAt);

/** When its branch may be tried, ms since 1970; 0 for the first try. */
function triesAt({ unprepared: last }: Experiment): number {
  if (!last) return 0;
  return Date.parse(last.at) + (BACKOFF_SECONDS[last.tries - 1] ?? 0) * 1000;
}
