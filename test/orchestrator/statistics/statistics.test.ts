import { describe, expect, test } from 'vitest';
import {
  pooledContrast,
  pooledNoise,
  variance,
  welchContrast,
} from '../../../orchestrator/statistics/compare.ts';
import { tCdf, tQuantile } from '../../../orchestrator/statistics/student.ts';
import { normals, uniforms } from '../../support/simulate.ts';

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
  ])('has its %d point with %d degrees of freedom at %d', (p, df, t) => {
    expect(tQuantile(p, df)).toBeCloseTo(t, 4);
  });

  test('is symmetric, and its quantile undoes its distribution', () => {
    for (const df of [0.7, 1, 2.5, 9, 80])
      for (const t of [0.01, 0.5, 1, 3]) {
        expect(tCdf(-t, df)).toBeCloseTo(1 - tCdf(t, df), 12);
        expect(tQuantile(tCdf(t, df), df)).toBeCloseTo(t, 5);
      }
  });
});

describe('contrasts', () => {
  test('give Welch’s textbook interval', () => {
    // By hand: means 3 and 6, variances 2.5 and 10 over n 5, df 5.882, t 2.459, error 1.5811.
    const { effect, interval } = welchContrast([1, 2, 3, 4, 5], [2, 4, 6, 8, 10]);
    expect(effect).toBe(-3);
    expect(interval?.[0]).toBeCloseTo(-6.888, 2);
    expect(interval?.[1]).toBeCloseTo(0.888, 2);
  });

  test('scale and shift as the numbers do', () => {
    const [a, b] = [
      [1.1, 1.4, 1.2],
      [2, 2.5, 2.1, 2.2],
    ] as const;
    const plain = welchContrast(a, b);
    const scaled = welchContrast(
      a.map((v) => 10 * v + 3),
      b.map((v) => 10 * v + 3),
    );
    expect(scaled.effect).toBeCloseTo(10 * plain.effect, 10);
    expect(scaled.interval?.[0]).toBeCloseTo(10 * (plain.interval?.[0] ?? Number.NaN), 8);
  });

  test('never have an interval of width 0: no spread seen is not no spread', () => {
    expect(welchContrast([1, 1, 1], [2, 2, 2]).interval).toBeNull();
    expect(pooledNoise([[1, 1], [2]])).toBeNull();
    expect(pooledContrast([1], [2], null).interval).toBeNull();
  });

  test('cover the true difference 95 times in 100', () => {
    const noise = normals(uniforms(7));
    const draw = (n: number, scale: number) => Array.from({ length: n }, () => scale * noise());
    const nights = 4000;
    let covered = 0;
    for (let i = 0; i < nights; i++) {
      const { interval } = welchContrast(draw(4, 1), draw(4, 2));
      if (interval && interval[0] <= 0 && interval[1] >= 0) covered++;
    }
    // Welch is slightly conservative here; four standard errors of a simulated share are 0.014.
    expect(covered / nights).toBeGreaterThan(0.936);
    expect(covered / nights).toBeLessThan(0.985);
  });

  test('pool as an analysis of variance does', () => {
    const arms = [[1, 2, 3], [10, 14], [5]];
    const noise = pooledNoise(arms);
    expect(noise?.df).toBe(3);
    expect(noise?.variance).toBeCloseTo((2 * (variance([1, 2, 3]) ?? 0) + 8) / 3, 12);
  });
});
