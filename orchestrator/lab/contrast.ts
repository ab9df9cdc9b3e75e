import type { Contrast } from '../domain/experiment.ts';
import type { ExperimentId } from '../domain/ids.ts';
import { armOf, experimentIn, type State } from '../domain/state.ts';
import { moderationOf } from '../race.ts';
import { mean } from '../statistics/compare.ts';
import { nightContrast } from '../statistics/verdict.ts';

/** Two experiments by their objective. */
export interface Compared {
  readonly metric: string;
  /** Means over finished runs of distinct seeds. */
  readonly means: readonly [a: number, b: number];
  readonly n: readonly [a: number, b: number];
  /** b minus a, on the night's pooled noise. */
  readonly contrast: Contrast;
}

/** Null where one of them has no number, or where they were measured against different baselines. */
export function contrastOf(state: State, a: ExperimentId, b: ExperimentId): Compared | null {
  const [first, second] = [experimentIn(state, a), experimentIn(state, b)];
  const [x, y] = [armOf(state, a), armOf(state, b)];
  const objective = state.nights.get(second.night)?.plan.objective;
  if (first.baseline !== second.baseline || x.length === 0 || y.length === 0 || !objective)
    return null;
  const moderation = moderationOf(state, first.baseline);
  const average = (arm: typeof x) => mean(arm.map((point) => point.value));
  return {
    metric: objective.metric,
    means: [average(x), average(y)],
    n: [x.length, y.length],
    contrast: nightContrast(y, x, moderation),
  };
}
