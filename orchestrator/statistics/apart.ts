import { gainOf } from '../domain/objective.ts';
import type { Objective } from '../domain/plan.ts';
import { mean } from './compare.ts';
import type { Moderation } from './moderate.ts';

/**
 * Whether a training came apart on some seed where its parent's held together: its seeds lie wildly
 * far apart, the parent's do not, and its mean is worse. How much worse, no interval says: the mean
 * of numbers that differ by powers of ten has one that includes everything. A wild mean that is
 * better is no such case, and nor is anything on a parent that is wild itself: there, what each
 * arm's own seeds show is all that is known.
 */
export const cameApart = (
  objective: Objective,
  candidate: readonly number[],
  parent: readonly number[],
  moderation: Moderation,
): boolean =>
  moderation.isWild(candidate) &&
  !moderation.isWild(parent) &&
  gainOf(objective, mean(candidate) - mean(parent)) < 0;
