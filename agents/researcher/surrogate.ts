import { expectedImprovement } from './expected-improvement.ts';
import { dot, solveLower } from './gaussian-process.ts';
import { membersOf, type Member, type Observation } from './hyperparameters.ts';
import type { Spot } from './kernel.ts';

/**
 * What a night's numbers say of moves that were not tried: an additive Gaussian process whose
 * hyperparameters are averaged over a grid, each by its marginal likelihood and a weak prior, since
 * a handful of experiments does not settle them.
 */

/** The gain of a candidate over the incumbent, in noise units. */
export interface Gain {
  readonly mean: number;
  readonly deviation: number;
}

/** Candidates are known by their index. */
export interface Outlook {
  gain(candidate: number): Gain;
  /** E max(0, gain − over − MARGIN), in noise units; `over` is what is gained in any case. */
  improvement(candidate: number, over?: number): number;
  /**
   * Takes the candidate for tried, with the outcome that is expected (the kriging believer of
   * Ginsbourger, Le Riche, Carraro, 2010): no mean moves, and what it would tell is known.
   */
  believe(candidate: number): void;
}

/**
 * A gain below this, in noise units, is not worth a run: no few seeds could show it. (Jones's
 * improvement with the margin ξ of Lizotte, "Practical Bayesian optimization", 2008.)
 */
const MARGIN = 1;

/** Variance of the one run that a move which is not measured yet will get. */
const ONE_RUN = 1;

/**
 * The gains of `candidates` over `from`, both as the observations tell. Improvement is over what
 * the incumbent is believed to be, not over what was measured of it: the two are uncertain
 * together, and the difference is what is normal (so that an incumbent that was lucky is found out).
 */
export function outlookOn(
  observations: readonly Observation[],
  from: Spot,
  candidates: readonly Spot[],
  pending: readonly Spot[],
): Outlook {
  const spots = [...observations, from, ...candidates, ...pending];
  const start = observations.length;
  const members = membersOf(observations, spots).map((member) => {
    const beliefs = beliefsOf(member, start, candidates.length);
    for (const at of pending.keys()) beliefs.believe(start + 1 + candidates.length + at);
    return beliefs;
  });
  const total = members.reduce((sum, { weight }) => sum + weight, 0);
  const average = (of: (member: Beliefs) => number): number =>
    members.reduce((sum, member) => sum + member.weight * of(member), 0) / total;
  return {
    gain(candidate) {
      const mean = average(({ means }) => means[candidate] ?? 0);
      const square = average(
        ({ means, variances }) =>
          (variances[candidate] ?? 0) + ((means[candidate] ?? 0) - mean) ** 2,
      );
      return { mean, deviation: Math.sqrt(square) };
    },
    improvement: (candidate, over = 0) =>
      average(({ means, variances }) =>
        expectedImprovement(
          (means[candidate] ?? 0) - over - MARGIN,
          Math.sqrt(Math.max(0, variances[candidate] ?? 0)),
        ),
      ),
    believe: (candidate) => {
      for (const member of members) member.believe(start + 1 + candidate);
    },
  };
}

interface Beliefs {
  readonly weight: number;
  readonly means: Float64Array;
  readonly variances: Float64Array;
  believe(spot: number): void;
}

type Prior = (a: number, b: number) => number;

/**
 * One grid point's beliefs on the gains of the spots after `from`: f(x) − f(from) is normal, with
 * covariance k(x, ·) − k(from, ·) to everything else, so that levels cancel out.
 */
function beliefsOf(
  { weight, kernel, covariance, fit }: Member,
  from: number,
  count: number,
): Beliefs {
  const { size, factor, weights } = fit;
  const prior: Prior = (a, b) => covariance(kernel, a, b);
  const means = new Float64Array(count);
  const variances = new Float64Array(count);
  const halves: number[][] = [];
  for (let c = 0; c < count; c += 1) {
    const at = from + 1 + c;
    const cross = Float64Array.from({ length: size }, (_, i) => prior(at, i) - prior(from, i));
    means[c] = dot(cross, weights, size);
    const half = solveLower(factor, size, cross);
    halves.push([...half]);
    const before = prior(at, at) + prior(from, from) - 2 * prior(at, from);
    variances[c] = Math.max(0, before - dot(half, half, size));
  }
  return { weight, means, variances, believe: believer(prior, fit, from, halves, variances) };
}

/** Adds a row to the Cholesky factor for each believed outcome, and takes what it tells off `variances`. */
function believer(
  prior: Prior,
  { size, factor }: Member['fit'],
  from: number,
  halves: readonly number[][],
  variances: Float64Array,
): (spot: number) => void {
  const believed: { readonly spot: number; readonly half: number[]; readonly root: number }[] = [];
  return (spot) => {
    const cross = Float64Array.from({ length: size }, (_, i) => prior(spot, i));
    const half = [...solveLower(factor, size, cross)];
    for (const one of believed)
      half.push((prior(spot, one.spot) - dot(half, one.half, half.length)) / one.root);
    const known = dot(half, half, half.length);
    const root = Math.sqrt(Math.max(1e-9, prior(spot, spot) + ONE_RUN - known));
    for (const [c, own] of halves.entries()) {
      const shared = prior(from + 1 + c, spot) - prior(from, spot);
      const entry = (shared - dot(own, half, half.length)) / root;
      own.push(entry);
      variances[c] = Math.max(0, (variances[c] ?? 0) - entry ** 2);
    }
    believed.push({ spot, half, root });
  };
}
