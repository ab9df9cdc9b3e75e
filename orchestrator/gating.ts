import type { Night, State } from './domain/state.ts';
import type { Action } from './actions.ts';
import { elapsed } from './budget.ts';
import { dueGate, judgeGate } from './gates.ts';
import { searchMoves } from './search.ts';

/**
 * Decides the gate that the search has reached. One whose requirement holds is passed at once; one
 * where it does not keeps new experiments from being opened, and closes when what was begun by then
 * has had its seeds: a change that is about to be better must not come a run too late. Pure.
 */
export function gating(state: State, night: Night): Action[] {
  const due = night.dawn === null ? dueGate(state, night, elapsed(state, night)) : null;
  if (due === null) return [];
  const { passed, because } = judgeGate(state, night, due);
  const busy = night.active.length > 0 || night.running.length > 0;
  if (!passed && (busy || searchMoves(state, night).length > 0)) return [];
  return [
    {
      kind: 'record',
      event: { type: 'gate_judged', night: night.id, gate: due.number, passed, because },
    },
  ];
}
