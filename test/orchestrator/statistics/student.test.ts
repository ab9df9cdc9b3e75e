import { describe, expect, test } from 'vitest';
import {
  digamma,
  logGamma,
  trigamma,
  trigammaInverse,
} from '../../../orchestrator/statistics/gamma.ts';
import { tCdf, tDensity, tQuantile } from '../../../orchestrator/statistics/student.ts';

describe('Student’s t', () => {
  test.each([
    // Two-sided 95 % and 99 % points, as printed tables give them.
    [0.975, 1, 12.7062],
    [0.975, 2, 4.3027],
    [0.975, 4, 2.7764],
    [0.975, 10, 2.2281],
    [0.975, 30, 2.0423],
    [0.995, 5, 4.0321],
    [0.95, 7, 1.8946],
    [0.9999, 1, 3183.0988],
  ])('has its %d point with %d degrees of freedom at %d', (p, df, t) => {
    expect(tQuantile(p, df)).toBeCloseTo(t, 3);
  });

  test('is symmetric, and its quantile undoes its distribution', () => {
    for (const df of [0.7, 1, 2.5, 9, 80, 5000])
      for (const t of [0.01, 0.5, 1, 3]) {
        expect(tCdf(-t, df)).toBeCloseTo(1 - tCdf(t, df), 12);
        expect(tQuantile(tCdf(t, df), df)).toBeCloseTo(t, 7);
      }
  });

  test('has a density that is the slope of its distribution', () => {
    for (const df of [1, 2.5, 30])
      for (const t of [-2, 0, 0.7, 4]) {
        const slope = (tCdf(t + 1e-5, df) - tCdf(t - 1e-5, df)) / 2e-5;
        expect(tDensity(t, df)).toBeCloseTo(slope, 4);
      }
  });
});

describe('the gamma function’s relatives', () => {
  test('have the values of the tables', () => {
    expect(logGamma(5)).toBeCloseTo(Math.log(24), 10);
    expect(digamma(1)).toBeCloseTo(-0.5772156649015329, 10);
    expect(digamma(0.5)).toBeCloseTo(-1.9635100260214235, 10);
    expect(trigamma(1)).toBeCloseTo(Math.PI ** 2 / 6, 10);
    expect(trigamma(0.5)).toBeCloseTo(Math.PI ** 2 / 2, 9);
  });

  test('are undone by the inverse', () => {
    for (const x of [0.05, 0.5, 1, 3, 40, 900])
      expect(trigammaInverse(trigamma(x)) / x).toBeCloseTo(1, 8);
  });
});
