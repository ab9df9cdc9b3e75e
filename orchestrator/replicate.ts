import type { Experiment } from './domain/experiment.ts';
import { runId, type ExperimentId, type RunId } from './domain/ids.ts';
import type { Failure, Purpose, Run } from './domain/run.ts';
import { armOf, experimentIn, runsOf, type Night, type State } from './domain/state.ts';
import { spent } from './budget.ts';
import { pooledNoise, type Noise } from './statistics/compare.ts';
import { needsReplicate, REPLICATES, type Evidence } from './statistics/verdict.ts';

/** Which run an experiment needs next, and what its runs so far say. Pure. */

/** A run to start: a new one, or a further attempt at one that the machine lost. */
export interface NextRun {
  readonly run: RunId;
  readonly experiment: ExperimentId;
  readonly seed: number | null;
  readonly purpose: Purpose;
  readonly attempt: number;
}

/** Attempts at a run whose failure was the machine's, before it counts as failed. */
const MOST_ATTEMPTS = 3;

/** A cut-off attempt is always made again; one that the machine failed, a few times. */
const lostToTheMachine = (run: Run): boolean =>
  run.result?.killed_because === 'fenced' ||
  (run.result?.failure?.class === 'infrastructure' && run.attempt < MOST_ATTEMPTS);

/** A run that came to nothing, for good. */
export const failedRun = (state: State, id: ExperimentId): Run | undefined =>
  runsOf(state, id).find(
    (run) => (run.status === 'failed' || run.status === 'killed') && !lostToTheMachine(run),
  );

export const isRunning = (state: State, id: ExperimentId): boolean =>
  runsOf(state, id).some((run) => run.status === 'running');

/** The failure that ends the night: the baseline's own, of its branch or of a run before dawn. */
export function baselineFailed(state: State, night: Night): Failure | null {
  if (night.baseline === null) return null;
  const { failure } = experimentIn(state, night.baseline);
  const run = failedRun(state, night.baseline);
  return failure ?? (run?.purpose === 'baseline' ? (run.result?.failure ?? null) : null);
}

/** Run-to-run noise, pooled over everything this baseline is compared with. */
export function noiseOf(state: State, baseline: ExperimentId): Noise | null {
  const arms: number[][] = [];
  for (const experiment of state.experiments.values()) {
    if (experiment.baseline !== baseline || experiment.runs.length < 2) continue;
    arms.push(armOf(state, experiment.id).map((point) => point.value));
  }
  return pooledNoise(arms);
}

/** What a verdict on `experiment` rests on, or null while one of the arms is still empty. */
export function evidenceFor(state: State, night: Night, experiment: Experiment): Evidence | null {
  const candidate = armOf(state, experiment.id);
  const parent = armOf(state, experiment.parent ?? experiment.baseline);
  const baseline = armOf(state, experiment.baseline);
  if (candidate.length === 0 || parent.length === 0 || baseline.length === 0) return null;
  const { run, objective } = night.plan;
  return {
    objective,
    candidate,
    parent,
    baseline,
    noise: noiseOf(state, experiment.baseline),
    seeded: run.seed !== undefined,
    deterministic: run.deterministic,
    last: spent(state, night) !== null,
  };
}

/** The baseline's runs: REPLICATES seeds, or one where one settles it. */
const baselineRunsWanted = (night: Night): number =>
  night.plan.run.deterministic ? 1 : REPLICATES;

export const baselineIsMeasured = (state: State, night: Night): boolean =>
  night.baseline !== null && armOf(state, night.baseline).length >= baselineRunsWanted(night);

/** The next run of the baseline before dawn, or null. Its seeds may run side by side. */
export function nextBaselineRun(state: State, night: Night): NextRun | null {
  const { baseline } = night;
  if (baseline === null || experimentIn(state, baseline).commit === null) return null;
  if (baselineFailed(state, night)) return null;
  const known = runsOf(state, baseline).filter((run) => run.purpose !== 'dawn');
  const lost = known.find(lostToTheMachine);
  if (lost) return again(lost);
  return known.length < baselineRunsWanted(night)
    ? fresh(state, night, baseline, 'baseline', known.length + 1)
    : null;
}

/** The next run of a candidate, one at a time: each seed is only worth it after the last. */
export function nextCandidateRun(state: State, night: Night, id: ExperimentId): NextRun | null {
  const experiment = experimentIn(state, id);
  if (experiment.commit === null || isRunning(state, id) || failedRun(state, id)) return null;
  if (baselineFailed(state, night)) return null;
  const known = runsOf(state, id);
  const lost = known.find(lostToTheMachine);
  if (lost) return again(lost);
  if (spent(state, night)) return null;
  if (known.length === 0) return fresh(state, night, id, 'screen', 1);
  const evidence = baselineIsMeasured(state, night) ? evidenceFor(state, night, experiment) : null;
  return evidence && needsReplicate(evidence)
    ? fresh(state, night, id, 'replicate', known.length + 1)
    : null;
}

/** Dawn's next run: its arms take turns, so that a drift of the machine meets both alike. */
export function nextDawnRun(state: State, night: Night): NextRun | null {
  if (night.dawn === null) return null;
  const started = new Map(
    night.dawn.arms.map((arm) => [arm, dawnRuns(state, night, arm)] as const),
  );
  for (const runs of started.values()) {
    const lost = runs.find(lostToTheMachine);
    if (lost) return again(lost);
  }
  for (const [i, seed] of night.dawn.seeds.entries()) {
    for (const [arm, runs] of started) {
      if (runs.length <= i) return { ...numbered(state, arm), seed, purpose: 'dawn', attempt: 1 };
    }
  }
  return null;
}

/** This night's dawn runs of an experiment; a baseline that was taken over had others before. */
export const dawnRuns = (state: State, night: Night, id: ExperimentId): readonly Run[] =>
  runsOf(state, id).filter((run) => run.purpose === 'dawn' && run.started >= night.started);

const again = (run: Run): NextRun => ({
  run: run.id,
  experiment: run.experiment,
  seed: run.seed,
  purpose: run.purpose,
  attempt: run.attempt + 1,
});

const numbered = (state: State, id: ExperimentId) => ({
  run: runId(id, experimentIn(state, id).runs.length + 1),
  experiment: id,
});

const fresh = (
  state: State,
  night: Night,
  id: ExperimentId,
  purpose: Purpose,
  seed: number,
): NextRun => ({
  ...numbered(state, id),
  seed: night.plan.run.seed ? seed : null,
  purpose,
  attempt: 1,
});
