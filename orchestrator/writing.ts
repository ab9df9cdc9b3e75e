import type { HypothesisId } from './domain/ids.ts';
import { canWrite, WHO_COULD_WRITE } from './domain/plan-writing.ts';
import type { Failure } from './domain/run.ts';
import { experimentIn, type HypothesisRecord, type Night, type State } from './domain/state.ts';
import { closureOf } from './domain/words.ts';
import type { Action } from './actions.ts';
import { searchEnd } from './budget.ts';
import { closedIn } from './closed.ts';
import { unwritten, wordsKey } from './in-words.ts';
import { memoryOf } from './memory.ts';
import { repairsDue } from './repairing.ts';
import { baselineFailed } from './replicate.ts';

/**
 * From words to a patch, and from a crash to a patch that does not. Authors are slow, and no slot
 * waits for them: what is being written is in no queue yet, and what is being repaired is not run.
 * Pure.
 */

/** Pieces of work with an author at once, in hand ones included; a crash goes before a new idea. */
export const AUTHORS = 2;

/** Has crashes repaired and words written; turns down what would be written for nothing. */
export function writing(state: State, night: Night): Action[] {
  if (night.incumbent === null || baselineFailed(state, night)) return [];
  const ids = night.dawn || searchEnd(state, night) ? [] : unwritten(state, night);
  for (const hypothesis of ids) {
    const failure = objection(state, night, hypothesis);
    if (failure === null) continue;
    const event = { type: 'hypothesis_unwritten', night: night.id, hypothesis, failure } as const;
    return [{ kind: 'record', event }];
  }
  const writes = ids.map((hypothesis): Action => ({
    kind: 'write',
    id: `write-${hypothesis}`,
    role: 'author',
    night: night.id,
    hypothesis,
  }));
  return [...repairsDue(state, night), ...writes].slice(0, AUTHORS);
}

/**
 * Why nobody is asked to write it, or null. Words move along with the incumbent, and so does a patch
 * that was begun on another: the Planner has its say once it is there.
 */
function objection(state: State, night: Night, id: HypothesisId): Failure | null {
  const hypothesis = state.hypotheses.get(id);
  const { plan } = night;
  if (!hypothesis) return null;
  if (!canWrite(plan)) {
    const message = `nobody can write it as a patch: ${WHO_COULD_WRITE}`;
    return { class: 'infrastructure', message };
  }
  const closure = closureOf(closedIn(state, night), hypothesis);
  if (closure !== null) return { class: 'invalid', message: closure.because };
  const message = saidBefore(state, night, hypothesis);
  return message === null ? null : { class: 'invalid', message };
}

/** What has the same words already: tried on this incumbent, or about to be. */
function saidBefore(state: State, night: Night, hypothesis: HypothesisRecord): string | null {
  if (hypothesis.asked?.again) return null;
  const key = wordsKey(hypothesis);
  const alike = [...state.hypotheses.values()].filter(
    (one) => one.id !== hypothesis.id && wordsKey(one) === key,
  );
  if (alike.length === 0) return null;
  const ahead = [...night.waiting, ...night.proposed];
  const before = alike.find(
    ({ id }) => ahead.includes(id) && ahead.indexOf(id) < ahead.indexOf(hypothesis.id),
  );
  if (before) return `the same words as ${before.id} (“${before.title}”)`;
  const ids = new Set(alike.map(({ id }) => id));
  const tried = memoryOf(state, night).find(({ experiment, parent }) => {
    const { hypothesis: of } = experimentIn(state, experiment);
    return parent === night.incumbent && of !== null && ids.has(of);
  });
  if (!tried) return null;
  const outcome = tried.verdict === null ? 'under way' : tried.verdict.replaceAll('_', ' ');
  return `the same words as ${tried.experiment} on ${tried.parent} (${outcome})`;
}
