/**
 * Whether a run is hopeless, by its curve: pure functions of numbers. What is compared is the
 * objective as the script logs it on the way, at the same step, with finished runs of what the
 * change was made on. Nothing is extrapolated: no curve is continued, and none is fitted.
 */

/** One number that was logged at a step. */
export interface Reading {
  readonly step: number;
  readonly value: number;
}

/** In the order of steps, each step once. */
export type Curve = readonly Reading[];

/** How a set of curves stands at one step. */
export interface Band {
  readonly mean: number;
  /** Sample standard deviation between the curves, above 0. */
  readonly spread: number;
  /** Curves that reach so far. */
  readonly n: number;
}

export interface Hopeless extends Reading, Band {
  /** Share of the steps of the longest of the curves. */
  readonly progress: number;
  /** How far beyond the mean, in standard deviations. */
  readonly beyond: number;
}

export type Mode = 'cautious' | 'eager';

/** From which share of the steps, and how many standard deviations worse than the mean. */
const RULES: Readonly<Record<Mode, { readonly from: number; readonly spreads: number }>> = {
  cautious: { from: 0.5, spreads: 4 },
  eager: { from: 0.25, spreads: 3 },
};

/** So near the end there is nothing to save, and a number to lose. */
const UNTIL = 0.95;
/** Fewer say too little of how far curves lie apart. */
export const LEAST_CURVES = 4;
const IN_A_ROW = 2;

/** What the curves are of. `at`: whether the last value counts, or the best so far. */
export interface Sense {
  readonly direction: 'minimize' | 'maximize';
  readonly at: 'last' | 'best';
}

/**
 * Mean and spread of the curves at a step, each taken on the line between the two readings around
 * it. A curve that does not reach from before to behind the step, or is not finite there, is left
 * out. Null for fewer than LEAST_CURVES, and where they do not differ: then nothing is known of chance.
 */
export function bandAt(curves: readonly Curve[], step: number): Band | null {
  const values = curves.flatMap((curve) => valueAt(curve, step) ?? []);
  const n = values.length;
  if (n < LEAST_CURVES) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  // Numbers that are equal but for rounding do not differ.
  const spread = Math.sqrt(variance);
  return spread > 1e-9 * Math.abs(mean) ? { mean, spread, n } : null;
}

function valueAt(curve: Curve, step: number): number | null {
  let [low, high] = [0, curve.length - 1];
  const [first, last] = [curve[low], curve[high]];
  if (!first || !last || step < first.step || step > last.step) return null;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((curve[middle] as Reading).step <= step) low = middle;
    else high = middle;
  }
  const [a, b] = [curve[low] as Reading, curve[high] as Reading];
  const share = b.step === a.step ? 0 : (step - a.step) / (b.step - a.step);
  // At a reading the other one does not matter, be it NaN.
  const value =
    share === 0 ? a.value : share === 1 ? b.value : a.value + share * (b.value - a.value);
  return Number.isFinite(value) ? value : null;
}

/**
 * Follows a run's readings, and says of each whether it makes the run hopeless: from a share of the
 * steps on, two in a row are worse than the curves' mean by so many of their standard deviations
 * (RULES). A reading that cannot be compared begins the row anew. A run whose steps go back has no
 * curve, and is never hopeless.
 */
export function followHopeless(
  curves: readonly Curve[],
  { direction, at }: Sense,
  mode: Mode,
): (reading: Reading) => Hopeless | null {
  const { from, spreads } = RULES[mode];
  const sign = direction === 'minimize' ? 1 : -1;
  const best = bestSoFar(sign);
  const held = at === 'best' ? curves.map((curve) => curve.map(bestSoFar(sign))) : curves;
  const total = Math.max(0, ...curves.map((curve) => curve.at(-1)?.step ?? 0));
  let last = Number.NEGATIVE_INFINITY;
  let row = 0;
  let isCurve = true;
  return (given) => {
    isCurve &&= given.step >= last;
    // A step that is told again, as by a progress bar, is no further reading.
    if (!isCurve || given.step === last) return null;
    last = given.step;
    const { step, value } = at === 'best' ? best(given) : given;
    const progress = step / total;
    const band = progress >= from && progress < UNTIL ? bandAt(held, step) : null;
    const beyond = band === null ? Number.NaN : (sign * (value - band.mean)) / band.spread;
    row = beyond > spreads ? row + 1 : 0;
    return band !== null && row >= IN_A_ROW ? { step, value, ...band, progress, beyond } : null;
  };
}

/** Each reading as the best up to it; what is not finite is never the best. */
function bestSoFar(sign: 1 | -1): (reading: Reading) => Reading {
  let best = Number.NaN;
  return ({ step, value }) => {
    if (Number.isFinite(value) && !(sign * value >= sign * best)) best = value;
    return { step, value: best };
  };
}

/** Readings as a curve: of a step that was told again the last word counts. Null where steps go back. */
export function curveOf(readings: readonly Reading[]): Curve | null {
  const curve: Reading[] = [];
  for (const reading of readings) {
    const last = curve.at(-1);
    if (last !== undefined && reading.step < last.step) return null;
    if (last?.step === reading.step) curve.pop();
    curve.push(reading);
  }
  return curve.length < 2 ? null : curve;
}
