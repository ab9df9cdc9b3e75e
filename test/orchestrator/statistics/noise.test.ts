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

describe('an arm whose training came apart', () => {
  const calm = (seed: number, arms: number) => {
    const noise = normals(uniforms(seed));
    return Array.from({ length: arms }, (_, i) => drawn(noise, i === 0 ? 3 : 2));
  };

  test('says nothing of the others, however far apart its runs lie', () => {
    for (const arms of [2, 3, 6, 20]) {
      const others = calm(arms, arms);
      const alone = moderate(others);
      for (const far of [1e3, 1e9, 1e80, 1e149]) {
        const wild = [0.1, far];
        const beside = moderate([...others.slice(0, 1), wild, ...others.slice(1)]);
        expect(beside?.typical, `${far} beside ${arms}`).toEqual(alone?.typical);
        expect(beside?.df).toBe(alone?.df);
        expect(beside?.isWild(wild)).toBe(true);
        expect(others.some((arm) => beside?.isWild(arm))).toBe(false);
        expect(beside?.noiseOf(wild)).toEqual({ variance: variance(wild), df: 1 });
      }
    }
  });

  test('hides no other that did', () => {
    const others = calm(7, 6);
    const wild = [1e3, 1.1e3, 1e40, 1e80, 1.2e80, 0.9e80, 7e79, 1e90].map((far) => [0.1, far]);
    const beside = moderate([...wild, ...others]);
    expect(beside?.typical).toEqual(moderate(others)?.typical);
    expect(wild.every((arm) => beside?.isWild(arm))).toBe(true);
  });

  test('hides no other that did beside the baseline, however many they are', () => {
    const baseline = [1, 1.01, 0.99];
    const wild = Array.from({ length: 12 }, (_, i) => [0.9, 2000 + 10 ** i]);
    const beside = moderate([baseline, ...wild], baseline);
    expect(beside?.typical).toEqual(moderate([baseline])?.typical);
    // Which of them is usual nobody can say without it.
    expect(moderate([baseline, ...wild])?.isWild([0.9, 2001])).toBe(false);
  });

  test('may be the baseline', () => {
    const wild = [0.1, 0.2, 1e6];
    const others = [
      [0.11, 0.13],
      [0.2, 0.17],
    ];
    const beside = moderate([wild, ...others]);
    expect(beside?.typical).toEqual(moderate(others)?.typical);
    expect(beside?.noiseOf(wild).variance).toBe(variance(wild));
  });

  test('is not one where few seeds happened to agree, or noise has heavy tails', () => {
    // A ratio of 20,000 on 2 and 1 degrees of freedom has chance in one of 200 nights.
    expect(
      moderate([
        [1, 2, 3],
        [1, 1.01],
      ])?.isWild([1, 2, 3]),
    ).toBe(false);
    const noise = normals(uniforms(11));
    const heavy = () => noise() / Math.sqrt((noise() ** 2 + noise() ** 2 + noise() ** 2) / 3);
    let wild = 0;
    for (let night = 0; night < 300; night++) {
      const arms = Array.from({ length: 12 }, (_, i) => drawn(heavy, 2 + (i % 3), 2 ** (i % 2)));
      const moderation = moderate(arms);
      wild += arms.filter((arm) => moderation?.isWild(arm)).length;
    }
    expect(wild).toBeLessThan(4);
    // Nor where most arms gave one number twice.
    const few = [
      [0.9, 0.9],
      [0.9, 0.9, 0.9],
      [0.8, 0.8],
      [0.9, 0.9],
      [0.9, 0.91],
    ];
    expect(moderate(few)?.isWild([0.9, 0.91])).toBe(false);
    const flat = Array.from({ length: 30 }, () => [1, 1, 1]);
    for (let night = 0; night < 300; night++) {
      const arms = Array.from({ length: 15 }, () => drawn(noise, 2));
      const moderation = moderate([...flat, ...arms]);
      wild += arms.filter((arm) => moderation?.isWild(arm)).length;
    }
    expect(wild).toBeLessThan(8);
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
