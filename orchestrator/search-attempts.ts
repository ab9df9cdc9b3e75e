import { runsOf, type Night, type State } from './domain/state.ts';

/** Attempts that the night has started for the search and dawn: none for the plan's own work. */
export const searchAttempts = (state: State, night: Night): number =>
  night.runs_started -
  night.planned.flatMap((id) => runsOf(state, id)).reduce((sum, { attempt }) => sum + attempt, 0);
