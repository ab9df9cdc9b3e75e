import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bandAt,
  curveOf,
  followHopeless,
  LEAST_CURVES,
  type Curve,
  type Mode,
  type Sense,
} from '../../workers/prune.ts';

const LOSS: Sense = { direction: 'minimize', at: 'last' };

/** Readings at 10, 20, … of a loss that falls to `end`. */
const falling = (end: number, steps = 100): Curve =>
  Array.from({ length: steps / 10 }, (_, i) => ({
    step: 10 * (i + 1),
    value: end + 3 * Math.exp(-(i + 1) / 3),
  }));
/** The incumbent's: at every step 1 ± 0.0129 above what all fall by. */
const ENDS = [0.985, 0.995, 1.005, 1.015];
const reference = ENDS.map((end) => falling(end));
const SPREAD = 0.0129;

/** The step at which a candidate is found to be hopeless; null: never. */
function prunedAt(
  candidate: Curve,
  { curves = reference, sense = LOSS, mode = 'cautious' as Mode } = {},
): number | null {
  const follow = followHopeless(curves, sense, mode);
  for (const reading of candidate) if (follow(reading) !== null) return reading.step;
  return null;
}

describe('a hopeless curve', () => {
  test('is told at the second reading in a row from half of the way', () => {
    expect(prunedAt(falling(1.2))).toBe(60);
    expect(followHopeless(reference, LOSS, 'cautious')({ step: 60, value: 9 })).toBeNull();
  });

  test('is four standard deviations worse than the mean, and not only three', () => {
    expect(prunedAt(falling(1 + 3.9 * SPREAD))).toBeNull();
    expect(prunedAt(falling(1 + 4.1 * SPREAD))).toBe(60);
  });

  test('is told earlier, and of less, by the eager rule', () => {
    expect(prunedAt(falling(1 + 3.9 * SPREAD), { mode: 'eager' })).toBe(40);
    expect(prunedAt(falling(1 + 2.9 * SPREAD), { mode: 'eager' })).toBeNull();
  });

  test('needs two readings in a row: one that is back begins the count anew', () => {
    const spikes = falling(1).map((reading, i) =>
      i % 2 === 0 ? { ...reading, value: reading.value + 1 } : reading,
    );
    expect(prunedAt(spikes)).toBeNull();
    const twice = followHopeless(reference, LOSS, 'cautious');
    // A bar that draws one step again is no second reading.
    expect([60, 60, 60].map((step) => twice({ step, value: 9 }))).toEqual([null, null, null]);
  });

  test('says the value, and the mean, the spread and the number of the curves there', () => {
    const follow = followHopeless(reference, LOSS, 'cautious');
    const at = (step: number) => follow({ step, value: 2 });
    expect(at(50)).toBeNull();
    const found = at(60);
    const mean = 1 + 3 * Math.exp(-2);
    expect(found).toMatchObject({ step: 60, value: 2, n: 4, progress: 0.6 });
    expect(found?.mean).toBeCloseTo(mean, 9);
    expect(found?.spread).toBeCloseTo(SPREAD, 4);
    expect(found?.beyond).toBeCloseTo((2 - mean) / SPREAD, 0);
  });

  test('is never found with fewer than four curves, nor where these do not differ', () => {
    expect(prunedAt(falling(9), { curves: reference.slice(1) })).toBeNull();
    const alike = [0, 1, 2, 3, 4].map(() => falling(1));
    expect(prunedAt(falling(9), { curves: alike })).toBeNull();
    const cutShort = reference.map((curve, i) => (i === 0 ? curve.slice(0, 4) : curve));
    expect(prunedAt(falling(9), { curves: cutShort })).toBeNull();
  });

  test('is never found where there is nothing to save, or no curve to be had', () => {
    const late = falling(9).filter(({ step }) => step > 90);
    expect(prunedAt([...late, { step: 100, value: 9 }])).toBeNull();
    expect(prunedAt([])).toBeNull();
    expect(prunedAt(falling(9), { curves: [] })).toBeNull();
    // Steps that begin again with each epoch.
    const epochs = [...falling(9, 40), ...falling(9, 40), ...falling(9)];
    expect(prunedAt(epochs)).toBeNull();
    expect(curveOf(epochs)).toBeNull();
  });

  test('of a metric whose best value counts is judged by the best so far', () => {
    const best: Sense = { direction: 'minimize', at: 'best' };
    const rises = falling(1).map(({ step, value }) => ({
      step,
      value: step <= 40 ? value - 2 : value + 9,
    }));
    expect(prunedAt(rises)).toBe(60);
    expect(prunedAt(rises, { sense: best })).toBeNull();
    expect(prunedAt(falling(1.2), { sense: best })).toBe(60);
  });

  test('is none of NaN: another rule sees to that', () => {
    expect(prunedAt(falling(Number.NaN))).toBeNull();
  });
});

describe('the rule', () => {
  const numbers = fc.record({
    ends: fc.array(fc.integer({ min: 900, max: 1100 }), { minLength: 4, maxLength: 6 }),
    loss: fc.integer({ min: 500, max: 3000 }),
    mode: fc.constantFrom<Mode>('cautious', 'eager'),
  });
  const curvesOf = (ends: readonly number[]) => ends.map((end) => falling(end / 1000));
  const moved = (curve: Curve, move: (value: number) => number): Curve =>
    curve.map(({ step, value }) => ({ step, value: move(value) }));

  test('knows no scale and no direction', () => {
    fc.assert(
      fc.property(numbers, ({ ends, loss, mode }) => {
        const [curves, candidate] = [curvesOf(ends), falling(loss / 1000)];
        const plain = prunedAt(candidate, { curves, mode });
        const scaled = (value: number) => 1024 * value;
        const upwards = (value: number) => -value;
        for (const [move, direction] of [
          [scaled, 'minimize'],
          [upwards, 'maximize'],
        ] as const) {
          const there = curves.map((curve) => moved(curve, move));
          const sense: Sense = { direction, at: 'last' };
          expect(prunedAt(moved(candidate, move), { curves: there, sense, mode })).toBe(plain);
        }
      }),
      { seed: 1 },
    );
  });

  test('is monotone: a worse curve is never kept where a better one is pruned', () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: 0, max: 500 }), ({ ends, loss, mode }, more) => {
        const curves = curvesOf(ends);
        const better = prunedAt(falling(loss / 1000), { curves, mode });
        const worse = prunedAt(falling((loss + more) / 1000), { curves, mode });
        expect(worse ?? Infinity).toBeLessThanOrEqual(better ?? Infinity);
      }),
      { seed: 1 },
    );
  });

  test('never prunes what is no worse than the mean', () => {
    fc.assert(
      fc.property(numbers, ({ ends, mode }) => {
        const mean = ends.reduce((sum, end) => sum + end, 0) / ends.length / 1000;
        const curves = curvesOf(ends);
        expect(prunedAt(falling(mean - 1e-6), { curves, mode })).toBeNull();
      }),
      { seed: 1 },
    );
  });
});

describe('a band', () => {
  test('is read on the line between two readings, and never beyond the first or the last', () => {
    const lines = [0, 1, 2, 3].map((value) => [
      { step: 10, value },
      { step: 20, value: value + 10 },
    ]);
    expect(bandAt(lines, 15)).toMatchObject({ mean: 6.5, n: LEAST_CURVES });
    expect(bandAt(lines, 10)?.mean).toBe(1.5);
    expect(bandAt(lines, 20)?.mean).toBe(11.5);
    expect(bandAt(lines, 9)).toBeNull();
    expect(bandAt(lines, 21)).toBeNull();
  });

  test('leaves out a curve that is not finite there, and keeps it elsewhere', () => {
    const lines = [0, 1, 2, 3, 4].map((value) => [
      { step: 10, value },
      { step: 20, value: value === 4 ? Number.NaN : value },
      { step: 30, value },
    ]);
    expect([10, 15, 20, 25, 30].map((step) => bandAt(lines, step)?.n)).toEqual([5, 4, 4, 4, 5]);
  });
});
