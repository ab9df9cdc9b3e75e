import type { Plan } from './domain/plan.ts';
import type { Run } from './domain/run.ts';
import { mean } from './statistics/compare.ts';

/** The mean of a metric over the finished runs that reported a finite value; null where none did. */
function metricMean(runs: readonly Run[], metric: string): number | null {
  const values = runs.flatMap((run) => {
    const value = run.result?.summary.find((entry) => entry.key === metric)?.number;
    return run.status === 'finished' && typeof value === 'number' && Number.isFinite(value)
      ? [value]
      : [];
  });
  return values.length === 0 ? null : mean(values);
}

/**
 * The constraint that the runs break, in words, or null. A metric that no run reported breaks
 * its constraint: what was not measured cannot be said to hold.
 */
export function brokenConstraint(
  constraints: Plan['constraints'],
  runs: readonly Run[],
): string | null {
  for (const { metric, min, max } of constraints) {
    const found = metricMean(runs, metric);
    if (found === null) return `constraint on ${metric}: no run reported it`;
    if (max !== undefined && found > max)
      return `constraint: ${metric} at most ${max}, found ${found}`;
    if (min !== undefined && found < min)
      return `constraint: ${metric} at least ${min}, found ${found}`;
  }
  return null;
}
