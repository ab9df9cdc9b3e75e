import { z } from 'zod';
import { mapping, name, number, together } from './plan-parts.ts';

/** What a plan may ask of a metric: constraints, and success criteria with a margin. */

const bounds = {
  metric: name,
  min: number.optional(),
  max: number.optional(),
};
const bounded = (b: { min?: unknown; max?: unknown }): boolean =>
  b.min !== undefined || b.max !== undefined;
const BOUNDED = { error: 'expected min, max or both', ...together };
const possible = (b: { min?: unknown; max?: unknown }): boolean =>
  typeof b.min !== 'number' || typeof b.max !== 'number' || b.min <= b.max;
const POSSIBLE = { error: 'expected min not above max', ...together };

export const constraint = mapping(bounds).refine(bounded, BOUNDED).refine(possible, POSSIBLE);
export const criterion = mapping({
  ...bounds,
  borderline: number.nonnegative({ error: 'expected a number, 0 or above' }).optional(),
})
  .refine(bounded, BOUNDED)
  .refine(possible, POSSIBLE);
export type Criterion = z.output<typeof criterion>;
