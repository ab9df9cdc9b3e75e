import { fitted, type Fit } from './gaussian-process.ts';
import {
  covariance,
  rowsOf,
  type Alike,
  type Code,
  type Coded,
  type Kernel,
  type Row,
  type Rows,
  type Spot,
} from './kernel.ts';
import { kernelsOf, relevanceOf } from './relevance.ts';

/**
 * The kernels that the surrogate averages over, each weighted by its marginal likelihood
 * (Rasmussen & Williams 2006, chapter 5) and a weak prior: a handful of experiments does not settle
 * on one. Sizes are standard deviations in noise units.
 */

/** A measured mean, in noise units, and its variance. */
export interface Observation extends Spot {
  readonly value: number;
  readonly variance: number;
}

/** A kernel fitted to the observations. */
export interface Member {
  readonly weight: number;
  readonly kernel: Kernel;
  /** Covariances of its length scale, which its members share. */
  readonly rows: Rows;
  readonly fit: Fit;
}

const LENGTHS = [0.25, 0.6, 1.5];
const SIZES = [0.7, 1.4, 2.8, 5.6, 11];
/** What two knobs do together, in variance, as a share of what each does. */
const INTERACTIONS = [0.02, 0.15];

/** A knob's own effect before anything is known of it: lognormal, between half and twice this. */
const TYPICAL = 6;
const SPREAD = 0.7;

/** Members that carry less than this share of the best one's weight are left out. */
const NEGLIGIBLE = 0.03;

/** `coded`: the observations' spots. At least one member, with no observations too. */
export function membersOf(
  observations: readonly Observation[],
  coded: readonly Coded[],
  code: Code,
): readonly Member[] {
  const values = Float64Array.from(observations, ({ value }) => value);
  const noise = Float64Array.from(observations, ({ variance }) => variance);
  const scales = LENGTHS.map((length) => code.alike(length));
  const [, middle] = scales as [Alike, Alike, Alike];
  const kernel = { variance: TYPICAL ** 2, interaction: INTERACTIONS[0] as number };
  const relevance = relevanceOf(code.knobs, kernelsOf(coded, middle, kernel), (matrix) => {
    return fitted(noisy(matrix, noise), values)?.likelihood ?? -Infinity;
  });
  const found = scales.flatMap((alike) => {
    const rows = rowsOf(alike, relevance);
    const known = coded.map((spot) => rows(spot, coded));
    return SIZES.flatMap((size) =>
      INTERACTIONS.flatMap((interaction) => {
        const kernel = { variance: size ** 2, interaction };
        const fit = fitted(noisy(matrixOf(kernel, known), noise), values);
        if (fit === null) return [];
        const prior = -(((Math.log(size) - Math.log(TYPICAL)) / SPREAD) ** 2) / 2;
        return [{ kernel, rows, fit, likelihood: fit.likelihood + prior }];
      }),
    );
  });
  const top = found.reduce((most, { likelihood }) => Math.max(most, likelihood), -Infinity);
  return found
    .map((member) => ({ ...member, weight: Math.exp(member.likelihood - top) }))
    .filter(({ weight }) => weight >= NEGLIGIBLE);
}

/** Lower half; noise is not in it. */
function matrixOf(kernel: Kernel, rows: readonly Row[]): Float64Array {
  const size = rows.length;
  const matrix = new Float64Array(size * size);
  for (const [i, row] of rows.entries())
    for (let j = 0; j <= i; j += 1) matrix[i * size + j] = covariance(kernel, row, j);
  return matrix;
}

/** With the noise on its diagonal. */
function noisy(matrix: Float64Array, noise: Float64Array): Float64Array {
  for (const [i, one] of noise.entries())
    matrix[i * (noise.length + 1)] = (matrix[i * (noise.length + 1)] ?? 0) + one;
  return matrix;
}
