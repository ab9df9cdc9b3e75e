import { describe, expect, test } from 'vitest';
import {
  differenceTo,
  ratioTo,
  rising,
  secondsTo,
  type Nights,
} from '../../bench/search-figures.ts';
import { aNightOf, autolab } from '../../bench/search-night.ts';
import { recorded } from '../../bench/search-objectives.ts';
import { plainTpe, randomSearch } from '../../bench/search-rivals.ts';
import { arms } from '../../bench/table-noise.ts';
import { readTable, type Table } from '../../bench/table.ts';
import { tpe, type Trial } from '../../bench/tpe.ts';
import type { Knob } from '../../orchestrator/domain/plan.ts';
import { normals, uniforms } from '../support/simulate.ts';

const stations = (...levels: readonly number[]) =>
  levels.map((level, i) => ({ seconds: 10 * (i + 1), level }));
const levelsOf = (curve: ReturnType<typeof rising>) => curve.map(({ level }) => level);

describe('the ratio of seconds', () => {
  test('a curve that falls is put at the mean of what falls, and one that rises is left', () => {
    expect(levelsOf(rising(stations(0, 0.2, 0.5)))).toEqual([0, 0.2, 0.5]);
    expect(levelsOf(rising(stations(0, 0.4, 0.2, 0.6)))).toEqual([
      0,
      expect.closeTo(0.3),
      expect.closeTo(0.3),
      0.6,
    ]);
    expect(levelsOf(rising(stations(3, 2, 1)))).toEqual([2, 2, 2]);
  });

  test('a level between two budgets is reached between them, and one above all of them never', () => {
    expect(secondsTo(stations(0, 0.5, 1), 0.75)).toBeCloseTo(25);
    expect(secondsTo(stations(0, 0.5, 1), 0.5)).toBeCloseTo(20);
    expect(secondsTo(stations(0, 0.5, 0.5), 0.5)).toBeCloseTo(20);
    expect(secondsTo(stations(0, 0.5, 1), 1.1)).toBe(Infinity);
  });

  const nights = (seconds: number, ...levels: readonly number[]): Nights =>
    levels.map((level) => ({ seconds, confirmed: level, provisional: level }));

  test('half the seconds to the same mean level are a ratio of a half, whatever the nights are drawn', () => {
    const rival = nights(200, 0.4, 0.4, 0.4);
    const own = [nights(50, 0, 0, 0), nights(100, 0.4, 0.4, 0.4), nights(200, 0.9, 0.9, 0.9)];
    expect(ratioTo(own, rival, 'confirmed')).toEqual({ value: 0.5, low: 0.5, high: 0.5 });
    expect(differenceTo(nights(200, 0.9, 0.9, 0.9), rival, 'confirmed').value).toBeCloseTo(0.5);
  });

  test('nothing is to be reached where the rival reaches nothing', () => {
    const none = nights(100, 0, 0);
    expect(ratioTo([none], none, 'confirmed').value).toBeNaN();
  });

  test('nights are drawn in pairs, so that luck which both share leaves the difference sure', () => {
    const rival = nights(100, 0.1, 0.5, 0.9);
    const { value, low, high } = differenceTo(nights(100, 0.2, 0.6, 1), rival, 'provisional');
    for (const one of [value, low, high]) expect(one).toBeCloseTo(0.1);
  });
});

const WORDS: Record<string, Knob> = { k: { file: 'a', values: ['a', 'b', 'c', 'd'] } };

describe('the plain TPE', () => {
  test('draws by lot until it has ten trials, failures among them', () => {
    const trials = Array.from({ length: 9 }, (): Trial => ({ settings: { k: 'a' }, loss: 0 }));
    const drawn = new Set(Array.from({ length: 60 }, (_, i) => tpe(WORDS, trials, uniforms(i)).k));
    expect(drawn.size).toBe(4);
  });

  test('then goes where the best quarter was and the rest was not', () => {
    const trials = Array.from({ length: 24 }, (_, i): Trial => {
      const k = ['a', 'b', 'c', 'd'][i % 4] ?? 'a';
      return { settings: { k }, loss: k === 'b' ? 1 + i / 100 : k === 'a' ? Infinity : 5 };
    });
    expect(tpe(WORDS, trials, uniforms(1)).k).toBe('b');
  });

  test('stays inside a range, near its best trials', () => {
    const rate: Record<string, Knob> = { rate: { file: 'a', range: [1e-4, 1], scale: 'log' } };
    const random = uniforms(3);
    const trials = Array.from({ length: 40 }, (): Trial => {
      const exponent = -4 * random();
      return { settings: { rate: String(10 ** exponent) }, loss: (exponent + 2) ** 2 };
    });
    const drawn = Array.from({ length: 30 }, (_, i) =>
      Math.log10(Number(tpe(rate, trials, uniforms(i)).rate)),
    );
    for (const one of drawn) expect(Math.abs(one + 2)).toBeLessThan(2);
    expect(drawn.filter((one) => Math.abs(one + 2) < 0.7).length).toBeGreaterThan(20);
  });
});

/** Two knobs of five values, noise that a seed shares with all points, and as much of its own. */
function aTable(seeds: number): Table {
  const normal = normals(uniforms(7));
  const values = ['1', '2', '3', '4', '5'];
  const shared = Array.from({ length: seeds }, normal);
  const head = {
    ...{ table: 1, lab: 'test', metric: 'loss', direction: 'minimize', env: {} },
    ...{ knobs: { a: values, b: values }, start: { a: '1', b: '1' }, seeds },
  } as const;
  const runs = shared.flatMap((common, s) =>
    values.flatMap((a) =>
      values.map((b) => {
        const truth = 40 + (Number(a) - 4) ** 2 + 2 * (Number(b) - 3) ** 2;
        return { point: { a, b }, seed: s + 1, value: truth + common + normal(), seconds: 2 + s };
      }),
    ),
  );
  return { ...head, runs } as unknown as Table;
}

describe('a recorded table', () => {
  test('is searched as far as it is whole: a seed that not every point has is left out', () => {
    const { runs, ...head } = aTable(4);
    const lines = [head, ...runs.slice(0, 90)].map((line) => JSON.stringify(line));
    const read = readTable(`${lines.join('\n')}\n{"point":`);
    expect(read.runs).toHaveLength(90);
    expect(arms(read).residuals).toHaveLength(75);
  });

  test('tells what a seed does to all points from the noise of each', () => {
    const { shared, points, residuals } = arms(aTable(40));
    // Half and half of a variance of 2, of which the unit is the root.
    expect(shared).toBeGreaterThan(0.55);
    expect(shared).toBeLessThan(0.9);
    for (const { sd } of points) expect(sd).toBeCloseTo(Math.SQRT1_2, 0);
    const square = residuals.reduce((sum, one) => sum + one ** 2, 0) / residuals.length;
    expect(square).toBeCloseTo(1, 6);
    expect(points[0]?.seconds).toBe(2);
  });

  test('gives the same run the same number in a night, and another in the next', () => {
    const objective = recorded(aTable(5), 'good');
    const one = objective.luckOf(1)({ a: '1', b: '2' }, 100_001).loss;
    expect(objective.luckOf(1)({ b: '2', a: '1' }, 100_001).loss).toBe(one);
    expect(objective.luckOf(2)({ a: '1', b: '2' }, 100_001).loss).not.toBe(one);
    const many = Array.from(
      { length: 4000 },
      (_, i) => objective.luckOf(i)({ a: '1', b: '2' }, 1).loss,
    );
    const mean = many.reduce((sum, loss) => sum + loss, 0) / many.length;
    expect(mean).toBeCloseTo(objective.truth({ a: '1', b: '2' }), 1);
  });
});

test('whoever proposes, a night keeps its budget, ends at dawn and confirms no more than it found', async () => {
  const objective = recorded(aTable(5), 'good');
  for (const policy of [autolab, plainTpe, randomSearch]) {
    const outcome = await aNightOf(policy, objective, { night: 3, runs: 24 });
    expect(outcome.runs).toBeLessThanOrEqual(24);
    expect([0, outcome.provisional]).toContain(outcome.confirmed);
    expect(outcome.provisional).toBeGreaterThan(0.3);
    // Two slots, two seconds a run.
    expect(outcome.seconds).toBeGreaterThanOrEqual(outcome.runs);
    expect(await aNightOf(policy, objective, { night: 3, runs: 24 })).toEqual(outcome);
  }
});
