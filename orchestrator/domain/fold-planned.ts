import type { Put } from './fold-beside.ts';
import type { PlannedJudged } from './planned.ts';
import { experimentIn, type State } from './state.ts';

/** What the outcome of the plan's own work makes of the lab. Pure where `put` is. */
export function plannedJudged(now: State, { experiment: id, outcome }: PlannedJudged, put: Put) {
  const experiment = experimentIn(now, id);
  const night = now.night === null ? undefined : now.nights.get(now.night);
  if (!night || !experiment.planned) throw new Error(`the plan has no ${id} of its own`);
  const planned = { ...experiment.planned, outcome };
  return {
    ...now,
    experiments: put(now.experiments, id, { ...experiment, planned }),
    nights: put(now.nights, night.id, { ...night, revision: night.revision + 1 }),
  };
}
