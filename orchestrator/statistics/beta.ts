import { logGamma } from './gamma.ts';

/**
 * The regularised incomplete beta function I_x(a, b), by the continued fraction of
 * Lentz's method (Numerical Recipes, 3rd ed., 6.4). x in [0, 1], a and b above 0.
 */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x),
  );
  const tiny = 1e-300;
  const away = (value: number) => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= 300; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    let step = 1;
    for (const term of [even, odd]) {
      d = 1 / away(1 + term * d);
      c = away(1 + term / c);
      step = c * d;
      fraction *= step;
    }
    if (Math.abs(step - 1) < 1e-15) break;
  }
  return (front * fraction) / a;
}

/** P(F > f) of the F distribution with `d1` and `d2` degrees of freedom; f from 0 to Infinity. */
export const fTail = (f: number, d1: number, d2: number): number =>
  incompleteBeta(d2 / (d2 + d1 * f), d2 / 2, d1 / 2);
