import { runId, type ExperimentId, type RunId } from './domain/ids.ts';
import type { Failure, Purpose, Run } from './domain/run.ts';
import { armOf, experimentIn, runsOf, type Night, type State } from './domain/state.ts';
import { REPLICATES } from './statistics/verdict.ts';

/** What the runs of an experiment came to, and how a further one is started. Pure. */

/** A run to start: a new one, or a further attempt at one that the machine lost. */
export interface NextRun {
  readonly run: RunId;
  readonly experiment: ExperimentId;
  readonly seed: number | null;
  readonly purpose: Purpose;
  /** Of a repeat: the run that it makes again. */
  readonly repeats?: RunId;
  readonly attempt: number;
}

/** Attempts at a run whose failure was the machine's, before it counts as failed. */
const MOST_ATTEMPTS = 3;

/** Which attempt at its present commit it is, from 1: those before a repair ran another patch. */
export const attemptAtCommit = ({ attempt, repaired_after = 0 }: Run): number =>
  attempt - repaired_after;

/**
 * A cut-off attempt is always made again; one that the machine failed, a few times; one that it kept
 * waiting, once; and one whose patch was repaired since.
 */
export const isMadeAgain = (run: Run): boolean =>
  run.result?.killed_because === 'fenced' ||
  run.contended === true ||
  run.repaired_after === run.attempt ||
  (run.result?.failure?.class === 'infrastructure' && attemptAtCommit(run) < MOST_ATTEMPTS);

/** The first of these runs that is to be made again; one that is under way has no result yet. */
export const lostAmong = (runs: readonly Run[]): Run | undefined => runs.find(isMadeAgain);

/** A run that came to nothing, for good. */
export const failedAmong = (runs: readonly Run[]): Run | undefined =>
  runs.find((run) => (run.status === 'failed' || run.status === 'killed') && !isMadeAgain(run));

export const failedRun = (state: State, id: ExperimentId): Run | undefined =>
  failedAmong(runsOf(state, id));

export const isRunning = (state: State, id: ExperimentId): boolean =>
  runsOf(state, id).some((run) => run.status === 'running');

/** The failure that ends the night: the baseline's own, of its branch or of a run before dawn. */
export function baselineFailed(state: State, night: Night): Failure | null {
  if (night.baseline === null) return null;
  const { failure } = experimentIn(state, night.baseline);
  const run = failedRun(state, night.baseline);
  return failure ?? (run?.purpose === 'baseline' ? (run.result?.failure ?? null) : null);
}

/** The baseline's runs: REPLICATES seeds, or one where one settles it. */
export const baselineRunsWanted = (night: Night): number =>
  night.plan.run.deterministic ? 1 : REPLICATES;

export const baselineIsMeasured = (state: State, night: Night): boolean =>
  night.baseline !== null && armOf(state, night.baseline).length >= baselineRunsWanted(night);

/** The same run once more. */
export const again = (run: Run): NextRun => ({
  run: run.id,
  experiment: run.experiment,
  seed: run.seed,
  purpose: run.purpose,
  ...(run.repeats ? { repeats: run.repeats } : {}),
  attempt: run.attempt + 1,
});

/** A new run of an experiment; the seed counts only where the plan can tell the script one. */
export const fresh = (
  state: State,
  night: Night,
  id: ExperimentId,
  purpose: Purpose,
  seed: number | null,
): NextRun => ({
  run: runId(id, experimentIn(state, id).runs.length + 1),
  experiment: id,
  seed: night.plan.run.seed ? seed : null,
  purpose,
  attempt: 1,
});

/** A run once more, on its seed, as a run of its own. */
export const repeat = (state: State, night: Night, { id, experiment, seed }: Run): NextRun => ({
  ...fresh(state, night, experiment, 'repeat', seed),
  repeats: id,
});
