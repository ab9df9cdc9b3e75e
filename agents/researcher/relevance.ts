import { LEVEL, type Alike, type Coded, type Kernel } from './kernel.ts';

/** How much each knob matters, learnt a knob at a time. */

/** How much a knob may matter relative to a typical one, in variance; how many doublings are usual. */
const RELEVANCE = [1 / 64, 1 / 16, 1 / 4, 1, 4];
const DOUBLINGS = 3;
const SWEEPS = 2;

/** The prior covariances of spots, their lower half, as the relevance of one knob goes. */
export type Kernels = (
  knob: number,
  relevance: readonly number[],
) => (share: number) => Float64Array;

/**
 * What the observations like best. Most knobs do nothing and a few do much: what the moved ones did
 * must not shrink what is expected of the rest.
 */
export function relevanceOf(
  knobs: number,
  kernels: Kernels,
  likelihood: (matrix: Float64Array) => number,
): readonly number[] {
  const relevance = Array.from({ length: knobs }, () => 1);
  let score: number | null = null;
  // Once all others were asked since a knob changed, each would answer the same again.
  let same = -1;
  for (let turn = 0; turn < SWEEPS * knobs && same < knobs - 1; turn += 1) {
    const knob = turn % knobs;
    const before = relevance[knob] as number;
    const matrixAt = kernels(knob, relevance);
    const others = relevance.reduce((sum, one, k) => (k === knob ? sum : sum + prior(one)), 0);
    const scoreOf = (share: number): number =>
      score !== null && share === before
        ? score
        : likelihood(matrixAt(share)) + others + prior(share);
    let [best, chosen] = [-Infinity, 1];
    for (const share of RELEVANCE) {
      const now = scoreOf(share);
      if (now > best) [best, chosen] = [now, share];
    }
    relevance[knob] = chosen;
    score = best;
    same = chosen === before ? same + 1 : 0;
  }
  return relevance;
}

const prior = (share: number): number => -((Math.log2(share) / DOUBLINGS) ** 2) / 2;

/** What the other knobs add to each covariance is added up once for all a knob may matter. */
export function kernelsOf(
  spots: readonly Coded[],
  alike: Alike,
  { variance, interaction }: Kernel,
): Kernels {
  const size = spots.length;
  const lower = (of: (a: Coded, b: Coded) => number): Float64Array => {
    const matrix = new Float64Array(size * size);
    for (const [i, a] of spots.entries())
      for (let j = 0; j <= i; j += 1) matrix[i * size + j] = of(a, spots[j] as Coded);
    return matrix;
  };
  const level = lower((a, b) => (a.group === b.group ? LEVEL : 0));
  const ones = (spots[0]?.places ?? []).map((_, k) =>
    lower((a, b) => alike(k, a.places[k] as number)[b.places[k] as number] as number),
  );
  return (knob, relevance) => {
    const [own, sum, squares] = sumsOf(ones, knob, relevance);
    const moved = ones[knob] ?? level;
    return (share) => {
      const root = Math.sqrt(share);
      return level.map((constant, at) => {
        const one = root * (moved[at] as number);
        const all = (sum[at] as number) + one;
        const both = (all * all - (squares[at] as number) - one * one) / 2;
        const alone = (own[at] as number) + share * (moved[at] as number);
        return constant + variance * (alone + interaction * both);
      });
    };
  };
}

/** Over all knobs but one: Σ of relevance · correlation, of its roots r, and of r². */
function sumsOf(
  ones: readonly Float64Array[],
  but: number,
  relevance: readonly number[],
): readonly [Float64Array, Float64Array, Float64Array] {
  const size = ones[0]?.length ?? 0;
  const [own, sum, squares] = [size, size, size].map((length) => new Float64Array(length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (const [k, alike] of ones.entries()) {
    if (k === but) continue;
    const share = relevance[k] as number;
    const root = Math.sqrt(share);
    for (let at = 0; at < size; at += 1) {
      const one = alike[at] as number;
      own[at] = (own[at] as number) + share * one;
      sum[at] = (sum[at] as number) + root * one;
      squares[at] = (squares[at] as number) + share * one * one;
    }
  }
  return [own, sum, squares];
}
