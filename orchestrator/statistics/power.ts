import { CONFIDENCE, type Noise } from './compare.ts';
import { tQuantile } from './student.ts';

/** What a budget can find out, before it is spent. */

/** Chance that a gain of the smallest confirmable size is confirmed. */
const POWER = 0.8;
const ONE_SIDED = 1 - (1 - CONFIDENCE) / 2;

/**
 * The smallest true gain that `n` fresh seeds in each arm confirm four times in five, in units of
 * the objective: (t₀.₉₇₅ + t₀.₈) · s · √(2/n) with 2n − 2 degrees of freedom (Cohen 1988, ch. 2,
 * with t for the normal), widened where the noise itself is known on fewer. Null below two seeds.
 */
export function smallestConfirmable(noise: Noise, n: number): number | null {
  if (n < 2) return null;
  const df = Math.min(2 * n - 2, Math.max(1, noise.df));
  return (tQuantile(ONE_SIDED, df) + tQuantile(POWER, df)) * Math.sqrt((2 * noise.variance) / n);
}

/**
 * Runs per arm until an effect of 0 would be shown to lie within ±`margin` four times in five (two
 * one-sided tests: Schuirmann 1987, Journal of Pharmacokinetics and Biopharmaceutics 15), by
 * AutoLab's 95 % interval; null where more than `most` would be needed.
 */
export function runsForEquivalence(noise: Noise, margin: number, most = 10_000): number | null {
  const reach = (n: number) =>
    (tQuantile(ONE_SIDED, 2 * n - 2) + tQuantile((1 + POWER) / 2, 2 * n - 2)) *
    Math.sqrt((2 * noise.variance) / n);
  if (!(margin > 0) || reach(most) > margin) return null;
  let [low, high] = [1, most];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (reach(middle) > margin) low = middle;
    else high = middle;
  }
  return high;
}
