import type { Objective } from './plan.ts';

/** Which of two values is the better one. Apart from the plan's schema, which readers need not load. */

/** True where `a` is the better value of the objective. A number that is not finite never is. */
export function isBetter(objective: Objective, a: number, b: number): boolean {
  if (!Number.isFinite(a)) return false;
  if (!Number.isFinite(b)) return true;
  return objective.direction === 'minimize' ? a < b : a > b;
}

/**
 * What a training that exploded may print and still be counted with: beyond, a square has no number,
 * and so no spread and no interval has one. It is taken as NaN is.
 */
export const LARGEST = 1e150;

/** `effect` seen as a gain: positive where the objective moved the way it should. */
export const gainOf = (objective: Objective, effect: number): number =>
  objective.direction === 'minimize' ? -effect : effect;
