import type { Knob } from '../../orchestrator/domain/plan.ts';
import { listAxis, rangeAxis, type Axis, type SampleRange } from './axis.ts';
import { numberIn, sameValue, type KnobEvidence, type Move, type Standing } from './evidence.ts';
import type { Kind } from './promise.ts';
import { cited } from './words.ts';

/**
 * Which value of a knob to try next: a pattern search on one axis (Hooke & Jeeves, "Direct search
 * solution of numerical and statistical problems", Journal of the ACM 8, 1961). One step from the
 * incumbent's value to the side with the better record; further where that paid, twice as far once
 * it moved the incumbent; to the other side where it did not; half the step where both sides lost,
 * a wider one where both moved nothing.
 * Ordered lists go the same way by neighbours; choices take what was never tried first.
 */
export interface Suggestion {
  readonly value: string;
  /** The reason as a clause, with the experiments it rests on. */
  readonly why: string;
}

export interface ValueTools {
  readonly candidateValues: (knob: Knob, current: string) => readonly string[];
  readonly sampleRange: SampleRange;
}

/** Distinct values of a range that one incumbent gets before the knob counts as exhausted. */
export const VALUES_PER_RANGE = 8;

/** Noise units that a difference must have to speak for or against a direction. */
const TELLING = 1;

/** A script that broke tells of no slope. */
const NO_SLOPE: ReadonlySet<Move['verdict']> = new Set(['failed', 'invalid']);

/** Longest step on the unit interval. */
const LONGEST = 0.5;

export function kindOf({ knob, current }: Pick<KnobEvidence, 'knob' | 'current'>): Kind {
  if (knob.range) return 'range';
  const numeric = [current, ...(knob.values ?? [])].every((value) => numberIn(value) !== null);
  return numeric ? 'ordered' : 'choice';
}

/** True for a value that the plan allows. */
export function isAllowed(knob: Knob, value: string): boolean {
  if (!knob.range) return knob.values?.includes(value) ?? false;
  const number = numberIn(value);
  return number !== null && number >= knob.range[0] && number <= knob.range[1];
}

/**
 * The best value that was not tried on this incumbent, or null where none is left. With `fresh`,
 * none that lost (or is under way) against the current value on an earlier incumbent either.
 * `chance` in [0, 1) settles what nothing is known of.
 */
export function nextValue(
  evidence: KnobEvidence,
  tools: ValueTools,
  chance: number,
  fresh: boolean,
): Suggestion | null {
  const { knob, current, here, standings } = evidence;
  if (knob.range && here.size >= VALUES_PER_RANGE) return null;
  const numeric = kindOf(evidence) !== 'choice';
  const taken = numeric ? new Set([...here].map(sameValue)) : here;
  for (const suggestion of ways(evidence, tools, chance)) {
    const { value } = suggestion;
    const key = sameValue(value);
    if (!isAllowed(knob, value) || value === current || taken.has(numeric ? key : value)) continue;
    if (numeric && key === sameValue(current)) continue;
    const standing = standings.get(key);
    if (!standing || (standing.worth ?? 0) >= TELLING) return suggestion;
    if (fresh) continue;
    const last = standing.move ? `${cited(standing.move)} on ${standing.move.parent}; ` : '';
    return { value, why: `${last}nothing newer is left, and it may act differently here` };
  }
  return null;
}

/**
 * What the untried side of a number lets one hope for: half of what the other side lost, since
 * near enough to a point a slope goes both ways. `moves` are those that would say nothing more.
 */
export function hopeOf(evidence: KnobEvidence): {
  readonly gain: number;
  readonly moves: ReadonlySet<Move>;
} {
  const kind = kindOf(evidence);
  const none = { gain: 0, moves: new Set<Move>() };
  if (kind === 'choice') return none;
  const axis = kind === 'range' ? rangeAxis(evidence) : listAxis(evidence);
  const sides = sidesOf(evidence, axis, 0);
  const open = sides.find(({ best, sign }) => !best && axis.reaches(sign));
  const lost = sides.find(({ best }) => best?.move && !NO_SLOPE.has(best.move.verdict));
  const worth = lost?.best?.worth ?? 0;
  if (!open || !lost || worth >= 0) return none;
  const moves = lost.tried.flatMap(({ move }) => (move && (move.gain ?? 0) < 0 ? [move] : []));
  return { gain: -worth / 2, moves: new Set(moves) };
}

function ways(evidence: KnobEvidence, tools: ValueTools, chance: number): Iterable<Suggestion> {
  const kind = kindOf(evidence);
  if (kind === 'range') return alongRange(evidence, tools.sampleRange, chance);
  const values = tools.candidateValues(evidence.knob, evidence.current);
  return kind === 'ordered' ? alongList(evidence, values, chance) : choices(evidence, values);
}

interface Side {
  readonly sign: 1 | -1;
  /** Tried values on this side, nearest first. */
  readonly tried: readonly (Standing & { readonly at: number })[];
  readonly best: (Standing & { readonly at: number }) | undefined;
}

const worthOf = (standing: Standing): number => standing.worth ?? 0;
const paid = ({ best }: Side): boolean => best !== undefined && worthOf(best) >= TELLING;
const flat = ({ best }: Side): boolean => best === undefined || Math.abs(worthOf(best)) < TELLING;

/** Both sides of the origin, the one to look at first in front. */
function sidesOf({ standings }: KnobEvidence, axis: Axis, chance: number): readonly Side[] {
  const placed = [...standings.values()].flatMap((standing) => {
    const at = axis.place(standing.value);
    return at === null ? [] : [{ ...standing, at }];
  });
  const side = (sign: 1 | -1): Side => {
    const tried = placed
      .filter(({ at }) => (at - axis.origin) * sign > 0)
      .toSorted((a, b) => (a.at - b.at) * sign);
    return { sign, tried, best: tried.toSorted((a, b) => worthOf(b) - worthOf(a))[0] };
  };
  // A side nobody looked at is better than one that moved nothing, and not as good as one that paid.
  const record = ({ best }: Side): number => (best ? worthOf(best) : TELLING / 2);
  const sides = chance < 0.5 ? [side(1), side(-1)] : [side(-1), side(1)];
  return sides.toSorted((a, b) => record(b) - record(a));
}

/** How far the incumbent's value came from the other side, where that paid; 0 where it did not. */
function cameFar(sides: readonly Side[], side: Side, axis: Axis): number {
  const behind = sides.find(({ sign }) => sign !== side.sign)?.tried[0];
  const paidOff = behind !== undefined && worthOf(behind) <= -TELLING;
  if (!paidOff || behind.move?.from !== behind.value) return 0;
  return Math.abs(axis.origin - behind.at);
}

function* alongRange(
  evidence: KnobEvidence,
  sampleRange: SampleRange,
  chance: number,
): Iterable<Suggestion> {
  const axis = rangeAxis(evidence);
  const sides = sidesOf(evidence, axis, chance);
  const known = becauseOf(sides);
  const to = (place: number, how: string): Suggestion => ({
    value: sampleRange(evidence.knob, axis.quantile(place)),
    why: `${known}${how}`,
  });
  if (axis.place(evidence.current) === null) yield to(axis.origin, 'the middle of the range first');
  for (const side of sides) {
    const stride = Math.max(axis.step, Math.min(LONGEST, 2 * cameFar(sides, side, axis)));
    const way = stride > axis.step ? 'a longer step the same way' : onto(side);
    if (side.best === undefined) yield to(axis.origin + side.sign * stride, way);
    else if (paid(side)) {
      const beyond = side.tried.find(({ at }) => (at - (side.best?.at ?? at)) * side.sign > 0);
      const next = beyond ? (side.best.at + beyond.at) / 2 : side.best.at + side.sign * axis.step;
      yield to(next, beyond ? 'between the two' : 'one step further');
      yield to(side.best.at, 'that value on this incumbent');
    }
  }
  const widen = sides.every(flat);
  for (const size of widen ? [2, 4, 1 / 2, 1 / 4] : [1 / 2, 1 / 4, 2, 4])
    for (const { sign } of sides)
      yield to(axis.origin + sign * size * axis.step, size < 1 ? 'a smaller step' : 'a wider step');
  for (const { sign } of sides) yield to(axis.origin + sign * axis.step, 'one step');
  // The golden ratio spreads any number of places evenly.
  for (let i = 1; i <= 8 * VALUES_PER_RANGE; i += 1)
    yield to((chance + i * 0.618_033_988_75) % 1, 'elsewhere in the range');
}

function* alongList(
  evidence: KnobEvidence,
  values: readonly string[],
  chance: number,
): Iterable<Suggestion> {
  const axis = listAxis(evidence);
  const sides = sidesOf(evidence, axis, chance);
  const known = becauseOf(sides);
  const offers = values.flatMap((value) => {
    const at = axis.place(value);
    if (at === null) return [];
    const rank = sides.findIndex(({ sign }) => (at - axis.origin) * sign > 0);
    const side = sides[rank];
    // A direction that paid is followed to its end; otherwise the nearest neighbours come first.
    const distance = Math.abs(at - axis.origin);
    return [{ value, side, rank, first: side && paid(side) ? 0 : 1, distance }];
  });
  offers.sort((a, b) => a.first - b.first || a.distance - b.distance || a.rank - b.rank);
  for (const { value, side, first } of offers) {
    const how = first === 0 ? 'further the same way' : side ? onto(side) : 'a neighbour';
    yield { value, why: `${known}${how}` };
  }
}

function* choices(evidence: KnobEvidence, values: readonly string[]): Iterable<Suggestion> {
  const standing = (value: string): Standing | undefined =>
    evidence.standings.get(sameValue(value));
  const best = [...evidence.standings.values()]
    .filter(({ move }) => move !== null)
    .toSorted((a, b) => worthOf(b) - worthOf(a))[0]?.move;
  const so = best ? `${cited(best)}; ` : '';
  for (const value of values.filter((v) => !standing(v)))
    yield { value, why: `${so}${value} was never compared with ${evidence.current}` };
  const seen = values.filter((v) => standing(v));
  const worth = (value: string): number => standing(value)?.worth ?? 0;
  for (const value of seen.toSorted((a, b) => worth(b) - worth(a)))
    yield { value, why: `${so}tried again on this incumbent` };
}

const onto = ({ sign }: Side): string => (sign > 0 ? 'one step up' : 'one step down');

/** The record of both sides, as the start of a sentence. */
function becauseOf(sides: readonly Side[]): string {
  const moves = new Set(sides.flatMap(({ best }) => best?.move ?? []));
  return moves.size === 0 ? '' : `${[...moves].map(cited).join('; ')}; `;
}
