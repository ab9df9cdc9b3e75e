import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { numbersIn } from '../../workers/flat.ts';
import { parseLiteral } from '../../workers/literal.ts';
import { createMetricsReader, type Point } from '../../workers/metrics.ts';

/** Records and lines of output, in order. */
type Said = { readonly record: boolean; readonly text: string };

function readings(said: readonly Said[]) {
  const points: Point[] = [];
  const reader = createMetricsReader({
    objective: 'loss',
    onPoint: (point) => points.push(point),
    maxKeys: 6,
    maxPoints: 30,
  });
  said.forEach(({ record, text }, time) => {
    if (record) reader.record(parseLiteral(text) ?? null, time);
    else reader.line(text, time);
  });
  reader.end(said.length);
  const { series, texts, printed, remarks } = reader;
  return { points, series: [...series], texts: [...texts], printed: [...printed], remarks };
}

/** The same to a reader, but not an object of numbers alone: nulls say nothing. */
const theGeneralWay = ({ record, text }: Said): Said => ({
  record,
  text: text.startsWith('{"') ? text.replace(/\}$/, ',"nothing":null}') : text,
});

const key = fc.constantFrom(
  ...['loss', 'val loss', 'step', 'global_step', 'train/step', 'it', 'epoch', 'train/epoch'],
  ...['time', '_timestamp', '', '7', '__proto__', 'x'.repeat(251), 'lr', 'a/b', 'été', 'a\u0085b'],
);
const number = fc.constantFrom(
  '0',
  '-0',
  '3',
  '12',
  '-4',
  '0.5',
  '1e-7',
  '1e999',
  '9007199254740993',
);
const object = fc
  .uniqueArray(fc.tuple(key, number), { minLength: 1, maxLength: 5, selector: ([name]) => name })
  .map(
    (pairs) => `{${pairs.map(([name, value]) => `${JSON.stringify(name)}: ${value}`).join(', ')}}`,
  );
const other = fc.constantFrom(
  ...['---', 'Epoch 3/9', 'epoch: 4', 'loss: 0.25', 'model: small', '{"lr": "small", "loss": 2}'],
  ...[
    '{"epoch": 0.5, "loss": 1}',
    'Epoch 1:  10%|█   | 1/10 [00:00<00:01, loss=0.3]',
    '{"loss": 1',
  ],
);
const said = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ record: fc.boolean(), text: object }) },
    { weight: 1, arbitrary: fc.record({ record: fc.constant(false), text: other }) },
  ),
  { maxLength: 12 },
);

describe('a record of numbers', () => {
  test('says by the short way what it says by the general one', () => {
    fc.assert(
      fc.property(said, (all) => {
        expect(readings(all)).toEqual(readings(all.map((each) => theGeneralWay(each))));
      }),
      { numRuns: 2000 },
    );
  });

  test('is found on a line of its own, and nowhere else', () => {
    expect(numbersIn('{"step": 3, "loss": 0.5}')).toEqual({ step: 3, loss: 0.5 });
    for (const line of [
      '{"loss": NaN}',
      "{'loss': 0.5}",
      '{"loss": 0.5} done',
      '{"loss": {"train": 0.5}}',
      '{"loss": "0.5"}',
      '{"loss": 0.5',
      '[1, 2]',
    ])
      expect(numbersIn(line), line).toBeNull();
  });
});
