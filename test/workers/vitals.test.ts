import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { followCourse, followSilence, isLoss, type Concern } from '../../workers/vitals.ts';
import { carryOut, createLab, script } from './support/lab.ts';

const firstWord = (values: readonly number[], upwards = false): number => {
  const course = followCourse(upwards);
  return values.findIndex((value) => course(value) !== null);
};
const times = (n: number, value: (i: number) => number): number[] =>
  Array.from({ length: n }, (_, i) => value(i));
/** The same noise each time, between -1 and 1. */
const noise = (i: number): number => Math.sin(i * 12.9898) * Math.cos(i * 78.233);

describe('a course', () => {
  test.each([
    ['a loss that falls', times(500, (i) => 10 * Math.exp(-i / 50) + 0.1 * noise(i))],
    ['one that starts very high', [1e6, 9e5, 1e4, 300, ...times(300, (i) => 5 + noise(i))]],
    ['nothing but noise', times(5000, (i) => 2 + noise(i))],
    [
      'a spike while it warms up',
      [...times(10, () => 10.8), 20, 45, 60, 50, 40, 20, ...times(300, (i) => 10 - i / 60)],
    ],
    ['spikes all along', times(2000, (i) => (i % 50 === 49 ? 1e4 : 3 + noise(i)))],
    [
      'the way back from a long spike',
      [...times(5, () => 3), 8, 900, 700, 500, 300, 100, 50, 20, 9, 3, 2, 1],
    ],
    [
      'a plateau, a little above its first values',
      [...times(5, () => 3), ...times(500, (i) => 3.5 + 0.1 * noise(i))],
    ],
    ['a reward that falls from 0 and comes back', [...times(5, () => 0), ...times(100, (i) => -i)]],
  ])('gives no cause for concern: %s', (_what, values) => {
    expect(firstWord(values)).toBe(-1);
  });

  test('that grows out of bounds is told after five values in a row', () => {
    const grows = [...times(5, () => 2.3), 2, 1.8, ...times(20, (i) => 7 * 1.5 ** i)];
    expect(firstWord(grows)).toBe(7 + 4);
    expect(
      firstWord(
        grows.map((value) => -value),
        true,
      ),
    ).toBe(7 + 4);
    expect(
      firstWord(
        times(200, (i) => -i),
        true,
      ),
    ).toBeGreaterThan(0);
  });

  test('that loses all it had learnt is told, though it never grew out of bounds', () => {
    const learns = times(100, (i) => 10.8 - i / 15);
    expect(firstWord([...learns, ...times(50, (i) => 11 + 0.2 * noise(i))])).toBe(100 + 19);
    expect(firstWord([...learns, ...times(50, (i) => 9 + 0.2 * noise(i))])).toBe(-1);
  });
});

test('a loss is known by its name, and its parts and its scale are none', () => {
  const names = ['loss', 'val_loss', 'train/loss', 'Val Loss', 'cross_entropy_loss', 'val_bpb'];
  expect(names.filter((name) => !isLoss(name))).toEqual([]);
  const others = [
    'loss_scale',
    'kl_loss',
    'generator/loss',
    'lr',
    'accuracy',
    'grad_norm',
    'glossary',
  ];
  expect(others.filter((name) => isLoss(name))).toEqual([]);
});

describe('a silence', () => {
  test('is told once it is long beyond any that the run came back from', () => {
    const silence = followSilence(0, 60_000);
    let at = 0;
    const look = (seconds: number): number | null => {
      let told: number | null = null;
      for (const end = at + seconds * 1000; at < end;) told = silence.look((at += 1000), 1) ?? told;
      return told;
    };
    // The time until the first word is no measure.
    expect(look(50)).toBeNull();
    silence.sign(at);
    expect(look(20)).toBeNull();
    silence.sign(at);
    // Ten times the twenty seconds before count for more than a minute.
    expect(look(199)).toBeNull();
    expect(look(3)).toBeGreaterThanOrEqual(200_000);
  });

  test('is none while the processor works, or while nobody knows whether it does', () => {
    const silence = followSilence(0, 60_000);
    for (let at = 1000; at < 600_000; at += 1000)
      expect(silence.look(at, (at / 1000) * 0.05)).toBeNull();
    const blind = followSilence(0, 60_000);
    for (let at = 1000; at < 600_000; at += 1000) expect(blind.look(at, null)).toBeNull();
  });

  test('in which we ourselves stood still counts for nothing', () => {
    const silence = followSilence(0, 60_000);
    expect(silence.look(1000, 1)).toBeNull();
    expect(silence.look(900_000, 1)).toBeNull();
    expect(silence.look(901_000, 1)).toBeNull();
  });
});

describe('a run in training', () => {
  test('raises each concern once, and ends as if nobody had looked', async () => {
    const concerns: Concern[] = [];
    // It hangs until somebody was told.
    const hear = (concern: Concern): void => {
      concerns.push(concern);
      if (concern.kind === 'hung') writeFileSync(join(lab.folder(), 'go'), '');
    };
    const lab = await createLab({
      files: script(
        `import { existsSync } from 'node:fs';`,
        `for (let step = 0; step < 40; step++) console.log('step ' + step + ' loss: ' + (step < 10 ? 3 : 3 * 2 ** (step - 10)));`,
        `console.log('step 40 loss: nan'); console.log('step 41 loss: inf'); console.log('lr: nan');`,
        `while (!existsSync(process.env.AUTOLAB_RUN_DIR + '/go')) await new Promise((resolve) => setTimeout(resolve, 200));`,
        `console.log('step 42 loss: 0.5');`,
      ),
      deps: { limits: { hung_ms: 2000 }, onConcern: hear },
    });
    expect(await carryOut(lab)).toMatchObject({
      status: 'finished',
      objective: 0.5,
      failure: null,
    });
    expect(concerns.map(({ kind }) => kind)).toEqual(['diverging', 'not_a_number', 'hung']);
    expect(concerns.map(({ text }) => text)).toEqual([
      'loss is far worse than its first values (3 at worst), 5 times in a row: 192 at step 16',
      'loss became NaN at step 40',
      expect.stringMatching(
        /^E-0007\.2 may hang: no output, no metric and almost no processor time for \d+ s$/,
      ),
    ]);
  });

  test('is told of metrics.jsonl, too, and of nobody who listens badly', async () => {
    let told = 0;
    const lab = await createLab({
      files: script(
        `import { appendFileSync } from 'node:fs';`,
        `appendFileSync(process.env.AUTOLAB_RUN_DIR + '/metrics.jsonl', '{"step":1,"val loss":NaN}\\n{"step":2,"val loss":0.5}\\n');`,
      ),
      objective: { metric: 'val_loss' },
      deps: {
        onConcern: () => {
          told++;
          throw new Error('a listener with a bug');
        },
      },
    });
    expect(await carryOut(lab)).toMatchObject({ status: 'finished', objective: 0.5 });
    expect(told).toBe(1);
  });
});
