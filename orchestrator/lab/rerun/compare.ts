import type { RunResult, SummaryValue } from '../../domain/run.ts';
import type { Came } from './target.ts';

/** A number of a run's summary that did not come out the same; null where it is not there. */
export interface MetricDifference {
  readonly key: string;
  readonly was: number | null;
  readonly now: number | null;
}

export interface Comparison {
  /** The objective to the last digit; of an attempt that failed, that it failed the same way. */
  readonly same: boolean;
  /** Values compared besides the objective, and those of them that differ. */
  readonly compared: number;
  readonly metrics: readonly MetricDifference[];
}

/** Measured from outside, and never twice the same. */
const NOT_THE_SCRIPTS = 'peak_memory_mb';

/** Pure. `objective` is the name of the plan's metric. */
export function compareOutcomes(was: Came, now: RunResult, objective: string): Comparison {
  const before = valuesOf(was.summary, objective);
  const after = valuesOf(now.summary, objective);
  const keys = [...new Set([...before.keys(), ...after.keys()])];
  const metrics = keys.flatMap((key): MetricDifference[] => {
    const [then, here] = [before.get(key) ?? null, after.get(key) ?? null];
    return Object.is(then, here) ? [] : [{ key, was: then, now: here }];
  });
  return { same: isSame(was, now), compared: keys.length, metrics };
}

/** NaN is the same as NaN. Messages hold paths and times: of a failure its class counts. */
const isSame = (was: Came, now: RunResult): boolean =>
  Object.is(was.objective, now.objective) &&
  was.failure?.class === now.failure?.class &&
  now.status !== 'killed' &&
  // What neither printed nor failed was never a number to come out the same.
  (was.objective !== null || was.failure !== null);

/** Numbers: texts are often paths and times, and a manifest holds none. */
const valuesOf = (
  summary: readonly SummaryValue[],
  objective: string,
): ReadonlyMap<string, number> =>
  new Map(
    summary.flatMap(({ key, number }) =>
      number === null || key === objective || key === NOT_THE_SCRIPTS ? [] : [[key, number]],
    ),
  );
