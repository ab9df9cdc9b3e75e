import { dot, fitted } from './gaussian-process.ts';
import { codeOf, covariance, rowsOf, type Coded, type Spot } from './kernel.ts';
import type { Seen } from './observations.ts';

/** How much longer or shorter a run may be expected to take; further is not believed. */
const MOST = 4;

/** Fixed, since seconds are smooth in knobs and hardly noisy: variances of a logarithm. */
const KERNEL = { variance: 0.1, interaction: 0 };
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
  const code = codeOf(from.point.length);
  const known = timed.map(code.of);
  const every = from.point.map(() => 1);
  const rows = rowsOf(code.alike(LENGTH), every);
  const rowOf = (spot: Coded): readonly number[] => {
    const row = rows(spot, known);
    return known.map((_, i) => covariance(KERNEL, row, i));
  };
  const size = timed.length;
  const matrix = new Float64Array(size * size);
  for (const [i, spot] of known.entries()) {
    matrix.set(rowOf(spot), i * size);
    matrix[i * size + i] = (matrix[i * size + i] ?? 0) + NOISE;
  }
  const fit = fitted(
    matrix,
    Float64Array.from(timed, ({ seconds }) => Math.log(seconds ?? 1)),
  );
  if (fit === null) return candidates.map(() => 1);
  const level = dot(rowOf(code.of(from)), fit.weights, size);
  return candidates.map((candidate) => {
    const log = dot(rowOf(code.of(candidate)), fit.weights, size) - level;
    return Math.min(MOST, Math.max(1 / MOST, Math.exp(log)));
  });
}
