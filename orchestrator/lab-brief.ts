import type { LabBrief, Remembered } from './domain/brief.ts';
import type { Experiment } from './domain/experiment.ts';
import { changeInWords, type Change } from './domain/hypothesis.ts';
import { byNumber, type HypothesisId } from './domain/ids.ts';
import type { Plan } from './domain/plan.ts';
import { experimentIn, type Night, type State } from './domain/state.ts';

/** What a model is told of the lab. Pure; the newest of everything, and each text cut to size. */

/** Of everything, so many at most. */
const MOST = 40;
const LONGEST_TEXT = 400;
/** Characters of one diff. */
const LONGEST_DIFF = 2000;

export function labBrief(state: State, night: Night): LabBrief {
  const { project, question, workspace } = night.plan;
  const { directory, editable } = workspace;
  const incumbent = night.incumbent === null ? null : experimentIn(state, night.incumbent);
  return {
    ...{ project, question, directory, editable },
    commit: incumbent?.commit ?? night.base.commit,
    base: night.base.commit,
    remembered: remembered(state),
    rejected: newest([...state.hypotheses.values()].filter(({ status }) => status === 'rejected'))
      .toSorted((a, b) => byNumber(a.id, b.id))
      .map(({ title, change, rejected_because }) => ({
        title: cut(title),
        idea: cut(inWords(change)),
        because: cut(rejected_because ?? ''),
      })),
    findings: newest([...state.nights.values()].flatMap(({ findings }) => findings)).map((one) =>
      cut(one.text),
    ),
    notes: newest([...state.notes.values()]).map(({ target, text }) => ({
      on: target,
      text: cut(text),
    })),
  };
}

/** The night's plan, without what it holds out: no agent that thinks hears of that. */
export function planToTell({ plan }: Night): Plan {
  const { holdout: _, ...told } = plan;
  return told;
}

/** The last changes that were tested, oldest first. */
export const remembered = (state: State): readonly Remembered[] =>
  newest([...state.experiments.values()].filter(isCandidate)).map((experiment) =>
    rememberedAs(state, experiment),
  );

const isCandidate = ({ parent, without, planned }: Experiment): boolean =>
  parent !== null && !without && !planned;

function rememberedAs(state: State, experiment: Experiment): Remembered {
  const { id, title, source, change, judgement, hypothesis, parent, baseline } = experiment;
  const known = hypothesis === null ? undefined : state.hypotheses.get(hypothesis);
  return {
    ...{ experiment: id, title: cut(title), source },
    idea: cut(known?.idea ?? inWords(change)),
    diff: change.kind === 'patch' ? cut(change.diff, LONGEST_DIFF) : null,
    ...{ by: known?.by ?? null, link: known?.link ?? null, parent: parent ?? baseline },
    verdict: judgement?.verdict ?? null,
    because: judgement === null ? null : cut(judgement.because),
    effect: judgement?.on_parent?.effect ?? null,
    expected: known?.expected?.effect ?? null,
  };
}

const inWords = (change: Change): string =>
  change.kind === 'idea' ? change.text : changeInWords(change);

const newest = <One>(all: readonly One[]): readonly One[] => all.slice(-MOST);

const cut = (text: string, most = LONGEST_TEXT): string =>
  text.length <= most ? text : `${text.slice(0, most - 1)}…`;

/** A hypothesis as it was proposed, without what became of it. */
export function hypothesesOf(state: State, ids: readonly HypothesisId[]) {
  return ids.flatMap((id) => {
    const record = state.hypotheses.get(id);
    if (!record) return [];
    const { status: _, rejected_because: __, experiment: ___, ...rest } = record;
    const { proposed_at: ____, unwritten: _____, compared: ______, ...hypothesis } = rest;
    return [hypothesis];
  });
}
