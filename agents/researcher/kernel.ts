import type { Place } from './axis.ts';

/**
 * The additive kernel over mixed knobs (Duvenaud, Nickisch, Rasmussen, "Additive Gaussian
 * Processes", NeurIPS 2011): a sum of one-dimensional kernels, so that what a knob does can be
 * learnt from moves of it alone, wherever the others stood. The products of two, with a small
 * weight, stand for what is not additive: their order 2.
 */

/** One place per knob. */
export type Point = readonly Place[];

/** Observations of one group are known up to a constant of its own, such as their baseline's noise. */
export interface Spot {
  readonly point: Point;
  readonly group: string;
}

export interface Kernel {
  /** Variance of each knob's own effect. */
  readonly amplitudes: readonly number[];
  /** Of what two knobs do together, relative to the geometric mean of their own variances. */
  readonly interaction: number;
}

/** Prior variance of a group's constant: wide against any effect that matters. */
const LEVEL = 900;

/**
 * Of two words that differ: halfway, so that a move from one to another may do as much as a move
 * along a good part of an axis.
 */
const UNLIKE = 0.5;

/** Matérn 5/2 between numbers (Rasmussen & Williams, equation 4.17), overlap between words. */
function correlation(a: Place, b: Place, lengthScale: number): number {
  if (typeof a !== 'number' || typeof b !== 'number') return a === b ? 1 : UNLIKE;
  const r = (Math.sqrt(5) * Math.abs(a - b)) / lengthScale;
  return (1 + r + (r * r) / 3) * Math.exp(-r);
}

/** Prior covariance of the spots at two indices. */
export type Covariance = (kernel: Kernel, a: number, b: number) => number;

/** For many kernels of one length scale: the correlations are worked out once per pair of places. */
export function covarianceOf(spots: readonly Spot[], lengthScale: number): Covariance {
  const knobs = spots[0]?.point.length ?? 0;
  const tables = Array.from({ length: knobs }, (_, k) => tableOf(spots, k, lengthScale));
  return ({ amplitudes, interaction }, a, b) => {
    let sum = spots[a]?.group === spots[b]?.group ? LEVEL : 0;
    let [roots, squares] = [0, 0];
    for (let k = 0; k < knobs; k += 1) {
      const { size, at, alike } = tables[k] as Table;
      const one = alike[(at[a] as number) * size + (at[b] as number)] as number;
      const amplitude = amplitudes[k] as number;
      const root = Math.sqrt(amplitude) * one;
      sum += amplitude * one;
      roots += root;
      squares += root * root;
    }
    // All pairs at once (Newton and Girard): Σ of the products of two is (Σr)² − Σr², halved.
    return sum + (interaction * (roots * roots - squares)) / 2;
  };
}

interface Table {
  /** Distinct places. */
  readonly size: number;
  /** Which of them each spot has. */
  readonly at: Int32Array;
  /** Their correlations, row by row. */
  readonly alike: Float64Array;
}

function tableOf(spots: readonly Spot[], knob: number, lengthScale: number): Table {
  const index = new Map<Place, number>();
  const at = Int32Array.from(spots, ({ point }) => {
    const place = point[knob] ?? '';
    const known = index.get(place) ?? index.size;
    index.set(place, known);
    return known;
  });
  const places = [...index.keys()];
  const alike = Float64Array.from(
    places.flatMap((a) => places.map((b) => correlation(a, b, lengthScale))),
  );
  return { size: places.length, at, alike };
}
