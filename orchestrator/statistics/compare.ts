import type { Contrast } from '../domain/experiment.ts';
import { tQuantile } from './student.ts';

/** Two-sided confidence of every interval that AutoLab states. */
const CONFIDENCE = 0.95;

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Sample variance, n − 1 in the denominator; null below two values. */
export function variance(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
}

export const spread = (values: readonly number[]): number | null => {
  const squared = variance(values);
  return squared === null ? null : Math.sqrt(squared);
};

/** Run-to-run variance as all arms together know it. */
export interface Noise {
  readonly variance: number;
  readonly df: number;
}

/**
 * The pooled variance of several arms that are assumed to share it: the within-group mean square
 * of a one-way analysis of variance. Null where no arm has two values, or none of them differ.
 */
export function pooledNoise(arms: readonly (readonly number[])[]): Noise | null {
  let squares = 0;
  let df = 0;
  for (const arm of arms) {
    const own = variance(arm);
    if (own === null) continue;
    squares += own * (arm.length - 1);
    df += arm.length - 1;
  }
  return squares > 0 ? { variance: squares / df, df } : null;
}

/** mean(a) − mean(b) with a t interval on the pooled noise. Both arms hold at least one value. */
export function pooledContrast(
  a: readonly number[],
  b: readonly number[],
  noise: Noise | null,
): Contrast {
  const effect = mean(a) - mean(b);
  if (noise === null) return { effect, interval: null };
  const error = Math.sqrt(noise.variance * (1 / a.length + 1 / b.length));
  return { effect, interval: around(effect, error, noise.df) };
}

/**
 * mean(a) − mean(b) with Welch's interval (Welch 1947, degrees of freedom after Satterthwaite
 * 1946): the arms may differ in spread, and no other runs are drawn on. Interval null where an
 * arm has fewer than two values or nothing varies: no spread seen is not no spread.
 */
export function welchContrast(a: readonly number[], b: readonly number[]): Contrast {
  const effect = mean(a) - mean(b);
  const [va, vb] = [variance(a), variance(b)];
  if (va === null || vb === null || va + vb === 0) return { effect, interval: null };
  const [sa, sb] = [va / a.length, vb / b.length];
  const df = (sa + sb) ** 2 / (sa ** 2 / (a.length - 1) + sb ** 2 / (b.length - 1));
  return { effect, interval: around(effect, Math.sqrt(sa + sb), df) };
}

function around(effect: number, error: number, df: number): readonly [number, number] {
  const reach = tQuantile(1 - (1 - CONFIDENCE) / 2, df) * error;
  return [effect - reach, effect + reach];
}
