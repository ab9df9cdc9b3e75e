import { describe, expect, test } from 'vitest';
import { adjustedDifference } from '../../../orchestrator/statistics/adjusted.ts';
import { mean, variance } from '../../../orchestrator/statistics/compare.ts';
import { moderate } from '../../../orchestrator/statistics/moderate.ts';
import { correlation, pooledShared, sharedBy } from '../../../orchestrator/statistics/seeds.ts';
import { normals, uniforms } from '../../support/simulate.ts';

const drawn = (noise: () => number, n: number, scale = 1): number[] =>
  Array.from({ length: n }, () => scale * noise());

describe('moderated noise', () => {
  test('says nothing where nothing was repeated, or nothing varied', () => {
    expect(moderate([[1], [2], [3]])).toBeNull();
    expect(
      moderate([
        [1, 1, 1],
        [2, 2],
      ]),
    ).toBeNull();
  });

  test('is the pooled variance while there are few arms', () => {
    const moderation = moderate([[1, 2, 3], [10, 14], [5]]);
    expect(moderation?.df).toBe(3);
    expect(moderation?.typical.variance).toBeCloseTo((2 * 1 + 8) / 3, 12);
    expect(moderation?.typical.df).toBe(3);
  });

  test('never knows more than all arms together', () => {
    const noise = normals(uniforms(3));
    for (let arms = 1; arms <= 12; arms++) {
      const lists = Array.from({ length: arms }, () => drawn(noise, 2));
      const moderation = moderate(lists);
      for (const list of lists) expect(moderation?.noiseOf(list).df).toBeLessThanOrEqual(arms);
    }
  });

  test('draws an arm’s own variance towards the others, more so the more alike those are', () => {
    const noise = normals(uniforms(5));
    const alike = Array.from({ length: 30 }, () => drawn(noise, 4));
    const unlike = Array.from({ length: 30 }, (_, i) => drawn(noise, 4, 4 ** ((i % 3) - 1)));
    const loud = [-6, 6, -5, 5];
    const own = variance(loud) ?? 0;
    const among = (arms: number[][]) => moderate([...arms, loud])?.noiseOf(loud).variance ?? 0;
    expect(among(alike)).toBeLessThan(own / 3);
    expect(among(unlike)).toBeGreaterThan(among(alike));
    expect(among(unlike)).toBeLessThan(own);
  });

  test('scales and shifts as the numbers do', () => {
    const noise = normals(uniforms(8));
    const arms = Array.from({ length: 9 }, () => drawn(noise, 3));
    const moved = arms.map((arm) => arm.map((value) => 7 - 10 * value));
    const [a, b] = [moderate(arms), moderate(moved)];
    expect(b?.typical.variance).toBeCloseTo(100 * (a?.typical.variance ?? 0), 8);
    expect(b?.noiseOf(moved[0] ?? []).variance).toBeCloseTo(
      100 * (a?.noiseOf(arms[0] ?? []).variance ?? 0),
      8,
    );
  });
});

describe('the correlation at shared seeds', () => {
  test('is drawn to none while few pairs are known, and to what many show', () => {
    const noise = normals(uniforms(4));
    const pair = (n: number) => {
      const seeds = Array.from({ length: n }, noise);
      const one = () =>
        new Map(seeds.map((s, i) => [i + 1, Math.sqrt(0.8) * s + Math.sqrt(0.2) * noise()]));
      return sharedBy(one(), one());
    };
    const few = pooledShared([pair(2)]);
    expect(Math.abs(correlation(few, few))).toBeLessThan(0.5);
    const many = pooledShared(Array.from({ length: 100 }, () => pair(4)));
    expect(correlation(many, many)).toBeCloseTo(0.8, 1);
    expect(correlation(pooledShared([]), many)).toBeGreaterThan(0.6);
  });

  test('counts nothing where arms share fewer than two seeds', () => {
    expect(sharedBy(new Map([[1, 3]]), new Map([[1, 4]])).df).toBe(0);
  });
});

describe('the difference adjusted for shared seeds', () => {
  const noise = { candidate: { variance: 1, df: 20 }, parent: { variance: 1, df: 20 } };

  test('is the plain difference of means where seeds do nothing', () => {
    const [a, b] = [
      new Map([[1, 2]]),
      new Map([
        [1, 5],
        [2, 7],
      ]),
    ];
    const { effect, error } = adjustedDifference(a, b, noise, 0);
    expect(effect).toBe(-4);
    expect(error).toBeCloseTo(Math.sqrt(1 + 1 / 2), 12);
  });

  test.each([0, 0.4, 0.7, -0.3])(
    'is unbiased and as uncertain as it says at correlation %d',
    (rho) => {
      const normal = normals(uniforms(21));
      const found: number[] = [];
      let said = 0;
      for (let i = 0; i < 4000; i++) {
        const parent = new Map<number, number>();
        const candidate = new Map<number, number>();
        for (const seed of [1, 2, 3, 4]) {
          const x = normal();
          parent.set(seed, x);
          if (seed <= 2) candidate.set(seed, 0.5 + rho * x + Math.sqrt(1 - rho * rho) * normal());
        }
        const { effect, error } = adjustedDifference(candidate, parent, noise, rho);
        found.push(effect);
        said = error;
      }
      expect(mean(found)).toBeCloseTo(0.5, 1);
      expect(Math.sqrt(variance(found) ?? 0) / said).toBeCloseTo(1, 1);
    },
  );
});
