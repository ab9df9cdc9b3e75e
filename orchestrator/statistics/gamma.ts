/** The gamma function's relatives, for x > 0. */

/** ln Γ(x): Lanczos' approximation with g = 7, n = 9 (Numerical Recipes, 3rd ed., 6.1). */
export function logGamma(x: number): number {
  const coefficients = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
    -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6,
    1.5056327351493116e-7,
  ];
  const t = x + 6.5;
  const series = coefficients.reduce((sum, c, i) => sum + (i === 0 ? c : c / (x - 1 + i)), 0);
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(series);
}

/** From here on the asymptotic series are good to 1e-12. */
const FAR = 8;

/** ψ(x) = d ln Γ(x) / dx: the recurrence up to FAR, then Abramowitz & Stegun 6.3.18. */
export function digamma(x: number): number {
  if (x < FAR) return digamma(x + 1) - 1 / x;
  const u = 1 / (x * x);
  return (
    Math.log(x) - 0.5 / x - u * (1 / 12 - u * (1 / 120 - u * (1 / 252 - u * (1 / 240 - u / 132))))
  );
}

/** ψ′(x): the recurrence up to FAR, then Abramowitz & Stegun 6.4.12. */
export function trigamma(x: number): number {
  if (x < FAR) return trigamma(x + 1) + 1 / (x * x);
  const u = 1 / (x * x);
  return (
    1 / x + u / 2 + (u / x) * (1 / 6 - u * (1 / 30 - u * (1 / 42 - u * (1 / 30 - (u * 5) / 66))))
  );
}

/** The x > 0 with ψ′(x) = y, for y > 0, by bisection in ln x: ψ′ falls strictly. */
export function trigammaInverse(y: number): number {
  let [low, high] = [-20, 20];
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2;
    if (trigamma(Math.exp(middle)) > y) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}
