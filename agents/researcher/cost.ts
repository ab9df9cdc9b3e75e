import { dot, fitted } from './gaussian-process.ts';
import { covarianceOf, type Spot } from './kernel.ts';
import type { Seen } from './observations.ts';

/** How much longer or shorter a run may be expected to take; further is not believed. */
const MOST = 4;

/** Fixed, since seconds are smooth in knobs and hardly noisy: variances of a logarithm. */
const EACH = 0.1;
const NOISE = 0.01;
const LENGTH = 1.5;

/**
 * The expected seconds of a run of each candidate, as a share of the incumbent's: a regression of
 * the logarithm of the seconds, additive over the knobs. All 1 where no seconds are known.
 */
export function relativeSeconds(
  seen: readonly Seen[],
  from: Spot,
  candidates: readonly Spot[],
): readonly number[] {
  const timed = seen.filter(({ seconds }) => seconds !== null && seconds > 0);
  const spots = [...timed, from, ...candidates];
  const covariance = covarianceOf(spots, LENGTH);
  const kernel = {
    amplitudes: from.point.map(() => EACH),
    interaction: 0,
  };
  const size = timed.length;
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j <= i; j += 1) matrix[i * size + j] = covariance(kernel, i, j);
    matrix[i * size + i] = (matrix[i * size + i] ?? 0) + NOISE;
  }
  const fit = fitted(
    matrix,
    Float64Array.from(timed, ({ seconds }) => Math.log(seconds ?? 1)),
  );
  return candidates.map((_, c) => {
    if (fit === null) return 1;
    const cross = timed.map(
      (_, i) => covariance(kernel, size + 1 + c, i) - covariance(kernel, size, i),
    );
    const log = dot(cross, fit.weights, size);
    return Math.min(MOST, Math.max(1 / MOST, Math.exp(log)));
  });
}
