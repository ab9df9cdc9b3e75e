import { clopperPearson } from './intervals.ts';
import { RIVAL_NAMES, type RivalName } from './rivals.ts';
import { NOTHING, type Paired, type Tally } from './score.ts';
import { FULL_BUDGET, type Setting } from './settings.ts';

/** From sums to shares with their uncertainty: what is printed, and what is kept as data. */

export interface Share {
  readonly hits: number;
  readonly of: number;
  /** Null where nothing was counted. */
  readonly share: number | null;
  /** Clopper and Pearson's two-sided 95 % interval; null where nothing was counted. */
  readonly interval: readonly [low: number, high: number] | null;
}

export interface RivalFigures {
  /** Mean true gain per night, in noise units. */
  readonly gain: number;
  readonly false_nights: Share;
}

export interface Figures {
  readonly setting: string;
  readonly nights: number;
  readonly claimed: Share;
  readonly false_nights: Share;
  readonly false_stacks: Share;
  readonly false_changes: Share;
  readonly coverage: Share;
  readonly coverage_of_claims: Share;
  readonly coverage_of_members: Share;
  /** Mean true gain per night in noise units: claimed, ended up with at night, of all that helps. */
  readonly gain: { readonly claimed: number; readonly found: number; readonly possible: number };
  /** Gain of the claims over greedy's; null where nothing can be gained, or greedy lost. */
  readonly of_greedy: {
    readonly ratio: number;
    readonly interval: readonly [number, number];
  } | null;
  readonly rivals: Readonly<Record<RivalName, RivalFigures>>;
  readonly runs: number;
  readonly ms_per_night: number;
}

export interface Played {
  readonly setting: Setting;
  readonly tally: Tally;
}

export function figuresOf({ setting, tally }: Played): Figures {
  const nights = tally.claimed.of;
  const each = (sum: number) => (nights === 0 ? 0 : sum / nights);
  const rivals = RIVAL_NAMES.map((name) => {
    const { gain, wrong } = tally.rivals[name];
    return [name, { gain: each(gain), false_nights: shareOf(wrong) }] as const;
  });
  return {
    ...{ setting: setting.name, nights },
    ...{ claimed: shareOf(tally.claimed), false_nights: shareOf(tally.wrong) },
    ...{ false_stacks: shareOf(tally.stacks), false_changes: shareOf(tally.changes) },
    coverage: shareOf(tally.covered),
    coverage_of_claims: shareOf(tally.covered_claims),
    coverage_of_members: shareOf(tally.covered_members),
    gain: {
      claimed: each(tally.against_greedy.x),
      found: each(tally.found),
      possible: each(tally.possible),
    },
    of_greedy: tally.possible > 0 ? ratioOf(tally.against_greedy) : null,
    rivals: Object.fromEntries(rivals) as Figures['rivals'],
    ...{ runs: each(tally.runs), ms_per_night: each(tally.ms) },
  };
}

const shareOf = ({ hits, of }: { readonly hits: number; readonly of: number }): Share =>
  of === 0
    ? { hits, of, share: null, interval: null }
    : { hits, of, share: hits / of, interval: clopperPearson(hits, of) };

/** Σx ÷ Σy of pairs, ± 1.96 standard errors by the delta method (Cochran 1977, 2.11). */
export function ratioOf({ n, x, y, xx, yy, xy }: Paired): Figures['of_greedy'] {
  if (n < 2 || y <= 0) return null;
  const ratio = x / y;
  const squares = xx - 2 * ratio * xy + ratio ** 2 * yy;
  const reach = (1.96 * Math.sqrt((Math.max(0, squares) * n) / (n - 1))) / y;
  return { ratio, interval: [ratio - reach, ratio + reach] };
}

/** What the whole bench comes to. The aims stand beside it in the table; nothing is asserted. */
export interface Summary {
  readonly false_nights: Share;
  readonly false_stacks: Share;
  /** Settings whose lower bound of false nights is above 5 %. */
  readonly above_aim: readonly string[];
  readonly coverage: Share;
  /** Settings whose upper bound of coverage is below 95 %. */
  readonly below_coverage: readonly string[];
  readonly of_greedy_at_full_budget: Figures['of_greedy'];
  /** Settings of the full budget whose upper bound of it is below 95 %. */
  readonly below_greedy: readonly string[];
  readonly rivals: Readonly<Record<RivalName, Share>>;
}

export const AIMS = { false_nights: 0.05, worst_upper: 0.065, coverage: 0.95, of_greedy: 0.95 };

export function summaryOf(played: readonly Played[]): Summary {
  const sum = (of: (tally: Tally) => { readonly hits: number; readonly of: number }) =>
    shareOf(
      played
        .map(({ tally }) => of(tally))
        .reduce((a, b) => ({ hits: a.hits + b.hits, of: a.of + b.of }), { hits: 0, of: 0 }),
    );
  const named = (is: (figures: Figures) => boolean, among = played) =>
    among.filter((one) => is(figuresOf(one))).map(({ setting }) => setting.name);
  // Where greedy ends up with a loss there is nothing to be a share of.
  const full = played.filter(
    ({ setting, tally }) =>
      setting.runs === FULL_BUDGET && tally.possible > 0 && tally.against_greedy.y > 0,
  );
  const pairs = full.map(({ tally }) => tally.against_greedy);
  const rivals = RIVAL_NAMES.map((name) => [name, sum((tally) => tally.rivals[name].wrong)]);
  return {
    false_nights: sum((tally) => tally.wrong),
    false_stacks: sum((tally) => tally.stacks),
    above_aim: named(({ false_nights }) => (false_nights.interval?.[0] ?? 0) > AIMS.false_nights),
    coverage: sum((tally) => tally.covered),
    below_coverage: named(({ coverage }) => (coverage.interval?.[1] ?? 1) < AIMS.coverage),
    of_greedy_at_full_budget: ratioOf(pairs.reduce(addedPairs, NOTHING.against_greedy)),
    below_greedy: named(({ of_greedy }) => (of_greedy?.interval[1] ?? 1) < AIMS.of_greedy, full),
    rivals: Object.fromEntries(rivals) as Summary['rivals'],
  };
}

const addedPairs = (a: Paired, b: Paired): Paired => ({
  ...{ n: a.n + b.n, x: a.x + b.x, y: a.y + b.y },
  ...{ xx: a.xx + b.xx, yy: a.yy + b.yy, xy: a.xy + b.xy },
});

/** The setting with the largest share of false nights; the first of several. Null where none is. */
export function worstOf(played: readonly Played[]): Setting | null {
  let worst: Played | null = null;
  const share = ({ tally }: Played) => tally.wrong.hits / Math.max(1, tally.wrong.of);
  for (const one of played) if (worst === null || share(one) > share(worst)) worst = one;
  return worst?.setting ?? null;
}
