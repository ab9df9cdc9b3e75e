import { mean } from './compare.ts';

/**
 * Arms as the search compares them: one value per seed. Two arms on one seed may be alike in what
 * the seed did to them, or not: that is estimated from this lab's runs, and never assumed.
 */
export type Seeded = ReadonlyMap<number, number>;

/** How far two arms moved together on the seeds they share. */
export interface Shared {
  /** Sums over shared seeds of products of deviations from the arms' means over those seeds. */
  readonly xy: number;
  readonly xx: number;
  readonly yy: number;
  /** Shared seeds − 1, summed. */
  readonly df: number;
}

const NOTHING_SHARED: Shared = { xy: 0, xx: 0, yy: 0, df: 0 };

/** Of one pair of arms. */
export function sharedBy(a: Seeded, b: Seeded): Shared {
  const seeds = [...a.keys()].filter((seed) => b.has(seed));
  if (seeds.length < 2) return NOTHING_SHARED;
  const x = seeds.map((seed) => a.get(seed) ?? 0);
  const y = seeds.map((seed) => b.get(seed) ?? 0);
  const [mx, my] = [mean(x), mean(y)];
  const sum = (term: (i: number) => number) => seeds.reduce((all, _, i) => all + term(i), 0);
  return {
    xy: sum((i) => ((x[i] ?? 0) - mx) * ((y[i] ?? 0) - my)),
    xx: sum((i) => ((x[i] ?? 0) - mx) ** 2),
    yy: sum((i) => ((y[i] ?? 0) - my) ** 2),
    df: seeds.length - 1,
  };
}

export const pooledShared = (pairs: readonly Shared[]): Shared =>
  pairs.reduce(
    (a, b) => ({ xy: a.xy + b.xy, xx: a.xx + b.xx, yy: a.yy + b.yy, df: a.df + b.df }),
    NOTHING_SHARED,
  );

/** Degrees of freedom that "no correlation" counts for. */
const SCEPTICISM = 2;
/** How far a kind of change is held to what all kinds together show. */
const KINSHIP = 12;
const STRONGEST = 0.95;

/**
 * The correlation at shared seeds for one kind of change, in (−1, 1): the kind's own, drawn
 * towards all kinds', which is drawn towards 0; so that few pairs move it little.
 */
export function correlation(ofKind: Shared, ofAll: Shared): number {
  const scale = (s: Shared) => Math.sqrt(s.xx * s.yy);
  const raw = (s: Shared) => (scale(s) > 0 ? s.xy / scale(s) : 0);
  const all = (raw(ofAll) * ofAll.df) / (ofAll.df + SCEPTICISM);
  const kind = (raw(ofKind) * ofKind.df + all * KINSHIP) / (ofKind.df + KINSHIP);
  return Math.min(STRONGEST, Math.max(-STRONGEST, kind));
}
