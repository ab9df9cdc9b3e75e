import { LabError } from '../domain/errors.ts';
import type { Experiment } from '../domain/experiment.ts';
import { changeInWords, type Change, type Proposal } from '../domain/hypothesis.ts';
import { experimentOf, isHypothesisId, isRunId, type HypothesisId } from '../domain/ids.ts';
import type { Failure } from '../domain/run.ts';
import { experimentIn, runsOf, type State } from '../domain/state.ts';
import { waitingAlready } from '../same-change.ts';
import type { Lab, LabPlan } from './lab.ts';
import { ask, openNight, refuseWhatIsSo, type ProposalMade } from './propose.ts';
import { measured } from './subject.ts';

/**
 * Asks for the change of a failed experiment once more, on what the search builds on by then: by
 * its id, or by that of one of its runs. Throws LabError usage or not_found, with nothing recorded.
 */
export async function retry(
  lab: Lab,
  state: State,
  labPlan: LabPlan,
  id: string,
): Promise<ProposalMade> {
  if (isHypothesisId(id)) refuseHypothesis(state, id);
  const known = measured(state, id);
  const experiment = experimentIn(state, isRunId(known) ? experimentOf(known) : known);
  const { change, success_criteria, line } = experiment;
  const failure = failureOf(state, experiment);
  if (change.kind !== 'knobs' && change.kind !== 'patch')
    throw notToRetry(experiment, 'it is no change of its own');
  const gone =
    change.kind === 'knobs' &&
    Object.keys(change.values).find((knob) => !Object.hasOwn(labPlan.plan.search_space, knob));
  if (gone) throw notToRetry(experiment, `the plan has no knob ${gone} any more`);
  await refuseWhatIsSo(lab, state, labPlan, openNight(state), change);
  const waits = waitingAlready(state, change);
  if (waits !== null)
    throw new LabError('usage', `expected a change that does not wait yet, found ${waits}`);
  const { idea, expected, refuted_by, link, by, written } =
    (experiment.hypothesis && state.hypotheses.get(experiment.hypothesis)) || {};
  const proposal: Proposal = {
    title: `retry of ${experiment.id}: ${experiment.title.replace(/^retry of E-\d+: /, '')}`,
    because: `${experiment.id} failed (${failure.class}: ${failure.message})`,
    source: 'yours',
    ...{ line, change, success_criteria },
    ...{ idea, expected, refuted_by, link, by, written },
  };
  return ask(lab, state, proposal, true);
}

/** Why it failed. Throws LabError usage where it did not, with what to do instead. */
function failureOf(state: State, experiment: Experiment): Failure {
  const { id, judgement, failure, parent, planned, change } = experiment;
  if (planned) throw notToRetry(experiment, 'work of the plan’s own is done again by every night');
  if (parent === null) throw notToRetry(experiment, 'a launch measures the baseline by itself');
  const last = runsOf(state, id).findLast(({ result }) => result?.failure)?.result?.failure;
  const found = failure ?? last;
  if (judgement?.verdict === 'failed' && found) return found;
  if (judgement === null)
    throw notToRetry(experiment, 'it has no verdict yet: wait for it, and see autolab status');
  const verdict = judgement.verdict.replaceAll('_', ' ');
  throw notToRetry(
    experiment,
    `it is ${verdict}. ${proposeAgain(change)} tries a change once more, autolab rerun RUN makes a run again`,
  );
}

/** What it was tried as can be retried. Throws LabError usage for one that the notebook knows. */
function refuseHypothesis(state: State, id: HypothesisId): void {
  const record = state.hypotheses.get(id);
  if (!record) return;
  const { experiment, rejected_because, change } = record;
  const instead =
    experiment !== null
      ? `which was tried as ${experiment}: autolab retry ${experiment}`
      : rejected_because !== null
        ? `which was turned down before it was tried (${rejected_because}): ${proposeAgain(change)} asks for it all the same`
        : 'which waits to be tried';
  throw new LabError(
    'usage',
    `expected an experiment that failed, or a run of it, found ${id}, ${instead}`,
    id,
  );
}

function proposeAgain(change: Change): string {
  const what =
    change.kind === 'knobs'
      ? `--change ${changeInWords(change)}`
      : change.kind === 'idea'
        ? '--idea WORDS'
        : '--patch FILE';
  return `autolab propose TITLE ${what} --because REASON --again`;
}

const notToRetry = ({ id }: Experiment, because: string): LabError =>
  new LabError('usage', `expected an experiment that failed, found ${id}: ${because}`, id);
