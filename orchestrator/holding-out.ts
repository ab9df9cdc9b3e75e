import type { ExperimentId, RunId } from './domain/ids.ts';
import { usableObjective } from './domain/run.ts';
import { experimentIn, type Night, type State } from './domain/state.ts';
import type { Action } from './actions.ts';
import { dawnRuns } from './dawn.ts';

/** When the plan's test set is looked at, and by which runs. Pure. */

/**
 * The next look at what is held out, or null: of a night that claims something, once dawn has said
 * it all, one run of the baseline and one of what was confirmed. What comes of it decides nothing.
 */
export function holdingOut(state: State, night: Night): Action | null {
  const [base, tip] = night.dawn?.arms ?? [];
  if (night.plan.holdout === undefined || base === undefined || tip === undefined) return null;
  if (experimentIn(state, tip).judgement?.verdict !== 'improved') return null;
  const looked = new Set(night.held_out.map(({ experiment }) => experiment));
  const experiment = [base, tip].find((id) => !looked.has(id));
  const run = experiment && runToHoldOut(state, night, experiment);
  if (!run) return null;
  const id = `hold-out-${night.id}-${experiment}`;
  return { kind: 'hold_out', id, role: 'worker', night: night.id, experiment, run };
}

/** The first fresh seed that finished in both arms, so that nobody chooses; else the arm's own first. */
function runToHoldOut(state: State, night: Night, id: ExperimentId): RunId | undefined {
  const finished = (arm: ExperimentId) =>
    dawnRuns(state, night, arm).filter((run) => usableObjective(run) !== null);
  const shared = (night.dawn?.seeds ?? []).find((seed) =>
    (night.dawn?.arms ?? []).every((arm) => finished(arm).some((run) => run.seed === seed)),
  );
  const own = finished(id);
  return (own.find((run) => run.seed === shared) ?? own[0])?.id;
}
