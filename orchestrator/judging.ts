import type { Experiment, Judgement } from './domain/experiment.ts';
import type { NightEnd } from './domain/event.ts';
import type { Change } from './domain/hypothesis.ts';
import type { ExperimentId } from './domain/ids.ts';
import type { Run } from './domain/run.ts';
import {
  ancestors,
  armOf,
  experimentIn,
  runsOf,
  searchRunsOf,
  type Night,
  type State,
} from './domain/state.ts';
import { baselineOf, spent } from './budget.ts';
import { stackOf } from './dawn.ts';
import { measuredInDrift } from './drift.ts';
import { limitsOf, objection } from './limits.ts';
import { raceOf } from './race.ts';
import { crashToRepair, repairsInWords } from './repairing.ts';
import {
  baselineFailed,
  baselineIsMeasured,
  failedRun,
  isRunning,
  lostAmong,
} from './replicate.ts';
import { awaitsRepeat, notComeBack } from './suspicious.ts';
import { untrained } from './untrained.ts';
import { mean, spread } from './statistics/compare.ts';
import { judge, RULE, type Evidence } from './statistics/verdict.ts';

/** From the state to what the night's statistics say of an experiment; dawn's are in dawn-judging.ts. Pure. */

/** A judgement that is due, and of what. */
export interface Judged {
  readonly experiment: ExperimentId;
  readonly judgement: Judgement;
}

/**
 * The night's verdict on an experiment that has had its runs, or null while it must wait: for its
 * branch, or for the baseline. A failure is a verdict of its own.
 */
export function nightVerdict(state: State, night: Night, experiment: Experiment): Judgement | null {
  const gone = notComeBack(state, night, experiment.id);
  if (gone !== null) return plain(state, experiment, 'invalid', gone);
  // What the search has built on was seen to run: a seed that fails now is dawn's to weigh.
  const built = stackOf(state, night.incumbent ?? experiment.baseline).includes(experiment.id);
  const lost = built ? undefined : failedRun(state, experiment.id);
  const failed = experiment.failure ?? lost?.result?.failure;
  if (crashToRepair(state, night, experiment)) return null;
  if (failed)
    return plain(
      state,
      experiment,
      failed.class === 'invalid' ? 'invalid' : 'failed',
      `${failed.class}: ${failed.message}${repairsInWords(experiment)}`,
    );
  // No number came of it, so no contrast and no interval: what its curve showed is all there is.
  if (lost?.result?.killed_because === 'pruned')
    return plain(state, experiment, 'pruned', prunedInWords(lost));
  if (lost) {
    const why = lost.result?.killed_because ?? 'unknown';
    return plain(state, experiment, 'failed', `the run was killed (${why})`);
  }
  if (experiment.commit === null) return null;
  if (baselineFailed(state, night))
    return plain(
      state,
      experiment,
      'inconclusive',
      'the baseline failed: there is nothing to compare with',
    );
  const out = spent(state, night);
  if (experiment.runs.length === 0)
    return out === null
      ? null
      : plain(state, experiment, 'inconclusive', `never run: ${over(out)}`);
  if (baselineStaysUnmeasured(state, night))
    return plain(
      state,
      experiment,
      'inconclusive',
      'the budget was spent before the baseline had its runs: there is nothing to compare with',
    );
  // A run that the machine lost is made again, and is heard first.
  if (hasLostRun(state, experiment.id)) return null;
  if (awaitsRepeat(state, night, experiment.id))
    return out === null && !failedRun(state, experiment.id)
      ? null
      : plain(
          state,
          experiment,
          'inconclusive',
          `${UNREPEATED}: ${out === null ? 'its repeat failed' : over(out)}`,
        );
  const drifted = measuredInDrift(state, night, experiment);
  if (drifted !== null) return plain(state, experiment, 'inconclusive', drifted);
  const evidence = baselineIsMeasured(state, night) ? evidenceFor(state, night, experiment) : null;
  if (evidence === null) return null;
  const limits = limitsOf(state, night, experiment);
  const judgement = { ...judge(evidence), ...objection(limits), limits };
  const runs = searchRunsOf(state, experiment.id);
  const base = searchRunsOf(state, experiment.baseline);
  const idle = untrained(night.plan, changesOf(state, experiment), base, runs);
  return idle ? { ...judgement, verdict: 'invalid', because: idle } : judgement;
}

const prunedInWords = ({ id, result }: Run): string =>
  `${id} was ended early: ${result?.pruning?.because ?? 'nobody recorded why'}`;

export const UNREPEATED = 'too good to be built on before it was repeated, and it never was';

/** Of an experiment and of all that it is built on. */
export const changesOf = (state: State, { id, change }: Experiment): readonly Change[] => [
  change,
  ...ancestors(state, id).map((each) => experimentIn(state, each).change),
];

const over = (reason: NightEnd): string =>
  reason === 'drift'
    ? 'the baseline drifted'
    : reason === 'target_reached'
      ? 'the target was reached'
      : 'the budget was spent';

/** Whether the budget was spent on too few runs of the baseline, and none of them is under way. */
function baselineStaysUnmeasured(state: State, night: Night): boolean {
  if (baselineIsMeasured(state, night) || !spent(state, night)) return false;
  const { id } = baselineOf(state, night);
  return !hasLostRun(state, id) && !isRunning(state, id);
}

const hasLostRun = (state: State, id: ExperimentId): boolean =>
  lostAmong(runsOf(state, id)) !== undefined;

/** What a verdict on `experiment` rests on, or null while one of the arms is still empty. */
function evidenceFor(state: State, night: Night, experiment: Experiment): Evidence | null {
  const candidate = armOf(state, experiment.id);
  const parent = armOf(state, experiment.parent ?? experiment.baseline);
  const baseline = armOf(state, experiment.baseline);
  if (candidate.length === 0 || parent.length === 0 || baseline.length === 0) return null;
  const { run, objective } = night.plan;
  const { moderation, beliefs } = raceOf(state, night);
  return {
    ...{ objective, candidate, parent, baseline, moderation },
    chance: run.deterministic ? null : (beliefs.get(experiment.id)?.better ?? null),
    seeded: run.seed !== undefined,
    deterministic: run.deterministic,
  };
}

/** A verdict that rests on no comparison. */
export const plain = (
  state: State,
  { id }: Experiment,
  verdict: Judgement['verdict'],
  because: string,
): Judgement => {
  const arm = armOf(state, id).map((point) => point.value);
  return {
    rule: RULE,
    verdict,
    because,
    n: arm.length,
    objective: arm.length > 0 ? mean(arm) : null,
    spread: spread(arm),
    ...{
      on_baseline: null,
      on_parent: null,
      dawn: null,
      stack: null,
    },
    runs: runsOf(state, id).map((run) => run.id),
  };
};
