import { fitted, type Fit } from './gaussian-process.ts';
import { covarianceOf, type Covariance, type Kernel, type Spot } from './kernel.ts';

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
  readonly covariance: Covariance;
  readonly fit: Fit;
}

const LENGTHS = [0.25, 0.6, 1.5];
const SIZES = [0.7, 1.4, 2.8, 5.6, 11];
/** What two knobs do together, in variance, as a share of what each does. */
const INTERACTIONS = [0.02, 0.15];

/** A knob's own effect before anything is known of it: lognormal, between half and twice this. */
const TYPICAL = 6;
const SPREAD = 0.7;

/** How much a knob may matter relative to that, in variance; and how many doublings are usual. */
const RELEVANCE = [1 / 64, 1 / 16, 1 / 4, 1, 4];
const DOUBLINGS = 3;
const SWEEPS = 2;

/** Members that carry less than this share of the best one's weight are left out. */
const NEGLIGIBLE = 0.03;

type FitOf = (covariance: Covariance, kernel: Kernel) => Fit | null;

/** `spots` begins with the observations. At least one member, with no observations too. */
export function membersOf(
  observations: readonly Observation[],
  spots: readonly Spot[],
): readonly Member[] {
  const values = Float64Array.from(observations, ({ value }) => value);
  const fitOf: FitOf = (covariance, kernel) =>
    fitted(matrixOf(covariance, kernel, observations), values);
  const scales = LENGTHS.map((length) => covarianceOf(spots, length));
  const [, middle] = scales as [Covariance, Covariance, Covariance];
  const relevance = relevanceOf(spots[0]?.point.length ?? 0, (kernel) => fitOf(middle, kernel));
  const found = scales.flatMap((covariance) =>
    SIZES.flatMap((size) =>
      INTERACTIONS.flatMap((share) => {
        const kernel = kernelOf(relevance, size, share);
        const fit = fitOf(covariance, kernel);
        if (fit === null) return [];
        const prior = -(((Math.log(size) - Math.log(TYPICAL)) / SPREAD) ** 2) / 2;
        return [{ kernel, covariance, fit, likelihood: fit.likelihood + prior }];
      }),
    ),
  );
  const top = found.reduce((most, { likelihood }) => Math.max(most, likelihood), -Infinity);
  return found
    .map((member) => ({ ...member, weight: Math.exp(member.likelihood - top) }))
    .filter(({ weight }) => weight >= NEGLIGIBLE);
}

/**
 * How much each knob matters, by what the observations like best, a knob at a time. Most knobs do
 * nothing and a few do much: what the moved ones did must not shrink what is expected of the rest.
 */
function relevanceOf(knobs: number, fitOf: (kernel: Kernel) => Fit | null): readonly number[] {
  const relevance = Array.from({ length: knobs }, () => 1);
  const score = (): number => {
    const [share = 0] = INTERACTIONS;
    const prior = relevance.reduce((sum, one) => sum - (Math.log2(one) / DOUBLINGS) ** 2 / 2, 0);
    return (fitOf(kernelOf(relevance, TYPICAL, share))?.likelihood ?? -Infinity) + prior;
  };
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    for (let k = 0; k < knobs; k += 1) {
      let best = -Infinity;
      let chosen = 1;
      for (const share of RELEVANCE) {
        relevance[k] = share;
        const now = score();
        if (now > best) [best, chosen] = [now, share];
      }
      relevance[k] = chosen;
    }
  }
  return relevance;
}

const kernelOf = (relevance: readonly number[], size: number, share: number): Kernel => ({
  amplitudes: relevance.map((one) => one * size ** 2),
  interaction: share,
});

function matrixOf(
  covariance: Covariance,
  kernel: Kernel,
  observations: readonly Observation[],
): Float64Array {
  const size = observations.length;
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j <= i; j += 1) matrix[i * size + j] = covariance(kernel, i, j);
    matrix[i * size + i] = (matrix[i * size + i] ?? 0) + (observations[i]?.variance ?? 1);
  }
  return matrix;
}
