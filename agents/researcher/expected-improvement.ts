/**
 * Expected improvement (Jones, Schonlau, Welch, "Efficient global optimization of expensive
 * black-box functions", Journal of Global Optimization 13, 1998) of a gain that is normal with this
 * mean and standard deviation.
 */
export function expectedImprovement(mean: number, deviation: number): number {
  if (!(deviation > 0)) return Math.max(0, mean);
  const z = mean / deviation;
  if (z < -30) return 0;
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  return Math.max(0, mean * normalCdf(z) + deviation * density);
}

/** P(Z ≤ z); relative error below 1e-6 in the tails too (Numerical Recipes, 3rd ed., 6.2.2). */
function normalCdf(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 2 / (2 + x);
  const poly = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398,
    1.48851587, -0.82215223, 0.17087277,
  ].reduceRight((sum, c) => sum * t + c, 0);
  const upper = (t * Math.exp(-x * x + poly)) / 2;
  return z > 0 ? 1 - upper : upper;
}
