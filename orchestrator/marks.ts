import { touches, type Touched } from './touches.ts';
import { AUTOLAB, experimentIn, type Night, type State } from './domain/state.ts';
import type { Action } from './actions.ts';

/** Marks changes whose words name what they are measured by, before their first run. Pure. */
export function marks(state: State, night: Night): Action[] {
  for (const target of night.active) {
    const { commit, runs, change, repairs = [] } = experimentIn(state, target);
    // Once it has run, a mark that somebody took away stays away, but for what a repair brought.
    const repaired = runs.some((id) => {
      const run = state.runs.get(id);
      return repairs.length > 0 && run?.repaired_after === run?.attempt;
    });
    if (commit === null || (runs.length > 0 && !repaired)) continue;
    for (const { what, line } of touches(night.plan, change)) {
      const label = `touches:${what}`;
      if (state.flags.some((flag) => flag.target === target && flag.label === label)) continue;
      const because = `words of its change name ${NAMES[what]}: ${line.slice(0, 80)}`;
      return [{ kind: 'record', event: { type: 'flagged', target, label, because, who: AUTOLAB } }];
    }
  }
  return [];
}

const NAMES: Readonly<Record<Touched, string>> = {
  seed: 'a seed',
  time: 'a time limit, a clock or how much is trained',
  evaluation: 'the evaluation',
  data: 'data or where it lies',
};
