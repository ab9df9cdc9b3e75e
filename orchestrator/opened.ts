import type { Experiment } from './domain/experiment.ts';
import { changeInWords } from './domain/hypothesis.ts';
import { experimentId, type ExperimentId, type HypothesisId } from './domain/ids.ts';
import { experimentIn, type Night, type State } from './domain/state.ts';
import { changesWithout } from './dawn.ts';

/** Experiments as they are opened: from a plan or a hypothesis to something with an id. Pure. */

/** Not yet a branch, not yet run, not yet judged. */
const unopened = {
  branch: null,
  commit: null,
  command: null,
  settings: null,
  failure: null,
  judgement: null,
  runs: [],
};

export function baselineExperiment(state: State, night: Night): Experiment {
  const id = experimentId(state.next_experiment);
  return {
    id,
    night: night.id,
    hypothesis: null,
    parent: null,
    baseline: id,
    ...unopened,
    title: 'baseline: the unmodified base commit',
    because: 'every effect is measured against it',
    source: 'baseline',
    line: 'baseline',
    change: { kind: 'none' },
    success_criteria: [],
  };
}

/** Null where the hypothesis is not known, or there is nothing to build on yet. */
export function candidateExperiment(
  state: State,
  night: Night,
  next: HypothesisId,
): Experiment | null {
  const hypothesis = state.hypotheses.get(next);
  if (!hypothesis || night.incumbent === null || night.baseline === null) return null;
  const { title, because, source, line, change, success_criteria } = hypothesis;
  return {
    id: experimentId(state.next_experiment),
    night: night.id,
    hypothesis: next,
    ...unopened,
    title: title || changeInWords(change),
    because,
    source,
    line,
    change,
    success_criteria,
    parent: night.incumbent,
    baseline: night.baseline,
  };
}

/** The same change on the present incumbent: what looked good was measured on one that is gone. */
export function reapplication(state: State, night: Night, of: ExperimentId): Experiment | null {
  if (night.incumbent === null) return null;
  const { repairs: _, unrepaired: __, unprepared: ___, ...original } = experimentIn(state, of);
  return {
    ...original,
    ...unopened,
    id: experimentId(state.next_experiment),
    night: night.id,
    because: `${of} looked good on ${original.parent}, and the search has moved on to ${night.incumbent}`,
    parent: night.incumbent,
    reapplies: of,
  };
}

/** A confirmed stack without one of its changes, built on the baseline. */
export function leaveOneOut(
  state: State,
  night: Night,
  tip: ExperimentId,
  member: ExperimentId,
): Experiment {
  const { title, line, baseline } = experimentIn(state, member);
  return {
    id: experimentId(state.next_experiment),
    night: night.id,
    hypothesis: null,
    ...unopened,
    title: `${tip} without ${member}: ${title}`,
    because: `what ${member} is worth in the confirmed stack of ${tip}`,
    source: 'attribution',
    line,
    change: { kind: 'stack', changes: changesWithout(state, tip, member) },
    success_criteria: [],
    parent: baseline,
    baseline,
    without: member,
  };
}
