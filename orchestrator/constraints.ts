import type { Plan } from './domain/plan.ts';
import type { Run } from './domain/run.ts';

/**
 * The constraint that a run breaks, in words, or null. Every finished run counts for itself: no
 * mean hides one. A run that did not report the metric as a finite number breaks it too, since
 * what was not measured cannot be said to hold.
 */
export function brokenConstraint(
  constraints: Plan['constraints'],
  runs: readonly Run[],
): string | null {
  for (const { metric, min, max } of constraints) {
    for (const { id, status, result } of runs) {
      if (status !== 'finished') continue;
      const found = result?.summary.find((entry) => entry.key === metric)?.number ?? null;
      if (found === null || !Number.isFinite(found))
        return `constraint on ${metric}: ${id} reported no finite value of it`;
      if (max !== undefined && found > max)
        return `constraint: ${metric} at most ${max}, found ${found} in ${id}`;
      if (min !== undefined && found < min)
        return `constraint: ${metric} at least ${min}, found ${found} in ${id}`;
    }
  }
  return null;
}
