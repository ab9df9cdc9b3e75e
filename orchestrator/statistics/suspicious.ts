import { variance, type Noise } from './compare.ts';
import { tQuantile } from './student.ts';

/**
 * When a result is too good to be built on before it came a second time. It accuses nobody: most
 * such results are honest, and cost one run more. Two bounds, and a gain has to be beyond both.
 *
 * Chance: the one-sided 99.9 % prediction bound for the difference of two means of the typical
 * noise (Student's t: with few degrees of freedom it is wide, as it should be where noise is poorly
 * known), and never less than 8 noise units. A deterministic script has no such bound.
 *
 * Custom: three times the largest effect, good or bad, that any other change showed on what it was
 * built on. Where fewer than five did, two thirds of the parent's own number, which is then the
 * only scale there is. A loss of more than ten times that number, and of a hundred times the median
 * effect, is an explosion: how far a training can come apart says nothing of how much it can gain.
 */

const QUANTILE = 0.999;
const LEAST_UNITS = 8;
const TIMES_THE_LARGEST = 3;
const LEAST_KNOWN = 5;
const SHARE_OF_PARENT = 2 / 3;
const TIMES_THE_PARENT = 10;
const TIMES_THE_MEDIAN = 100;

export interface Surprise {
  /** In units of the objective, positive is better. */
  readonly gain: number;
  /** Of a single run; null of a deterministic script. */
  readonly noise: Noise | null;
  /** Values of the candidate and of its parent that the gain is between. */
  readonly n: number;
  readonly m: number;
  /** The parent's mean. */
  readonly parent: number;
  /** What other changes gained on their parents; a loss is below 0. */
  readonly others: readonly number[];
}

/** Why the gain is too good, as half a sentence; null where it is not. */
export function tooGood({ gain, noise, n, m, parent, others }: Surprise): string | null {
  if (!(gain > 0) || gain <= chance(noise, n, m)) return null;
  const scale = Math.abs(parent);
  const sizes = others.map(Math.abs).toSorted((a, b) => a - b);
  const median = sizes[Math.floor(sizes.length / 2)] ?? 0;
  const most = Math.max(TIMES_THE_PARENT * scale, TIMES_THE_MEDIAN * median);
  const known = others.filter((other) => scale === 0 || other >= -most);
  const largest = Math.max(0, ...known.map(Math.abs));
  if (known.length >= LEAST_KNOWN && largest > 0)
    return gain > TIMES_THE_LARGEST * largest
      ? `more than ${TIMES_THE_LARGEST} times the largest effect of ${known.length} other changes`
      : null;
  return scale !== 0 && gain > SHARE_OF_PARENT * scale
    ? 'more than two thirds of what its parent measures'
    : null;
}

function chance(noise: Noise | null, n: number, m: number): number {
  if (noise === null) return 0;
  const unit = Math.sqrt(noise.variance);
  return unit * Math.max(LEAST_UNITS, tQuantile(QUANTILE, noise.df) * Math.sqrt(1 / n + 1 / m));
}

/**
 * Whether a number came back: of a deterministic script the same, but for rounding; else within the
 * two-sided 99 % prediction interval of two runs, since one seed twice scatters no more than two
 * seeds do, or with at least half of the gain.
 */
export function cameBack(
  first: number,
  second: number,
  noise: Noise | null,
  /** Both on the same parent. */
  gains: { readonly first: number; readonly second: number },
): boolean {
  if (noise === null) return variance([first, second]) === 0;
  if (Math.abs(second - first) <= repeatBound(noise)) return true;
  return gains.second >= gains.first / 2;
}

/** Half the width of the 99 % prediction interval for the difference of two single runs. */
export function repeatBound({ variance: squared, df }: Noise): number {
  return tQuantile(0.995, df) * Math.sqrt(2 * squared);
}
