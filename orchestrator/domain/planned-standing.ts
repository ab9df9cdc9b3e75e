import type { Experiment } from './experiment.ts';
import { sameGround } from './ground.ts';
import { numberOf } from './ids.ts';
import { plannedWork } from './planned-work.ts';
import { definitionOf } from './planned-definition.ts';
import type { Night, State } from './state.ts';

/**
 * The plan's own work that a night does not repeat, by its name: what an earlier night finished of
 * the same definition, on the same commit, data, machine and devices. The latest of each. Pure.
 */
export function standingWork(state: State, night: Night): ReadonlyMap<string, Experiment> {
  const found = new Map<string, Experiment>();
  const all = plannedWork(night.plan);
  if (all.length === 0) return found;
  const wanted = new Map(all.map((work) => [work.name, definitionOf(night.plan, work)]));
  const like = new Set(
    [...state.nights.values()]
      .filter((one) => numberOf(one.id) < numberOf(night.id) && sameGround(one, night))
      .map(({ id }) => id),
  );
  for (const one of state.experiments.values()) {
    const { planned, commit } = one;
    if (!planned?.outcome || planned.outcome.status === 'failed') continue;
    if (wanted.get(planned.name) !== planned.definition) continue;
    if (commit === night.base.commit && like.has(one.night)) found.set(planned.name, one);
  }
  return found;
}
