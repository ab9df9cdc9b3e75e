import type { Contrast } from '../domain/experiment.ts';
import { tCdf, tQuantile } from './student.ts';

/** Two-sided confidence of every interval that AutoLab states. */
export const CONFIDENCE = 0.95;

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Relative difference below which two numbers are one. */
const ROUNDING = 1e-12;

/** Sample variance, n − 1 in the denominator; null below two values. */
export function variance(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  // Numbers that are equal but for rounding have none.
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (high - low <= ROUNDING * Math.max(Math.abs(low), Math.abs(high))) return 0;
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
}

export const spread = (values: readonly number[]): number | null => {
  const squared = variance(values);
  return squared === null ? null : Math.sqrt(squared);
};

/** A variance of single runs, and on how many degrees of freedom it is known. */
export interface Noise {
  readonly variance: number;
  readonly df: number;
}

/** mean(a) − mean(b), or an estimate of it, and how uncertain it is. */
export interface Difference {
  readonly effect: number;
  /** Standard error of `effect`, above 0. */
  readonly error: number;
  readonly df: number;
}

/**
 * Welch's comparison (Welch 1947, degrees of freedom after Satterthwaite 1946): the arms may
 * differ in spread, and no other runs are drawn on. Null where an arm has fewer than two values or
 * nothing varies: no spread seen is not no spread.
 */
export function welch(a: readonly number[], b: readonly number[]): Difference | null {
  const [va, vb] = [variance(a), variance(b)];
  if (va === null || vb === null || va + vb === 0) return null;
  return unpooled(
    mean(a) - mean(b),
    { variance: va / a.length, df: a.length - 1 },
    { variance: vb / b.length, df: b.length - 1 },
  );
}

/** Of two means with these variances of their own. */
export const unpooled = (effect: number, a: Noise, b: Noise): Difference => ({
  effect,
  error: Math.sqrt(a.variance + b.variance),
  df: satterthwaite(a, b),
});

/** Degrees of freedom of a sum of two variances, not both 0 (Satterthwaite 1946). */
export function satterthwaite(a: Noise, b: Noise): number {
  // By shares: the square of a variance may be too large for a number, or too small.
  const share = a.variance / (a.variance + b.variance);
  return 1 / (share ** 2 / a.df + (1 - share) ** 2 / b.df);
}

/**
 * The paired comparison (Student 1908) of as many values in the same order. Null below two pairs,
 * or where all differences are equal.
 */
export function paired(a: readonly number[], b: readonly number[]): Difference | null {
  const differences = a.map((value, i) => value - (b[i] ?? Number.NaN));
  const own = variance(differences);
  if (own === null || !(own > 0)) return null;
  const { length } = differences;
  return { effect: mean(differences), error: Math.sqrt(own / length), df: length - 1 };
}

/** mean(a) − mean(b) as people read it, with the 95 % interval where there is one. */
export function stated(
  a: readonly number[],
  b: readonly number[],
  difference: Difference | null,
): Contrast {
  const effect = mean(a) - mean(b);
  if (difference === null) return { effect, interval: null };
  const reach = tQuantile(1 - (1 - CONFIDENCE) / 2, difference.df) * difference.error;
  // A notebook may hold numbers beyond LARGEST, of runs that an older AutoLab recorded.
  return { effect, interval: Number.isFinite(reach) ? [effect - reach, effect + reach] : null };
}

/** Two-sided p of "no difference". */
export const twoSided = ({ effect, error, df }: Difference): number =>
  2 * tCdf(-Math.abs(effect / error), df);
