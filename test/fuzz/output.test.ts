import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLineSplitter } from '../../workers/lines.ts';
import { parseLiteral } from '../../workers/literal.ts';
import { createMetricsReader, type MetricsReader, type Point } from '../../workers/metrics.ts';
import { followScriptMetrics } from '../../workers/script-metrics.ts';
import { plain } from '../../workers/text.ts';
import { broken, EDGES, ODD } from './mutate.ts';
import { holds, holdsInTime } from './settings.ts';

const OUTPUT = [
  '{"step": 100, "loss": 2.5, "lr": 1e-4, "nested": {"acc": 0.5}, "tags": [1, [2]]}',
  "{'loss': 0.5, 'grad_norm': nan, 'epoch': 0.51, 'learning_rate': 1e-05}",
  'config: {"lr": 0.1, "layers": [1, 2, [3]], "name": "small"}',
  "Namespace(lr=0.1, batch_size=32, device='cuda', betas=(0.9, 0.95))",
  'step 100 | loss: 2.4975 | val_loss=1.25e0 (1.3) | 98,304 tokens | 12.5k tok/s | 45%',
  'Epoch 3/10: train loss 2.4975, val loss 2.5046, accuracy 9836/10000 (98%)',
  '2026-11-21 12:00:00,123 - INFO - trainer - step=12 loss=0.25 time=1.5s',
  'Epoch 3:  45%|███▌ | 45/100 [00:01<00:00, 8.1it/s, v_num=0, train_loss=0.12]',
  'Bar:  41%|███▌ | 45.3k/100k [00:01<00:00, 8.1kit/s, loss=0.12]',
  '450it [00:10, 45.0it/s, loss=0.3]',
  'Epoch 3/9 ━━━━━━━━━━ 10/10 0:00:01 • 0:00:00 8.1it/s train_loss: 0.12',
  '10/10 ━━━━━━━━━━ 1s 5ms/step - accuracy: 0.91 - loss: 0.33',
  '10/10 [====>.....] - 1s 5ms/step - loss: 0.33',
  '│ val_loss │ 0.25 │',
  "tensor(0.4, device='cuda:0', grad_fn=<MeanBackward0>)",
  "{'loss': tensor(0.4, device='cuda:0'), 'n': np.float64(1.5), 'big': 1_000}",
  '---',
  'val_loss: 1.5',
  'model: small',
  'peak_memory_mb: 1,024.5',
];
const WORDS: readonly string[] = [
  ...ODD,
  ...EDGES,
  ...[
    'nan',
    'inf',
    '-inf',
    '+1',
    '.5',
    '5.',
    '1.2.3',
    '1e',
    '--1',
    '1,234',
    '0/0 (0%)',
    '%',
    'k',
    'it/s',
  ],
  ...[
    '{',
    '}',
    '[',
    ']',
    '(',
    ')',
    '"',
    "'",
    '\\',
    ':',
    '=',
    ',',
    '|',
    '━━━━',
    '---',
    ' - ',
    ' • ',
  ],
  ...[
    'step',
    'global_step: 9',
    'epoch',
    'loss',
    'loss: ',
    'val_loss=',
    'step: 1e3',
    'step: -1',
    'step: 1.5',
  ],
  ...[
    '{"__proto__": {"polluted": 1}}',
    '{"a": constructor}',
    '{"x": {"y": ',
    '[[[[[[',
    'f(x=',
    '[00:01<00:00, ',
  ],
  ...[
    '{"loss": 1e999, "b": -0}',
    "{'loss': toString}",
    '\u001b[2K\r',
    '\u001b[',
    '\u001b]',
    ' '.repeat(300),
  ],
];
const LIMITS = { maxKeys: 12, maxPoints: 40, line: 64 * 1024 };

/** Every number that a text could be said to hold, however it writes it, as a terminal shows it. */
function numbersIn(output: string): Set<number> {
  const text = output
    .split(/[\r\n]/)
    .map(plain)
    .join('\n');
  const found = new Set<number>();
  const forms = [
    /\d+/y,
    /\d+(?:\.\d*)?(?:[eE][-+]?\d+)?/y,
    /\.\d+(?:[eE][-+]?\d+)?/y,
    /[\d,_]+(?:\.[\d_]*)?(?:[eE][-+]?\d+)?/y,
  ];
  for (let at = 0; at < text.length; at += 1) {
    // A number begins where no other one goes on.
    if (!/[\d.]/.test(text.charAt(at)) || /\d/.test(text.charAt(at - 1))) continue;
    for (const form of forms) {
      form.lastIndex = at;
      const number = form.exec(text)?.[0];
      if (number === undefined) continue;
      const value = Number(number.replace(/[,_]/g, ''));
      const unit = { k: 1e3, K: 1e3, M: 1e6, G: 1e9 }[text.charAt(form.lastIndex)] ?? 1;
      for (const one of [value, Math.round(value * unit)]) found.add(one).add(-one);
    }
  }
  for (const [, part, total] of text.matchAll(/(?=\b(\d+)\/(\d+))/g))
    for (let i = 0; i < (part?.length ?? 0); i += 1)
      found.add(Number(part?.slice(i)) / Number(total));
  if (/nan/i.test(text)) found.add(Number.NaN);
  if (/inf/i.test(text)) found.add(Infinity).add(-Infinity);
  return found;
}

interface Followed {
  readonly reader: MetricsReader;
  readonly points: readonly Point[];
}

function follow(use: (reader: MetricsReader) => void): Followed {
  const points: Point[] = [];
  const { maxKeys, maxPoints } = LIMITS;
  const options = { objective: 'val_loss', onPoint: (point: Point) => points.push(point) };
  const reader = createMetricsReader({ ...options, maxKeys, maxPoints });
  use(reader);
  reader.end(1);
  return { reader, points };
}

/** What holds of whatever was read. */
function expectSound({ reader, points }: Followed): void {
  expect(points.length).toBe(reader.points);
  expect(points.length).toBeLessThanOrEqual(LIMITS.maxPoints);
  for (const all of [reader.series, reader.texts, reader.printed]) {
    expect(all.size).toBeLessThanOrEqual(LIMITS.maxKeys);
    for (const key of all.keys()) expect(key.length).toBeLessThanOrEqual(250);
  }
  for (const { key, step, value } of points) {
    expect(typeof key === 'string' && key !== '' && typeof value === 'number').toBe(true);
    if (step !== null) expect(step, `step of ${key}`).toSatisfy(isStep);
  }
  for (const text of reader.texts.values()) {
    expect(text.length).toBeLessThanOrEqual(500);
    expect(text).not.toMatch(/\[native code\]|\[object /);
  }
  for (const value of reader.printed.values()) {
    expect(['string', 'number', 'boolean']).toContain(typeof value);
    expect(String(value).length).toBeLessThanOrEqual(4096);
  }
  for (const remark of reader.remarks) expect(remark.length).toBeLessThanOrEqual(10_000);
  expect({}).not.toHaveProperty('polluted');
  expect(Object.keys(Object.prototype)).toEqual([]);
}

const isStep = (step: number): boolean => Number.isSafeInteger(step) && step >= 0;

/** The lines of a text, as a run's output is read. */
const followOutput = (text: string): Followed =>
  follow((reader) => {
    const lines = createLineSplitter(LIMITS.line, (line) => reader.line(line, 1));
    lines.push(Buffer.from(text));
    lines.end();
  });

describe('the output of a training script', () => {
  const output = fc
    .tuple(broken([OUTPUT.join('\n'), ...OUTPUT], WORDS, 8), fc.boolean())
    .map(([text, returns]) => (returns ? text.replaceAll('\n', '\r') : text));

  test('gives numbers that stood in it, however it is broken', () => {
    holds(0.5, output, (text) => {
      const followed = followOutput(text);
      expectSound(followed);
      const there = numbersIn(text);
      for (const { key, step, value } of followed.points) {
        expect(there, `${key}: ${value}`).toSatisfy((all: Set<number>) => all.has(value));
        if (step !== null) expect(there, `step of ${key}: ${step}`).toContain(step);
      }
    });
  });

  test('gives nothing worse where it is words in any order, or bytes', () => {
    expect.hasAssertions();
    const words = fc
      .array(fc.constantFrom(...WORDS, ...OUTPUT), { maxLength: 30 })
      .map((all) => all.join(''));
    const bytes = fc
      .uint8Array({ maxLength: 600 })
      .map((all) => Buffer.from(all).toString('latin1'));
    holds(0.1, fc.oneof(words, bytes, fc.string({ unit: 'binary' })), (text) =>
      expectSound(followOutput(text)),
    );
  });

  test('gives the values of a JSON line as they are, whatever its keys are called', () => {
    const key = fc.oneof(fc.constantFrom(...EDGES, ...ODD), fc.string({ unit: 'binary' }));
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.double(),
        fc.oneof(fc.boolean(), fc.string(), fc.constant(null)),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 5 }),
      ),
    }));
    holds(0.1, fc.dictionary(key, value), (record) => {
      const text = JSON.stringify(record);
      const followed = follow((reader) => {
        reader.line(text, 1);
        reader.record(parseLiteral(text) ?? {}, 1);
      });
      expectSound(followed);
      const there = numbersIn(text);
      for (const point of followed.points)
        expect(there, point.key).toSatisfy((all: Set<number>) => all.has(point.value));
    });
  });

  const DEEP = 20_000;
  test.each([
    ['lists in lists', `{"config": {"a": ${'['.repeat(DEEP)}${']'.repeat(DEEP)}}}`],
    ['lists in a configuration', `config: {"a": ${'['.repeat(DEEP)}1${']'.repeat(DEEP)}}`],
    ['objects in objects', `{"a":`.repeat(10_000) + '1' + '}'.repeat(10_000)],
    ['Python lists in lists', `{'a': ${'['.repeat(DEEP)}${']'.repeat(DEEP)}}`],
    ['calls in calls', `Namespace(${'f(x='.repeat(10_000)}1${')'.repeat(10_000)})`],
    ['wrapped numbers', `{'a': ${'t('.repeat(10_000)}1${')'.repeat(10_000)}}`],
    ['wrapped numbers that never end', `{'a': ${'t(1,'.repeat(10_000)}}`],
    ['a key as long as a line may be', `{"${'k'.repeat(60_000)}": 1, "loss": 2}`],
    ['a text as long as a line may be', `config: {"k": "${'v'.repeat(60_000)}"}`],
    [
      'more keys than are kept',
      JSON.stringify(Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`k${i}`, i]))),
    ],
    ['one line of a megabyte', `loss: ${'1'.repeat(1 << 20)}`],
    ['many lines', 'loss: 1\n'.repeat(10_000)],
    ['digits', '1'.repeat(4000)],
    ['bars', '1%|'.repeat(1300)],
    ['a bar of one sign', `${'━'.repeat(4000)} 1/1`],
    ['signs', ':='.repeat(2000)],
    ['spaces', `loss${' '.repeat(4000)}: 1`],
    ['words', `${'a '.repeat(2000)}: 1`],
    ['pairs without signs', 'loss 1 '.repeat(580)],
    ['escapes', '\u001b['.repeat(2000)],
    ['brackets', `a(${'('.repeat(2000)}x=1, `],
    ['braces', '{'.repeat(30_000) + '}'.repeat(30_000)],
    ['quotes', `{"${'\\"'.repeat(30_000)}}`],
  ])('is read in reasonable time and space where it is full of %s', (_, text) => {
    expect.hasAssertions();
    expectSound(followOutput(text));
  });
});

describe('bytes of output', () => {
  /** Chunks that break lines and characters anywhere. */
  const cuts = fc.array(fc.nat(1000), { maxLength: 12 });

  const linesOf = (bytes: Buffer, at: readonly number[], limit: number): string[] => {
    const found: string[] = [];
    const lines = createLineSplitter(limit, (line) => found.push(line));
    const ends = [...at.map((n) => n % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
    let from = 0;
    for (const end of ends) {
      lines.push(bytes.subarray(from, end));
      from = end;
    }
    lines.end();
    return found;
  };

  test('give the same lines however they are cut', () => {
    const text = fc.oneof(broken([OUTPUT.join('\n')], WORDS), fc.string({ unit: 'grapheme' }));
    holds(0.1, fc.tuple(text, cuts, fc.integer({ min: 1, max: 200 })), ([text, at, limit]) => {
      const whole = Buffer.from(text).toString();
      const lines = whole.split(/[\r\n]/).filter((line) => line !== '' && line.length <= limit);
      expect(linesOf(Buffer.from(whole), at, limit)).toEqual(lines);
    });
  });

  test('give lines within the limit where they are no text', () => {
    const bytes = fc.uint8Array({ maxLength: 300 }).map((all) => Buffer.from(all));
    holds(0.1, fc.tuple(bytes, cuts), ([all, at]) => {
      for (const line of linesOf(all, at, 20)) {
        expect(line.length > 0 && line.length <= 20).toBe(true);
        expect(line).not.toMatch(/[\r\n]/);
      }
    });
  });
});

describe('a script’s own metrics.jsonl', () => {
  let folder = '';
  beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'autolab-fuzz-'))));
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('gives numbers that stood in it, each once, at times that are times', async () => {
    const words = [
      ...WORDS,
      '"time": 1e400',
      '"_timestamp": "2026-11-21"',
      '"time": 1e300',
      '"time": -1',
    ];
    const lines = ['{"loss": 1.5, "step": 3, "time": 1763700000}', '{"step": 4, "loss": NaN}'];
    let n = 0;
    await holdsInTime(
      0.1,
      broken([lines.join('\n'), `${lines.join('\n')}\n`], words),
      async (text) => {
        const file = join(folder, `${(n += 1)}.jsonl`);
        await writeFile(file, text);
        const times: number[] = [];
        const points: Point[] = [];
        const options = { objective: 'loss', onPoint: (point: Point) => points.push(point) };
        const reader = createMetricsReader({ ...options, maxKeys: 12, maxPoints: 40 });
        const script = followScriptMetrics(
          file,
          () => 5,
          (value, time) => {
            times.push(time);
            reader.record(value, time);
          },
        );
        await script.poll();
        const first = points.length;
        await script.poll();
        expect(points.length).toBe(first);
        expectSound({ reader, points });
        // What a JavaScript date can hold, and a Parquet file.
        for (const time of times) expect(Math.abs(time)).toBeLessThanOrEqual(8.64e15);
        const there = numbersIn(text);
        for (const point of points)
          expect(there, point.key).toSatisfy((all: Set<number>) => all.has(point.value));
      },
    );
  });
});
