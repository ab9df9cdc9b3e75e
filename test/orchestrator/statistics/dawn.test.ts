import { describe, expect, test } from 'vitest';
import type { Objective } from '../../../orchestrator/domain/plan.ts';
import { paired, stated, twoSided, welch } from '../../../orchestrator/statistics/compare.ts';
import {
  attribute,
  dawnTest,
  holm,
  judgeDawn,
  lackAtDawn,
  type FreshArm,
} from '../../../orchestrator/statistics/dawn.ts';
import { runsForEquivalence, smallestConfirmable } from '../../../orchestrator/statistics/power.ts';
import { aPlan, normals, uniforms } from '../../support/simulate.ts';

const objective = (direction: 'minimize' | 'maximize', min_effect?: number): Objective =>
  aPlan({ objective: { metric: 'loss', direction, ...(min_effect ? { min_effect } : {}) } })
    .objective;

const arm = (values: readonly number[], first = 100_001): FreshArm =>
  values.map((value, i) => ({ run: `E-0001.${i + 1}`, seed: first + i, value }));

const welchsTest = { test: 'welch', deterministic: false } as const;

describe('contrasts', () => {
  test('give Welch’s textbook interval', () => {
    // By hand: means 3 and 6, variances 2.5 and 10 over n 5, df 5.882, t 2.459, error 1.5811.
    const [a, b] = [
      [1, 2, 3, 4, 5],
      [2, 4, 6, 8, 10],
    ];
    const { effect, interval } = stated(a, b, welch(a, b));
    expect(effect).toBe(-3);
    expect(interval?.[0]).toBeCloseTo(-6.888, 2);
    expect(interval?.[1]).toBeCloseTo(0.888, 2);
  });

  test('give the paired interval of Student’s sleep data', () => {
    const first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2];
    const second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
    const difference = paired(first, second);
    const { effect, interval } = stated(first, second, difference);
    expect(effect).toBeCloseTo(-1.58, 10);
    expect(interval?.[0]).toBeCloseTo(-2.4599, 3);
    expect(interval?.[1]).toBeCloseTo(-0.7001, 3);
    expect(difference && twoSided(difference)).toBeCloseTo(0.00283, 5);
  });

  test('never have an interval of width 0: no spread seen is not no spread', () => {
    expect(welch([1, 1, 1], [2, 2, 2])).toBeNull();
    expect(paired([1, 2, 3], [2, 3, 4])).toBeNull();
    expect(stated([1], [2], null).interval).toBeNull();
  });

  test.each([
    ['Welch’s, unequal spreads', 0, 2, welch],
    ['paired, at correlation 0', 0, 1, paired],
    ['paired, at correlation 0.7', 0.7, 1, paired],
  ] as const)('cover the true difference 95 times in 100: %s', (_, rho, scale, test) => {
    const normal = normals(uniforms(7));
    const nights = 4000;
    let covered = 0;
    for (let i = 0; i < nights; i++) {
      const seeds = Array.from({ length: 4 }, normal);
      const draw = (by: number) =>
        seeds.map((s) => by * (Math.sqrt(rho) * s + Math.sqrt(1 - rho) * normal()));
      const [a, b] = [draw(1), draw(scale)];
      const { interval } = stated(a, b, test(a, b));
      if (interval && interval[0] <= 0 && interval[1] >= 0) covered++;
    }
    // Four standard errors of a simulated share are 0.014; Welch is slightly conservative here.
    expect(covered / nights).toBeGreaterThan(0.936);
    expect(covered / nights).toBeLessThan(0.985);
  });
});

describe('dawn', () => {
  const better = arm([0.8, 0.81, 0.79, 0.8]);
  const base = arm([1, 1.01, 0.99, 1.02]);

  test('confirms a clear gain, whichever way is good and whatever the unit', () => {
    expect(judgeDawn(objective('minimize'), better, base, welchsTest).confirmed).toBe(true);
    expect(judgeDawn(objective('maximize'), better, base, welchsTest).confirmed).toBe(false);
    const turned = (of: FreshArm) => of.map((p) => ({ ...p, value: -1000 * p.value }));
    expect(
      judgeDawn(objective('maximize'), turned(better), turned(base), welchsTest).confirmed,
    ).toBe(true);
  });

  test('confirms nothing below min_effect, on too few seeds, or without any spread', () => {
    expect(judgeDawn(objective('minimize', 0.5), better, base, welchsTest).confirmed).toBe(false);
    const [two, three] = [better.slice(0, 2), base.slice(0, 3)];
    expect(judgeDawn(objective('minimize'), two, three, welchsTest).confirmed).toBe(false);
    const flat = arm([0.8, 0.8, 0.8]);
    const level = arm([1, 1, 1]);
    expect(judgeDawn(objective('minimize'), flat, level, welchsTest).confirmed).toBe(false);
    const deterministic = { test: 'welch', deterministic: true } as const;
    expect(
      judgeDawn(objective('minimize'), flat.slice(1, 2), level.slice(1, 2), deterministic)
        .confirmed,
    ).toBe(true);
  });

  test('pairs only the seeds that both arms finished', () => {
    const test = { test: 'paired', deterministic: false } as const;
    const wild = arm([5, 1, 9, 3]);
    const shifted = wild.slice(1).map((p, i) => ({ ...p, value: p.value - 0.5 + 0.01 * i }));
    const word = judgeDawn(objective('minimize'), shifted, wild, test);
    expect(word).toMatchObject({ confirmed: true, n: 3, n_baseline: 4 });
    expect(word.on_baseline?.effect).toBeCloseTo(-0.49, 10);
  });

  test('compares means where the arms finished no seed in common, and stays a number', () => {
    const how = { test: 'paired', deterministic: false } as const;
    const [tip, base] = [arm([1, 1.1], 100_001), arm([2, 2.1, 2.2], 100_003)];
    const word = judgeDawn(objective('minimize'), tip, base, how);
    expect(word.confirmed).toBe(false);
    expect(word.on_baseline?.effect).toBeCloseTo(-1.05, 10);
    const [worth] = attribute(objective('minimize'), tip, [{ without: base }], how);
    expect(worth?.effect).toBeCloseTo(-1.05, 10);
  });

  test('names what a claim lacks, and nothing where it confirms', () => {
    const lack = (tip: FreshArm, min_effect?: number, of: FreshArm = base) =>
      lackAtDawn(objective('minimize', min_effect), tip, of, welchsTest);
    expect(lack(better)).toBeNull();
    expect(lack(better, 0.5)).toEqual({ of: 'size' });
    expect(lack(base)).toEqual({ of: 'gain' });
    expect(lack(better.slice(0, 1))).toEqual({ of: 'seeds', arm: 'tip', n: 1 });
    expect(lack(better, 0.5, base.slice(2))).toEqual({ of: 'seeds', arm: 'baseline', n: 2 });
    const one = (value: number) => arm([value, value, value]);
    expect(lack(one(0.8), undefined, one(1))).toEqual({ of: 'spread' });
    const shifted = base.map((p) => ({ ...p, seed: (p.seed ?? 0) + 2 }));
    const paired = { test: 'paired', deterministic: false } as const;
    expect(lackAtDawn(objective('minimize'), better, shifted, paired)).toEqual({
      ...{ of: 'pairs', n: 2 },
    });
  });

  test('lacks something exactly where it does not confirm', () => {
    const uniform = uniforms(23);
    const draw = (by: number, first: number) =>
      arm(
        // Coarse numbers, so that some arms have no spread and some gains are 0.
        Array.from({ length: 1 + Math.floor(5 * uniform()) }, () => by + Math.round(2 * uniform())),
        first + Math.floor(3 * uniform()),
      );
    const words = Array.from({ length: 3000 }, () => {
      const goal = objective('maximize', uniform() < 0.5 ? 2 : undefined);
      const how = {
        test: uniform() < 0.5 ? 'paired' : 'welch',
        deterministic: uniform() < 0.2,
      } as const;
      const [tip, of] = [draw(Math.floor(4 * uniform()), 100_001), draw(0, 100_001)];
      const { confirmed } = judgeDawn(goal, tip, of, how);
      expect(lackAtDawn(goal, tip, of, how) === null).toBe(confirmed);
      return confirmed;
    });
    expect(new Set(words).size).toBe(2);
  });

  test('pairs where the search saw seeds act alike, on enough pairs', () => {
    expect(dawnTest(0.7, 12)).toBe('paired');
    expect(dawnTest(0.7, 2)).toBe('welch');
    expect(dawnTest(0.1, 40)).toBe('welch');
  });

  test('attributes to each change what leaving it out costs, and nothing to the idle', () => {
    const without = (values: readonly number[]) => ({ without: arm(values) });
    const [a, b, c] = attribute(
      objective('minimize'),
      arm([0.8, 0.81, 0.79, 0.8, 0.8]),
      [without([1, 1.01, 0.99, 1.02, 1]), without([0.81, 0.79, 0.8, 0.8, 0.81]), { without: [] }],
      welchsTest,
    );
    expect(a).toMatchObject({ attributed: true, n: 5 });
    expect(a?.effect).toBeCloseTo(-0.204, 10);
    expect(b?.attributed).toBe(false);
    expect(c).toMatchObject({ attributed: false, effect: null, p: 1 });
  });

  test('does not attribute a harm, however sure it is', () => {
    const harmful = attribute(
      objective('minimize'),
      arm([0.8, 0.81, 0.79, 0.8]),
      [{ without: arm([0.6, 0.61, 0.59, 0.6]) }],
      welchsTest,
    );
    expect(harmful[0]).toMatchObject({ attributed: false });
    expect(harmful[0]?.p).toBeLessThan(0.01);
  });
});

describe('Holm’s procedure', () => {
  test('gives the adjusted values of the paper’s scheme, in the order asked', () => {
    const adjusted = holm([0.01, 0.04, 0.03, 0.005]);
    expect(adjusted.map((p) => Number(p.toFixed(10)))).toEqual([0.03, 0.06, 0.06, 0.02]);
    expect(holm([])).toEqual([]);
  });

  test('keeps the chance of any false rejection at α, whatever holds besides', () => {
    const uniform = uniforms(13);
    let wrong = 0;
    const nights = 5000;
    for (let i = 0; i < nights; i++) {
      const idle = Array.from({ length: 4 }, uniform);
      const adjusted = holm([...idle, 1e-6, 1e-5]);
      if (adjusted.slice(0, 4).some((p) => p <= 0.05)) wrong++;
    }
    expect(wrong / nights).toBeLessThan(0.062);
    expect(wrong / nights).toBeGreaterThan(0.035);
  });
});

describe('what a budget can find out', () => {
  test('is a gain that dawn then confirms about four times in five', () => {
    const normal = normals(uniforms(17));
    for (const n of [4, 10]) {
      const gain = smallestConfirmable({ variance: 4, df: 50 }, n) ?? 0;
      const draw = (by: number) => arm(Array.from({ length: n }, () => by + 2 * normal()));
      let confirmed = 0;
      for (let i = 0; i < 1000; i++)
        if (judgeDawn(objective('minimize'), draw(-gain), draw(0), welchsTest).confirmed)
          confirmed++;
      expect(confirmed / 1000).toBeGreaterThan(0.74);
      expect(confirmed / 1000).toBeLessThan(0.87);
    }
    expect(smallestConfirmable({ variance: 1, df: 9 }, 1)).toBeNull();
  });

  test('falls with every seed more, and scales with the noise', () => {
    const gains = [2, 3, 4, 8, 20].map((n) => smallestConfirmable({ variance: 1, df: 30 }, n) ?? 0);
    expect(gains).toEqual(gains.toSorted((a, b) => b - a));
    expect(smallestConfirmable({ variance: 9, df: 30 }, 4)).toBeCloseTo(3 * (gains[2] ?? 0), 10);
  });

  test('is many runs where "no difference" is to be shown', () => {
    const runs = runsForEquivalence({ variance: 1, df: 10 }, 0.5) ?? 0;
    expect(runs).toBeGreaterThan(60);
    expect(runs).toBeLessThan(110);
    expect(runsForEquivalence({ variance: 1, df: 10 }, 1e-6)).toBeNull();
    expect(runsForEquivalence({ variance: 1, df: 10 }, 50)).toBe(2);
  });
});
