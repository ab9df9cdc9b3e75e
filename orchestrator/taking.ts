import { hypothesisId } from './domain/ids.ts';
import type { Night, State } from './domain/state.ts';
import type { Action } from './actions.ts';
import { askedFor } from './asked-for.ts';
import { searchEnd } from './budget.ts';
import { baselineFailed } from './replicate.ts';

/**
 * Takes in what the user asked for by hand, as a change of what the search builds on now. A search
 * that is over leaves it to the next night. Pure.
 */
export function taking(state: State, night: Night): Action[] {
  const next = askedFor(state, night)[0];
  const { id, incumbent } = night;
  if (next === undefined || night.dawn || incumbent === null) return [];
  if (baselineFailed(state, night) || searchEnd(state, night)) return [];
  const { proposal, asked } = next;
  const hypothesis = {
    ...{ ...proposal, asked, night: id, parent: incumbent },
    id: next.hypothesis ?? hypothesisId(state.next_hypothesis),
  };
  return [{ kind: 'record', event: { type: 'hypothesis_taken', night: id, hypothesis } }];
}
