import type { HypothesisAsked, HypothesisTaken, Queued } from './asked.ts';
import type { Experiment } from './experiment.ts';
import type { Put } from './fold-beside.ts';
import type { Hypothesis, Proposal } from './hypothesis.ts';
import { numberOf, type NightId } from './ids.ts';
import { runsOf, type HypothesisRecord, type State } from './state.ts';

/** What the user asked for, from the queue into a night and back. Pure where `put` is. */

/** The same record twice is one. */
export function asking(now: State, event: HypothesisAsked & { readonly at: string }): State {
  const { key, proposal, who, again, at } = event;
  const taken = [...now.hypotheses.values()].some(({ asked }) => asked?.key === key);
  if (taken || now.queued.some(({ asked }) => asked.key === key)) return now;
  const asked = { key, who, at, ...(again ? { again } : {}) };
  return { ...now, queued: [...now.queued, { proposal, asked, hypothesis: null }] };
}

export function taking(now: State, { night: id, hypothesis }: HypothesisTaken, put: Put): State {
  const night = now.nights.get(id);
  if (!night) throw new Error(`the journal knows no ${id}`);
  const { key } = hypothesis.asked;
  return {
    ...now,
    queued: now.queued.filter(({ asked }) => asked.key !== key),
    hypotheses: put(now.hypotheses, hypothesis.id, proposed(hypothesis, hypothesis.asked.at)),
    next_hypothesis: Math.max(now.next_hypothesis, numberOf(hypothesis.id) + 1),
    nights: put(now.nights, id, { ...night, proposed: [...night.proposed, hypothesis.id] }),
  };
}

/** A hypothesis as it begins. */
export const proposed = (hypothesis: Hypothesis, at: string): HypothesisRecord => ({
  ...hypothesis,
  status: 'proposed',
  rejected_because: null,
  experiment: null,
  proposed_at: at,
});

/** What a night that ends took in and did not try waits for the next, before what came later. */
export function leftOver(now: State, night: NightId, put: Put): State {
  let { hypotheses } = now;
  const left: Queued[] = [];
  for (const record of now.hypotheses.values()) {
    if (record.night !== night || !record.asked || wasTried(now, record)) continue;
    const { asked, id } = record;
    left.push({ proposal: proposalOf(record), asked, hypothesis: id });
    hypotheses = put(hypotheses, id, { ...record, status: 'queued', rejected_because: null });
  }
  return left.length === 0 ? now : { ...now, hypotheses, queued: [...left, ...now.queued] };
}

/** What was proposed, without what became of it. */
function proposalOf(record: HypothesisRecord): Proposal {
  const { title, because, source, line, change, success_criteria } = record;
  const { idea, expected, refuted_by, link, by, written } = record;
  const more = { idea, expected, refuted_by, link, by, written };
  return { title, because, source, line, change, success_criteria, ...more };
}

/** Answered: turned down, found to be impossible, or run to an end that says something of it. */
const wasTried = (state: State, { id, status, unwritten }: HypothesisRecord): boolean =>
  // Nobody was there to write it: that says nothing of the idea.
  (status === 'rejected' && unwritten?.class !== 'infrastructure') ||
  // Its change may have been put on newer incumbents, too.
  [...state.experiments.values()].some((one) => one.hypothesis === id && tells(state, one));

/** Whether an experiment says anything of its change: a failure of the machine does not. */
const tells = (state: State, { id, failure }: Experiment): boolean =>
  (failure !== null && failure.class !== 'infrastructure') ||
  runsOf(state, id).some(
    ({ result }) =>
      result !== null &&
      result.failure?.class !== 'infrastructure' &&
      (result.status !== 'killed' || result.killed_because === 'pruned'),
  );
