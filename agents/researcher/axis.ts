import type { Knob } from '../../orchestrator/domain/plan.ts';
import { numberIn, type KnobEvidence } from './evidence.ts';

/** A knob's values as places on a line, so that one step, further and half have a meaning. */
export interface Axis {
  /** Where the incumbent stands; may lie outside the range. */
  readonly origin: number;
  /** Length of one step. */
  readonly step: number;
  /** The place of a value, null where it has none. */
  place(value: string): number | null;
  /** Whether values can lie on that side of the origin. */
  reaches(sign: 1 | -1): boolean;
}

export interface RangeAxis extends Axis {
  /** Where `sampleRange` has the value of a place; places outside the range stand for its ends. */
  quantile(place: number): number;
}

/** `sampleRange` of orchestrator/knobs/knobs.ts: the value at quantile u (0 ≤ u < 1) of a range. */
export type SampleRange = (knob: Knob, u: number) => string;

/** A step on a log scale is a factor; on a linear one, or where the factor is too long, a share. */
const FACTOR = 3;
const SHARE = 0.25;

/** The unit interval, 0 the lower bound and 1 the upper one. The knob has a range. */
export function rangeAxis({ knob, current }: KnobEvidence): RangeAxis {
  const [low, high] = knob.range ?? [0, 1];
  const log = knob.scale === 'log';
  const whole = knob.whole ?? (Number.isInteger(low) && Number.isInteger(high));
  const share = (value: number, top: number): number =>
    log ? Math.log(value / low) / Math.log(top / low) : (value - low) / (top - low);
  const place = (text: string): number | null => {
    const value = numberIn(text);
    return value === null || (log && value <= 0) ? null : share(value, high);
  };
  const origin = place(current) ?? 0.5;
  return {
    origin,
    step: log ? Math.min(SHARE, share(low * FACTOR, high)) : SHARE,
    place,
    reaches: (sign) => (sign > 0 ? origin < 1 : origin > 0),
    quantile(at) {
      const inside = Math.min(1, Math.max(0, at));
      const exact = log ? low * (high / low) ** inside : low + inside * (high - low);
      // sampleRange gives each whole number its own share of the interval: aim at the middle.
      const u = whole ? share(Math.round(exact) + 0.5, high + 1) : share(exact, high);
      return Math.min(1 - 1e-9, Math.max(0, u));
    },
  };
}

/** Ranks among the listed values; a current value that is not listed stands between two of them. */
export function listAxis({ knob, current }: KnobEvidence): Axis {
  const numbers = [...new Set((knob.values ?? []).flatMap((v) => numberIn(v) ?? []))];
  const rank = (value: number): number => {
    const below = numbers.filter((n) => n < value).length;
    return numbers.includes(value) ? below : below - 0.5;
  };
  const place = (text: string): number | null => {
    const value = numberIn(text);
    return value === null ? null : rank(value);
  };
  const origin = place(current) ?? -1;
  const reaches = (sign: 1 | -1): boolean =>
    numbers.some((number) => (rank(number) - origin) * sign > 0);
  return { origin, step: 1, place, reaches };
}
