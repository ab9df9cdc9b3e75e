import { incompleteBeta } from './beta.ts';
import { logGamma } from './gamma.ts';

/** Student's t distribution: every interval here rests on few runs, so none uses the normal. */

/** P(T ≤ t) with `df` degrees of freedom (any real number above 0). */
export function tCdf(t: number, df: number): number {
  const tail = 0.5 * incompleteBeta(df / (df + t * t), df / 2, 0.5);
  return t > 0 ? 1 - tail : tail;
}

/** The t with P(T ≤ t) = p, to 1e-10; p strictly between 0 and 1. */
export function tQuantile(p: number, df: number): number {
  if (p < 0.5) return -tQuantile(1 - p, df);
  if (p === 0.5) return 0;
  let [low, high] = [0, 1];
  while (tCdf(high, df) < p) [low, high] = [high, 2 * high];
  // Newton's steps, kept within what is known to hold the answer.
  let t = (low + high) / 2;
  while (high - low > 1e-10 * Math.max(1, high)) {
    const miss = tCdf(t, df) - p;
    if (miss < 0) low = t;
    else high = t;
    const step = t - miss / tDensity(t, df);
    const next = step > low && step < high ? step : (low + high) / 2;
    if (Math.abs(next - t) <= 1e-11 * Math.max(1, t)) return next;
    t = next;
  }
  return (low + high) / 2;
}

/** Density at t with `df` degrees of freedom. */
export function tDensity(t: number, df: number): number {
  const constant = logGamma((df + 1) / 2) - logGamma(df / 2) - 0.5 * Math.log(df * Math.PI);
  return Math.exp(constant - ((df + 1) / 2) * Math.log1p((t * t) / df));
}
