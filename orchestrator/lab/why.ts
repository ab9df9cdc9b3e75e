import { readCall, CALLS_DIR } from '../../notebook/calls.ts';
import { readNotebook } from '../../notebook/reader.ts';
import type { Called, CallRecord } from '../domain/call.ts';
import type { Event } from '../domain/event.ts';
import type { Hypothesis } from '../domain/hypothesis.ts';
import { isHypothesisId, type ExperimentId, type HypothesisId } from '../domain/ids.ts';
import { NOTEBOOK_DIR } from '../domain/layout.ts';
import { experimentIn, type State } from '../domain/state.ts';
import type { Lab } from './lab.ts';

/** Why something was tried: who thought of it, and every call of a model on its way. */
export interface Why {
  readonly id: ExperimentId | HypothesisId;
  /** Null for a baseline, and for work of the plan's own. */
  readonly hypothesis: Hypothesis | null;
  /** In the order in which they were made. */
  readonly calls: readonly TracedCall[];
}

export interface TracedCall extends Called {
  /** Where prompt and reply are kept, from the lab's top; null where they are not. */
  readonly file: string | null;
  readonly system: string | null;
  readonly messages: CallRecord['messages'];
  readonly reply: string | null;
}

/** Reads the journal; throws LabError as its reader does. */
export async function whyOf(
  lab: Pick<Lab, 'notebookDir'>,
  id: ExperimentId | HypothesisId,
): Promise<Why> {
  const { events, state } = await readNotebook(lab.notebookDir);
  const hypothesis = hypothesisOf(state, id);
  const works = worksOn(events, state, hypothesis);
  const subjects = new Set([id, hypothesis, ...experimentsOf(state, hypothesis)]);
  const calls = events.filter(
    (event) =>
      event.type === 'model_called' &&
      (ROUNDS.test(event.work)
        ? works.has(event.work)
        : event.on !== null && subjects.has(event.on)),
  ) as readonly (Event & Called)[];
  return {
    id,
    hypothesis: hypothesis === null ? null : (state.hypotheses.get(hypothesis) ?? null),
    calls: await Promise.all(calls.map((called) => traced(lab, called))),
  };
}

/** Work on no single hypothesis: its calls are made on the incumbent of the time, and are not about that. */
const ROUNDS = /^(?:propose|invent|plan|compare|papers)-/;

const hypothesisOf = (state: State, id: ExperimentId | HypothesisId): HypothesisId | null =>
  isHypothesisId(id) ? id : experimentIn(state, id).hypothesis;

const experimentsOf = (state: State, id: HypothesisId | null): readonly ExperimentId[] =>
  id === null
    ? []
    : [...state.experiments.values()]
        .filter(({ hypothesis }) => hypothesis === id)
        .map((experiment) => experiment.id);

/** The round that thought of it, the papers that it was thought of by, and the rounds that judged it. */
function worksOn(
  events: readonly Event[],
  state: State,
  id: HypothesisId | null,
): ReadonlySet<string> {
  const works = new Set<string>();
  if (id === null) return works;
  const { source, parent } = state.hypotheses.get(id) ?? {};
  if (source === 'paper' && parent !== undefined) works.add(`papers-${parent}`);
  for (const event of events) {
    if (event.type === 'hypotheses_proposed' && event.hypotheses.some((one) => one.id === id))
      works.add(`${event.invented ? 'invent' : 'propose'}-${event.night}-${event.round}`);
    if (
      event.type === 'hypotheses_planned' &&
      (event.queue.includes(id) || event.rejected.some((one) => one.id === id))
    )
      works.add(`plan-${event.night}-${event.round}`);
    if (
      event.type === 'hypotheses_compared' &&
      (event.hypotheses.includes(id) || event.rejected.some((one) => one.id === id))
    )
      works.add(`compare-${event.night}-${event.round}`);
  }
  return works;
}

async function traced(lab: Pick<Lab, 'notebookDir'>, event: Event & Called): Promise<TracedCall> {
  const { call, night, role, step, work, on, model, started, seconds } = event;
  const { requests, tokens, estimated, usd, outcome, message } = event;
  const record = await readCall(lab.notebookDir, call);
  // Of a call that was lost, and answered when it was made again, only the answer is kept.
  const own = record?.called.started === started ? record : null;
  return {
    ...{ call, night, role, step, work, on, model, started, seconds, requests, tokens },
    ...{ estimated, usd, outcome, message },
    file: own ? `${NOTEBOOK_DIR}/${CALLS_DIR}/${call}.json` : null,
    system: own?.system ?? null,
    messages: own?.messages ?? [],
    reply: own?.reply ?? null,
  };
}
