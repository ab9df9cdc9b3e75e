import type { Memory } from './domain/brief.ts';
import { changeKey, type Change, type Hypothesis, type Proposal } from './domain/hypothesis.ts';
import type { Plan } from './domain/plan.ts';
import { currentNight, experimentIn, type State } from './domain/state.ts';
import { wordsKey } from './in-words.ts';
import { memoryOf } from './memory.ts';

/**
 * What has the same change already, by the key that the Planner goes by, in words that fit behind
 * "found": asked for and waiting, waiting in the open night, tried in any night for this objective,
 * or one of the plan's own that the next night would try. Null where nothing has. Pure.
 */
export function sameChange(
  state: State,
  plan: Plan,
  own: readonly Proposal[],
  change: Change,
): string | null {
  const key = changeKey(change);
  const waits = waitingAlready(state, change);
  if (waits !== null) return waits;
  if (state.night !== null) {
    const night = currentNight(state);
    const memory = memoryOf(state, { ...night, plan });
    const tried = memory.findLast((one) => keysOf(state, one).includes(key));
    if (tried) {
      const { verdict, experiment, parent } = tried;
      if (verdict === null) return `${experiment} is trying it`;
      return `${experiment} tried it on ${parent} (${verdict.replaceAll('_', ' ')})`;
    }
  }
  const planned = own.find((one) => changeKey(one.change) === key);
  return planned ? `the plan’s own hypothesis “${planned.title}” is it` : null;
}

/** What waits to be tried and has the same change, in words that fit behind "found"; or null. */
export function waitingAlready(state: State, change: Change): string | null {
  const key = changeKey(change);
  const same = (one: Pick<Hypothesis, 'change' | 'idea'>): boolean =>
    changeKey(one.change) === key || wordsKey(one) === key;
  const queued = state.queued.find(({ proposal }) => same(proposal));
  if (queued) return `it waits already (“${queued.proposal.title}”)`;
  const night = state.night === null ? null : currentNight(state);
  if (night === null || night.ended) return null;
  const waits = [...night.waiting, ...night.proposed]
    .flatMap((id) => state.hypotheses.get(id) ?? [])
    .find(same);
  return waits ? `${waits.id} waits already (“${waits.title}”)` : null;
}

/** A change is the same by what it does, and by the words that it was written from. */
function keysOf(
  state: State,
  { experiment, change, crashed = [] }: Memory,
): readonly (string | null)[] {
  const { hypothesis } = experimentIn(state, experiment);
  const words = hypothesis === null ? undefined : state.hypotheses.get(hypothesis);
  return [...[change, ...crashed].map(changeKey), words ? wordsKey(words) : null];
}
