import { expectedImprovement } from './expected-improvement.ts';
import { dot, solveLower } from './gaussian-process.ts';
import { membersOf, type Member, type Observation } from './hyperparameters.ts';
import { codeOf, covariance, type Coded, type Spot } from './kernel.ts';

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
  /** Of the gain, for less work. */
  mean(candidate: number): number;
  gain(candidate: number): Gain;
  /** E max(0, gain − over − MARGIN), in noise units; `over` is what is gained in any case. */
  improvement(candidate: number, over?: number): number;
  /**
   * Takes the candidate for tried, with the outcome that is expected (the kriging believer of
   * Ginsbourger, Le Riche, Carraro, 2010): no mean moves, and what it would tell is known.
   */
  believe(candidate: number): void;
  /** More candidates, known by the next indices, and more that is under way. */
  add(candidates: readonly Spot[], pending: readonly Spot[]): void;
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
  const code = codeOf(from.point.length);
  const spots: Coded[] = [];
  const known = observations.map(code.of);
  const anchors = [...known, code.of(from)];
  const members = membersOf(observations, known, code).map((member) =>
    beliefsOf(member, anchors, spots),
  );
  const total = members.reduce((sum, { weight }) => sum + weight, 0);
  const average = (of: (member: Beliefs) => number): number =>
    members.reduce((sum, member) => sum + member.weight * of(member), 0) / total;
  const believe = (spot: Coded): void => {
    anchors.push(spot);
    for (const member of members) member.believe();
  };
  const add: Outlook['add'] = (more, underWay) => {
    spots.push(...more.map(code.of));
    for (const one of underWay) believe(code.of(one));
  };
  add(candidates, pending);
  const meanOf = (candidate: number): number => average((member) => member.mean(candidate));
  return {
    mean: meanOf,
    gain(candidate) {
      const mean = meanOf(candidate);
      const square = average(
        (member) => member.variance(candidate) + (member.mean(candidate) - mean) ** 2,
      );
      return { mean, deviation: Math.sqrt(square) };
    },
    improvement: (candidate, over = 0) =>
      average((member) =>
        expectedImprovement(
          member.mean(candidate) - over - MARGIN,
          Math.sqrt(member.variance(candidate)),
        ),
      ),
    believe: (candidate) => believe(spots[candidate] as Coded),
    add,
  };
}

interface Beliefs {
  readonly weight: number;
  mean(candidate: number): number;
  variance(candidate: number): number;
  /** Takes the last anchor for tried. */
  believe(): void;
}

/** What is worked out of a candidate once it is asked for. */
interface Belief {
  /** Covariances of its gain with the observations. */
  readonly cross: Float64Array;
  readonly mean: number;
  /** `cross` through the Cholesky factor, as far as `variance` has it: an entry per row. */
  readonly half: number[];
  variance: number;
}

/**
 * One grid point's beliefs on the gains of candidates: f(x) − f(from) is normal, with covariance
 * k(x, ·) − k(from, ·) to everything else, so that levels cancel out. `anchors` are the
 * observations, `from`, and what is believed: each of the latter adds a row to the Cholesky factor.
 */
function beliefsOf(
  { weight, kernel, rows, fit: { size, factor, weights } }: Member,
  anchors: readonly Coded[],
  candidates: readonly Coded[],
): Beliefs {
  const from = anchors[size] as Coded;
  const prior = (spot: Coded, at: number): number => covariance(kernel, rows(spot, anchors), at);
  const ofAll = (spot: Coded): Float64Array => {
    const row = rows(spot, anchors);
    const all = new Float64Array(size);
    for (let i = 0; i < size; i += 1) all[i] = covariance(kernel, row, i);
    return all;
  };
  const level = ofAll(from);
  const itself = prior(from, size);
  const believed: { readonly half: readonly number[]; readonly root: number }[] = [];
  const beliefs: Belief[] = [];
  const beliefOf = (candidate: number): Belief => {
    const known = beliefs[candidate];
    if (known) return known;
    const spot = candidates[candidate] as Coded;
    const cross = ofAll(spot);
    for (let i = 0; i < size; i += 1) cross[i] = (cross[i] as number) - (level[i] as number);
    const variance = 2 * (itself - prior(spot, size));
    const belief = { cross, mean: dot(cross, weights, size), half: [], variance };
    beliefs[candidate] = belief;
    return belief;
  };
  const through = (half: number[], row: number, shared: number): number => {
    const { half: own, root } = believed[row] as (typeof believed)[number];
    return (shared - dot(half, own, half.length)) / root;
  };
  return {
    weight,
    mean: (candidate) => beliefOf(candidate).mean,
    variance(candidate) {
      const belief = beliefOf(candidate);
      const { half, cross } = belief;
      if (half.length === 0) {
        half.push(...solveLower(factor, size, cross));
        belief.variance = Math.max(0, belief.variance - dot(half, half, size));
      }
      for (let row = half.length - size; row < believed.length; row += 1) {
        const at = size + 1 + row;
        const shared = prior(candidates[candidate] as Coded, at) - prior(from, at);
        const entry = through(half, row, shared);
        half.push(entry);
        belief.variance = Math.max(0, belief.variance - entry ** 2);
      }
      return belief.variance;
    },
    believe() {
      const spot = anchors[size + 1 + believed.length] as Coded;
      const half = [...solveLower(factor, size, ofAll(spot))];
      for (let row = 0; row < believed.length; row += 1)
        half.push(through(half, row, prior(spot, size + 1 + row)));
      const root = Math.sqrt(Math.max(1e-9, itself + ONE_RUN - dot(half, half, half.length)));
      believed.push({ half, root });
    },
  };
}
