import { describe, expect, test } from 'vitest';
import { belief } from '../../../orchestrator/statistics/belief.ts';

const one = (gain: number, error = 1, df = 10) => belief([{ gain, error, df }], 1);

describe('what the search believes', () => {
  test('is sceptical before anything was measured', () => {
    const { better, worse, gain } = belief([], 1);
    expect(better).toBeCloseTo(0.125, 10);
    expect(worse).toBeCloseTo(0.125, 10);
    expect(gain).toBeCloseTo(0, 10);
  });

  test('grows with what was measured, and with how well', () => {
    const gains = [-4, -2, -1, 0, 1, 2, 4, 8, 30].map((gain) => one(gain).better);
    expect(gains).toEqual(gains.toSorted((a, b) => a - b));
    expect(one(2, 0.5).better).toBeGreaterThan(one(2, 1).better);
    expect(one(3, 1, 30).better).toBeGreaterThan(one(3, 1, 2).better);
  });

  test('treats gain and loss alike', () => {
    for (const gain of [0.3, 1, 5]) {
      expect(one(gain).better).toBeCloseTo(one(-gain).worse, 12);
      expect(one(gain).gain).toBeCloseTo(-one(-gain).gain, 12);
    }
  });

  test('does not depend on the unit of the objective', () => {
    const inMilli = belief([{ gain: 2000, error: 1000, df: 7 }], 1000);
    const plain = belief([{ gain: 2, error: 1, df: 7 }], 1);
    expect(inMilli.better).toBeCloseTo(plain.better, 12);
    expect(inMilli.gain).toBeCloseTo(1000 * plain.gain, 8);
  });

  test('shrinks what is small against the noise, and keeps what is large', () => {
    expect(one(1).gain).toBeLessThan(0.5);
    expect(one(20).gain).toBeGreaterThan(15);
    expect(one(40, 1, 2).better).toBeGreaterThan(0.8);
    for (const gain of [400, 1e4, 3e5]) expect(one(gain, 1, 2).better).toBeGreaterThan(0.99);
  });

  test('knows a loss that is larger than any square, and what it is beside others', () => {
    for (const gain of [1e10, 1e80, 1e149])
      for (const df of [2, 30]) {
        expect(one(-gain, 1, df).worse, `${gain} on ${df}`).toBeGreaterThan(0.99);
        expect(one(gain, 1, df).better, `${gain} on ${df}`).toBeGreaterThan(0.99);
        expect(one(-gain, 0.005, df).gain / -gain, `${gain} on ${df}`).toBeCloseTo(1, 1);
      }
    // Known on less than one degree of freedom, noise itself reaches as far.
    expect(one(-1e80, 1, 0.7).better).toBeLessThan(0.125);
    const twice = [0.3, -1e149].map((gain) => ({ gain, error: 1, df: 5 }));
    const { better, worse } = belief(twice, 1);
    expect(better + worse).toBeLessThanOrEqual(1);
  });

  test('stays a number where two measurements contradict each other beyond all measure', () => {
    const odd = belief(
      [
        { gain: 1e6, error: 1, df: 30 },
        { gain: -1e6, error: 1, df: 30 },
      ],
      1,
    );
    expect(Number.isFinite(odd.better)).toBe(true);
    expect(odd.better + odd.worse).toBeLessThanOrEqual(1 + 1e-9);
  });
});
