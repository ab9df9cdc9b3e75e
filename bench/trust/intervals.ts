/** The bench's own statistics: none of those that it puts to the test. */

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Clopper and Pearson's 95 % interval for a share (1934): two-sided, so each end by itself errs in
 * at most 2.5 %, however few were counted. [0, 1] where nothing was.
 */
export const clopperPearson = (hits: number, of: number): readonly [low: number, high: number] => [
  1 - upperEnd(of - hits, of),
  upperEnd(hits, of),
];

/** The share at which so few hits or fewer have a chance of 2.5 %. */
function upperEnd(hits: number, of: number): number {
  if (hits >= of) return 1;
  let [low, high] = [hits / of, 1];
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (atMost(hits, of, middle) > 0.025) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(X ≤ hits) of a binomial of `of` trials; 0 < share < 1. */
function atMost(hits: number, of: number, share: number): number {
  // In logarithms: the first terms are far below the smallest number.
  let term = of * Math.log1p(-share);
  let sum = Math.exp(term);
  for (let i = 1; i <= hits; i += 1) {
    term += Math.log(((of - i + 1) * share) / (i * (1 - share)));
    sum += Math.exp(term);
  }
  return sum;
}

/**
 * Whether Welch's 95 % interval for mean(a) − mean(b) lies below 0 (Welch 1947, Satterthwaite
 * 1946). Where neither arm varies, the difference is taken at its word.
 */
export function welchBelow(a: readonly number[], b: readonly number[]): boolean {
  const difference = mean(a) - mean(b);
  const [va, vb] = [errorOf(a), errorOf(b)];
  if (difference >= 0 || va + vb === 0) return difference < 0;
  const df = (va + vb) ** 2 / (va ** 2 / (a.length - 1) + vb ** 2 / (b.length - 1));
  return withinT(Math.abs(difference) / Math.sqrt(va + vb), df) > 0.95;
}

/** The squared standard error of a mean. */
function errorOf(values: readonly number[]): number {
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return squares / (values.length - 1) / values.length;
}

/**
 * P(|T| ≤ t) of Student's t: with T = √df · tan θ its density is proportional to cos^(df − 1) θ.
 * Good to 1e-6 for df ≥ 2.
 */
export function withinT(t: number, df: number): number {
  const area = (to: number) => simpson((angle) => Math.cos(angle) ** (df - 1), to);
  return area(Math.atan(t / Math.sqrt(df))) / area(Math.PI / 2);
}

/** ∫ f from 0 to `to`, by Simpson's rule. */
function simpson(f: (x: number) => number, to: number): number {
  const steps = 200;
  const width = to / steps;
  let sum = f(0) + f(to);
  for (let i = 1; i < steps; i += 1) sum += f(i * width) * (i % 2 === 1 ? 4 : 2);
  return (sum * width) / 3;
}

/**
 * Whether the 95 % percentile bootstrap interval for mean(a) − mean(b) lies below 0 (Efron 1979).
 * Both arms hold three values, so that every resample is looked at and no luck is needed.
 */
export function bootstrapBelow(a: readonly number[], b: readonly number[]): boolean {
  const ofB = resampled(b);
  let below = 0;
  for (const x of resampled(a)) for (const y of ofB) if (x.mean < y.mean) below += x.ways * y.ways;
  // The upper end is below 0 where at least 97.5 % of the resamples are.
  return below / 27 ** 2 >= 0.975;
}

/** The means of all 27 resamples of three values, equal ones together. */
function resampled(values: readonly number[]): readonly { mean: number; ways: number }[] {
  const found: { mean: number; ways: number }[] = [];
  for (let i = 0; i < 3; i += 1)
    for (let j = i; j < 3; j += 1)
      for (let k = j; k < 3; k += 1) {
        const ways = i === k ? 1 : i === j || j === k ? 3 : 6;
        found.push({ mean: mean([i, j, k].map((at) => values[at] ?? Number.NaN)), ways });
      }
  return found;
}
