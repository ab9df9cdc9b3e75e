import { numberIn } from '../../orchestrator/domain/number-literal.ts';
import type { Knob } from '../../orchestrator/domain/plan.ts';

/** Where a knob's values lie, so that near and far have a meaning. */

/** A number on the unit interval, 0 the lower end; or a word, which is near nothing but itself. */
export type Place = number | string;

/** `sampleRange` of orchestrator/knobs/knobs.ts: the value at quantile u (0 ≤ u < 1) of a range. */
export type SampleRange = (knob: Knob, u: number) => string;

export interface ValueTools {
  readonly candidateValues: (knob: Knob, current: string) => readonly string[];
  readonly sampleRange: SampleRange;
}

export type Kind = 'range' | 'ordered' | 'choice';

/** Values of a range that are considered, its ends among them. */
const GRID = 25;

/** Key under which `1e-2` and `0.01` are one value. */
export const sameValue = (text: string): string => {
  const number = numberIn(text);
  return number === null ? text : String(number);
};

/** A list is ordered where all of it, and what the incumbent has, are numbers. */
export function kindOf(knob: Knob, current: string): Kind {
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

/** All values to consider: the plan's list, or an even grid over its range (on its scale). */
export function valuesOf(knob: Knob, current: string, tools: ValueTools): readonly string[] {
  if (!knob.range) return tools.candidateValues(knob, current);
  const quantile = (i: number): number => Math.min(1 - 1e-9, i / (GRID - 1));
  const values = Array.from({ length: GRID }, (_, i) => tools.sampleRange(knob, quantile(i)));
  return [...new Map(values.map((value) => [sameValue(value), value])).values()].filter(
    (value) => sameValue(value) !== sameValue(current),
  );
}

/**
 * The place of each value of a knob: of a range its share (of the logarithm on a log scale; beyond
 * the ends for a value outside), of an ordered list its rank among the listed ones, between two
 * for one that is not listed.
 */
export function placesOf(knob: Knob, current: string): (value: string) => Place {
  const kind = kindOf(knob, current);
  if (kind === 'choice') return (value) => value;
  const share = knob.range ? shareOf(knob.range, knob.scale === 'log') : rankIn(knob.values ?? []);
  return (value) => {
    const number = numberIn(value);
    const at = number === null ? Number.NaN : share(number);
    return Number.isFinite(at) ? at : value;
  };
}

const shareOf =
  ([low, high]: readonly [number, number], log: boolean) =>
  (value: number): number =>
    log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);

function rankIn(values: readonly string[]): (value: number) => number {
  const numbers = [...new Set(values.flatMap((value) => numberIn(value) ?? []))];
  const top = Math.max(1, numbers.length - 1);
  return (value) => {
    const below = numbers.filter((number) => number < value).length;
    return (numbers.includes(value) ? below : below - 0.5) / top;
  };
}
