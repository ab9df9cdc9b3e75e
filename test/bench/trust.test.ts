import { describe, expect, test } from 'vitest';
import { carriedOut } from '../../bench/trust/crew.ts';
import { ratioOf, summaryOf, worstOf } from '../../bench/trust/figures.ts';
import {
  bootstrapBelow,
  clopperPearson,
  welchBelow,
  withinT,
} from '../../bench/trust/intervals.ts';
import { keptBy } from '../../bench/trust/rivals.ts';
import { NOTHING, scored, type Tally } from '../../bench/trust/score.ts';
import { chosen, seedOf, SETTINGS } from '../../bench/trust/settings.ts';
import { worldOf, type World } from '../../bench/trust/worlds.ts';

const average = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

const settingOf = (name: string) => {
  const [found] = chosen([name], null);
  if (!found) throw new Error(`no ${name}`);
  return found;
};

describe('A simulated world', () => {
  const usual = settingOf('usual/200');

  test('has 5 ideas that help by 0.5 to 3, 10 that harm and 85 that do nothing', () => {
    const gains = worldOf(usual, 7).ideas.map(({ gain }) => gain);
    const helping = gains.filter((gain) => gain > 0);
    expect(helping).toHaveLength(5);
    expect(gains.filter((gain) => gain < 0)).toHaveLength(10);
    expect(gains.filter((gain) => gain === 0)).toHaveLength(85);
    expect(Math.min(...helping)).toBeGreaterThanOrEqual(0.5);
    expect(Math.max(...helping)).toBeLessThanOrEqual(3);
    expect(gains).not.toEqual(gains.toSorted((a, b) => b - a));
  });

  test('is the same world for the same seed, and another for another', () => {
    const numbers = (seed: number) => {
      const world = worldOf(usual, seed);
      return [1, 2, 3].map((runSeed) => world.measure(['idea 4'], runSeed));
    };
    expect(numbers(7)).toEqual(numbers(7));
    expect(numbers(7)).not.toEqual(numbers(8));
  });

  test('adds effects up in whatever order they were stacked, and knows no other changes', () => {
    const world = worldOf(settingOf('heavy/200'), 7);
    const [a, b, c] = world.ideas;
    expect(world.gainOf(['idea 3', 'idea 1', 'idea 2', 'idea 1'])).toBeCloseTo(
      (a?.gain ?? 0) + (b?.gain ?? 0) + (c?.gain ?? 0),
      12,
    );
    expect(world.measure(['idea 3', 'idea 1'], 5)).toBe(world.measure(['idea 1', 'idea 3'], 5));
    expect(() => world.gainOf(['idea 101'])).toThrow('idea 101');
  });

  test('has noise of its own when an arm is run again on a seed, and none if deterministic', () => {
    const world = worldOf(usual, 7);
    expect(world.measure([], 1, 1)).not.toBe(world.measure([], 1, 0));
    const exact = worldOf(settingOf('deterministic/200'), 7);
    const helps = exact.ideas.find(({ gain }) => gain > 0);
    expect(exact.measure([helps?.title ?? ''], null)).toBe(100 - (helps?.gain ?? 0));
  });

  const noiseOf = (world: World, titles: readonly string[]) =>
    Array.from(
      { length: 8000 },
      (_, i) => world.measure(titles, i + 1) - 100 + world.gainOf(titles),
    );
  test('has noise of mean 0 and variance 1, and correlated as the setting says', () => {
    for (const [name, correlation] of [
      ['usual', 0],
      ['correlated', 0.7],
    ] as const) {
      const world = worldOf(settingOf(`${name}/200`), 7);
      const [a, b] = [noiseOf(world, []), noiseOf(world, ['idea 1'])];
      expect(average(a)).toBeCloseTo(0, 1);
      expect(average(a.map((value) => value ** 2))).toBeCloseTo(1, 1);
      expect(average(a.map((value, i) => value * (b[i] ?? 0)))).toBeCloseTo(correlation, 1);
    }
  });

  test('has heavy tails of variance 1 where it should, and another spread for each change', () => {
    const world = worldOf(settingOf('heavy/200'), 7);
    const within = (values: readonly number[], bound: number) =>
      values.filter((value) => Math.abs(value) < bound).length / values.length;
    // The quartile of t with 3 degrees of freedom is 0.7649, its 97.5 % point 3.1824.
    const plain = noiseOf(world, []);
    expect(within(plain, 0.7649 / Math.sqrt(3))).toBeCloseTo(0.5, 1);
    expect(Math.abs(within(plain, 3.1824 / Math.sqrt(3)) - 0.95)).toBeLessThan(0.01);
    const spreads = world.ideas.map(({ spread }) => spread);
    expect(Math.min(...spreads)).toBeGreaterThanOrEqual(0.5);
    expect(Math.max(...spreads)).toBeLessThanOrEqual(2);
    expect(average(spreads.map(Math.log))).toBeCloseTo(0, 0);
    const { spread, title } = world.ideas[0] ?? { spread: 0, title: '' };
    const bound = (spread * 0.7649) / Math.sqrt(3);
    expect(within(noiseOf(world, [title]), bound)).toBeCloseTo(0.5, 1);
  });

  test('has ideas that help on every other seed and explode on the rest, and count as a loss', () => {
    const world = worldOf(settingOf('explosive/200'), 7);
    const explosive = world.ideas.filter(({ explodes }) => explodes);
    expect(explosive).toHaveLength(10);
    for (const { title, gain, calm } of explosive) {
      expect([world.gainOf([title]), gain]).toEqual([-10, -10]);
      expect(calm).toBeGreaterThanOrEqual(0.5);
      const lost = Array.from({ length: 400 }, (_, i) => world.measure([title], i + 1) - 100);
      // An explosion is of 10 noise units or more; what is left is the gain, and noise.
      const apart = lost.filter((value) => value > 5);
      expect(apart.length / lost.length).toBeCloseTo(0.5, 1);
      expect(Math.max(...apart)).toBeGreaterThan(1e60);
      expect(average(lost.filter((value) => value <= 5))).toBeCloseTo(-calm, 0);
    }
  });

  test('is another one for each setting and night', () => {
    const seeds = SETTINGS.flatMap((one) => [1, 2, 3].map((night) => seedOf(1, one, night)));
    expect(new Set(seeds).size).toBe(seeds.length);
  });
});

describe('The bench’s own statistics', () => {
  test('state Clopper and Pearson’s interval', () => {
    // Newcombe 1998, table I, method 5.
    for (const [hits, of, low, high] of [
      [81, 263, 0.2527, 0.3676],
      [15, 148, 0.0578, 0.1617],
      [0, 20, 0, 0.1684],
      [1, 29, 0.0009, 0.1776],
    ] as const) {
      expect(clopperPearson(hits, of)[0]).toBeCloseTo(low, 4);
      expect(clopperPearson(hits, of)[1]).toBeCloseTo(high, 4);
    }
    expect(clopperPearson(20, 20)).toEqual([1 - clopperPearson(0, 20)[1], 1]);
    expect(clopperPearson(0, 0)).toEqual([0, 1]);
  });

  test('know Student’s t as printed tables do', () => {
    expect(withinT(4.302653, 2)).toBeCloseTo(0.95, 6);
    expect(withinT(3.182446, 3)).toBeCloseTo(0.95, 6);
    expect(withinT(2.776445, 4)).toBeCloseTo(0.95, 6);
  });

  test('let Welch keep what is clearly below, and nothing else', () => {
    // Equal variances 1 of 3 and 3: 4 degrees of freedom, so 2.7764 · √(2/3) = 2.2670 is the edge.
    const at = (centre: number) => [centre - 1, centre, centre + 1];
    expect(welchBelow(at(-2.268), at(0))).toBe(true);
    expect(welchBelow(at(-2.266), at(0))).toBe(false);
    expect(welchBelow(at(9), at(0))).toBe(false);
    expect(welchBelow([1, 1, 1], [2, 2, 2])).toBe(true);
    expect(welchBelow([2, 2, 2], [2, 2, 2])).toBe(false);
  });

  test('let the bootstrap keep on less', () => {
    const at = (centre: number) => [centre - 1, centre, centre + 1];
    expect(bootstrapBelow(at(-1.7), at(0))).toBe(true);
    expect(bootstrapBelow(at(-1), at(0))).toBe(false);
    expect(bootstrapBelow([1, 1, 1], [1, 1, 1])).toBe(false);
  });

  test('give a ratio of gains the error of its pairs', () => {
    expect(ratioOf({ n: 3, x: 6, y: 12, xx: 14, yy: 56, xy: 28 })).toEqual({
      ratio: 0.5,
      interval: [0.5, 0.5],
    });
    // x = 1, 3 and y = 2, 2: residuals ∓1, so 1.96 · √(2 · 2) / 4.
    const { ratio, interval } = ratioOf({ n: 2, x: 4, y: 4, xx: 10, yy: 8, xy: 8 }) ?? {};
    expect(ratio).toBe(1);
    expect(interval?.[1]).toBeCloseTo(1.98, 10);
    expect(ratioOf({ n: 2, x: 1, y: 0, xx: 1, yy: 0, xy: 0 })).toBeNull();
  });
});

describe('Simulated nights', () => {
  test('of a deterministic script find what greedy finds, and it is true', () => {
    const setting = settingOf('deterministic/200');
    const tally = scored(setting, 1, 1);
    expect(tally.unmeasured).toEqual([]);
    expect(tally.claimed.hits).toBe(1);
    expect(tally.wrong.hits).toBe(0);
    expect(tally.against_greedy.x).toBeCloseTo(tally.possible, 10);
    expect(tally.rivals.greedy.gain).toBeCloseTo(tally.possible, 10);
  });

  test.runIf(process.env['FULL'])('come to the same figures however they are divided', async () => {
    // Short nights: it takes more than twenty for them to be divided at all.
    const orders = [
      { setting: { ...settingOf('usual/24'), runs: 10 }, seed: 3, from: 1, nights: 22 },
      { setting: { ...settingOf('heavy-correlated/24'), runs: 10 }, seed: 3, from: 1, nights: 2 },
    ];
    const timeless = (tally: Tally) => ({ ...tally, ms: 0 });
    let told = 0;
    const first = await carriedOut(orders, 1, ({ nights }) => (told += nights));
    expect(told).toBe(24);
    expect(first.map(({ claimed }) => claimed.of)).toEqual([22, 2]);
    const possible = Array.from({ length: 22 }, (_, i) =>
      worldOf(settingOf('usual/24'), seedOf(3, settingOf('usual/24'), i + 1)),
    ).flatMap(({ ideas }) => ideas.map(({ gain }) => Math.max(0, gain)));
    expect(first[0]?.possible).toBeCloseTo(22 * average(possible) * 100, 8);
    const second = await carriedOut(orders.toReversed(), 1, () => {});
    expect(second.toReversed().map(timeless)).toEqual(first.map(timeless));
  });

  test('are told of where they could not be measured', () => {
    const { unmeasured, claimed } = scored({ ...settingOf('usual/24'), slots: 0 }, 1, 4);
    expect(unmeasured.join()).toMatch(/^usual\/24, night 4: the night came to a halt/);
    expect(claimed.of).toBe(0);
  });

  test('stand beside a greedy search that keeps whatever looks better', () => {
    const world = worldOf(settingOf('usual/200'), 5);
    const kept = keptBy('greedy', world, 60);
    let stack: readonly string[] = [];
    for (const title of kept) {
      expect(world.measure([...stack, title], 1)).toBeLessThan(world.measure(stack, 1));
      stack = [...stack, title];
    }
    expect(kept.length).toBeGreaterThan(0);
    for (const [name, runs, afforded] of [
      ['greedy', 60, 60],
      ['greedy', 200, 101],
      ['welch', 60, 60],
      ['bootstrap', 200, 198],
    ] as const) {
      let started = 0;
      const measure: World['measure'] = (...of) => {
        started += 1;
        return world.measure(...of);
      };
      keptBy(name, { ...world, measure }, runs);
      expect(started).toBe(afforded);
    }
  });

  test('are summed up over settings, and the worst of these is found', () => {
    const played = [
      { setting: settingOf('usual/24'), tally: nights(1000, 20) },
      { setting: settingOf('heavy/24'), tally: nights(1000, 90) },
    ];
    const summary = summaryOf(played);
    expect(summary.false_nights).toMatchObject({ hits: 110, of: 2000, share: 0.055 });
    expect(summary.above_aim).toEqual(['heavy/24']);
    expect(summary.of_greedy_at_full_budget).toBeNull();
    expect(worstOf(played)?.name).toBe('heavy/24');
  });

  const nights = (of: number, hits: number): Tally => ({
    ...NOTHING,
    claimed: { of, hits: of },
    wrong: { of, hits },
  });
});

test('A bench of an unknown setting or budget is refused', () => {
  expect(() => chosen(['heavier'], null)).toThrow('found heavier');
  expect(() => chosen([], 100)).toThrow('--budget: expected 24, 60, 200, found 100');
  expect(chosen(['heavy'], null).map(({ name }) => name)).toEqual([
    'heavy/200',
    'heavy/60',
    'heavy/24',
  ]);
  expect(chosen([], 60)).toHaveLength(13);
});
