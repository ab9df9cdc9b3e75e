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
  /** Variance of what a knob of relevance 1 does by itself. */
  readonly variance: number;
  /** Of what two knobs do together, relative to the geometric mean of their own variances. */
  readonly interaction: number;
}

/** Prior variance of a group's constant: wide against any effect that matters. */
export const LEVEL = 900;

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

/** A spot whose places are numbered, so that all spots share the tables of correlations. */
export interface Coded {
  readonly places: readonly number[];
  readonly group: string;
}

/** Tables of correlations may be asked for at any time, more spots numbered after that. */
export interface Code {
  readonly knobs: number;
  of(spot: Spot): Coded;
  alike(lengthScale: number): Alike;
}

/** The correlations of a knob's place, by number, with all its places that are known. */
export type Alike = (knob: number, place: number) => readonly number[];

export function codeOf(knobs: number): Code {
  const known = Array.from({ length: knobs }, () => new Map<Place, number>());
  const numbered = (places: Map<Place, number>, place: Place): number => {
    const at = places.get(place) ?? places.size;
    places.set(place, at);
    return at;
  };
  return {
    knobs,
    of: ({ point, group }) => ({
      group,
      places: known.map((places, k) => numbered(places, point[k] ?? '')),
    }),
    alike(lengthScale) {
      const tables = known.map((): (readonly number[])[] => []);
      return (knob, at) => {
        const places = known[knob] ?? new Map<Place, number>();
        const row = tables[knob]?.[at];
        if (row?.length === places.size) return row;
        const all = [...places.keys()];
        const place = all[at] ?? '';
        const now = all.map((other) => correlation(place, other, lengthScale));
        (tables[knob] ?? [])[at] = now;
        return now;
      };
    },
  };
}

/**
 * The prior covariances of one spot with others, in their order, apart into what kernels have in
 * common that differ in their two numbers only.
 */
export interface Row {
  /** Of the groups' constants. */
  readonly level: number[];
  /** Of what each knob does by itself at variance 1. */
  readonly own: number[];
  /** Of what two knobs do together at variance 1 and interaction 1. */
  readonly both: number[];
}

export const covariance = (
  { variance, interaction }: Kernel,
  { level, own, both }: Row,
  at: number,
): number =>
  (level[at] as number) + variance * ((own[at] as number) + interaction * (both[at] as number));

/** The row of a spot with `others`: always the same list, which may have grown at its end. */
export type Rows = (spot: Coded, others: readonly Coded[]) => Row;

/** `relevance`: of each knob, how much it matters, in variance, relative to the kernel's. */
export function rowsOf(alike: Alike, relevance: readonly number[]): Rows {
  const roots = relevance.map(Math.sqrt);
  const known = new Map<Coded, Row>();
  return (spot, others) => {
    const row = known.get(spot) ?? { level: [], own: [], both: [] };
    if (row.own.length === others.length) return row;
    known.set(spot, row);
    const tables = spot.places.map((place, k) => alike(k, place));
    for (let i = row.own.length; i < others.length; i += 1) {
      const other = others[i] as Coded;
      let [own, sum, squares] = [0, 0, 0];
      for (let k = 0; k < tables.length; k += 1) {
        const one = (tables[k] as readonly number[])[other.places[k] as number] as number;
        const root = (roots[k] as number) * one;
        own += (relevance[k] as number) * one;
        sum += root;
        squares += root * root;
      }
      row.level.push(spot.group === other.group ? LEVEL : 0);
      row.own.push(own);
      // All pairs at once (Newton and Girard): Σ of the products of two is (Σr)² − Σr², halved.
      row.both.push((sum * sum - squares) / 2);
    }
    return row;
  };
}
