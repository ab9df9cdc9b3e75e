import type { Interval } from '../domain/experiment.ts';
import { CONFIDENCE, mean, type Noise } from './compare.ts';
import { tQuantile } from './student.ts';

/** Where a metric has to stay; at least one end is given. */
export interface Limits {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** So far beyond is still a near thing. */
  readonly borderline?: number | undefined;
}

export interface Standing {
  readonly status: 'met' | 'borderline' | 'not_met' | 'not_measured';
  /** Null where nothing was measured. */
  readonly mean: number | null;
  /** 95 %, of the mean; null where nothing says how much is chance. */
  readonly interval: Interval | null;
  readonly n: number;
}

/**
 * Where the mean of these runs stands to its limits, judged as the objective is: `met` where the
 * whole interval lies within, `not_met` where it lies wholly beyond (by more than `borderline`),
 * else `borderline`. Without noise the mean is taken at its word. `noise`: of a single run.
 */
export function standingOf(limits: Limits, values: readonly number[], noise: Noise | null) {
  const n = values.length;
  if (n === 0) return { status: 'not_measured', mean: null, interval: null, n } as const;
  const centre = mean(values);
  const reach = noise
    ? tQuantile(1 - (1 - CONFIDENCE) / 2, noise.df) * Math.sqrt(noise.variance / n)
    : 0;
  const interval = noise ? ([centre - reach, centre + reach] as const) : null;
  const [low, high] = [centre - reach, centre + reach];
  const { min = -Infinity, max = Infinity, borderline = 0 } = limits;
  const met = low >= min && high <= max;
  const beyond = high < min - borderline || low > max + borderline;
  const status = met ? 'met' : beyond ? 'not_met' : 'borderline';
  return { status, mean: centre, interval, n } as const satisfies Standing;
}

/** Whether the mean itself lies within, whatever its interval says. */
export const isWithin = ({ min = -Infinity, max = Infinity }: Limits, value: number): boolean =>
  value >= min && value <= max;
