import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createReporter } from '../../../agents/reporter.ts';
import {
  resultsJsonSchema,
  resultsSchema,
  type Results,
} from '../../../agents/reporter/results.ts';
import type { Report } from '../../../orchestrator/domain/ports.ts';
import { notebookOf } from './kept.ts';
import * as nights from './nights.ts';
import type { Told } from './told.ts';

async function resultsOf(night: Told): Promise<ReadonlyMap<string, Results>> {
  const report = createReporter({ notebook: await notebookOf(night) });
  const { documents } = (await report({ task: 'report', night: 'N-0002' })) as Report;
  const yamls = documents.filter(({ path }) => path.endsWith('results.yaml'));
  return new Map(
    yamls.map(({ path, text }) => [path.split('/')[1] ?? '', resultsSchema.parse(parse(text))]),
  );
}

test('the published schema is the one that the code checks against', () => {
  const file = new URL('../../../schemas/results.schema.json', import.meta.url);
  const made = `${JSON.stringify(resultsJsonSchema(), null, 2)}\n`;
  if (process.env['UPDATE_SCHEMAS']) writeFileSync(file, made);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(resultsJsonSchema());
});

describe('results.yaml', () => {
  test('has the verdict, the evidence and dawn of a confirmed experiment', async () => {
    const tip = (await resultsOf(nights.CONFIRMED)).get('E-0007');
    expect(tip).toMatchObject({
      status: 'finished',
      verdict: 'improved',
      hypothesis: { id: 'H-0007', source: 'search_space' },
      change: { learning_rate: '0.03' },
      parent: 'E-0003',
      objective: { metric: 'val_bpb', n: 7, dawn: { confirmed: true, n: 4, n_baseline: 4 } },
    });
    expect(tip?.runs.map(({ seed }) => seed)).toEqual([1, 2, 3, 102001, 102002, 102003, 102004]);
    expect(tip?.objective.dawn).toMatchObject({
      test: 'welch',
      values: [1.5739, 1.5751, 1.5718, 1.5749],
    });
    expect(tip?.criteria).toContainEqual({
      metric: 'val_bpb',
      max: 1.58,
      borderline: 0.01,
      of: 'plan',
      status: 'met',
      measured: expect.closeTo(1.5741, 3),
    });
  });

  test('calls a criterion borderline when it is missed by no more than that', async () => {
    const results = await resultsOf({
      plan: {
        success_criteria: [
          { metric: 'val_bpb', max: 1.6, borderline: 0.01 },
          { metric: 'accuracy', min: 0.5 },
        ],
      },
      tried: [1.6, 1.609, 1.611].map((value, i) => ({
        ...{ id: `E-000${i}`, verdict: 'inconclusive', values: [value] },
      })),
    });
    const statuses = (id: string) => results.get(id)?.criteria.map(({ status }) => status);
    expect(statuses('E-0000')).toEqual(['met', 'not_measured']);
    expect(statuses('E-0001')).toEqual(['borderline', 'not_measured']);
    expect(statuses('E-0002')).toEqual(['not_met', 'not_measured']);
  });

  test('tells a limit as the night judged it, by its interval', async () => {
    const of = { of: 'constraint', metric: 'peak_memory_mb', max: 600 } as const;
    const limits = [{ ...of, status: 'borderline', mean: 590, interval: [570, 610], n: 3 }];
    const told: Told = {
      plan: { constraints: [{ metric: 'peak_memory_mb', max: 600 }] },
      tried: [{ id: 'E-0000', values: [1.6], row: { limits: JSON.stringify(limits) } }],
    };
    expect((await resultsOf(told)).get('E-0000')?.criteria).toMatchObject([
      { ...of, status: 'borderline', interval: [570, 610] },
    ]);
  });

  test('keeps NaN as the word it is, with the failure and its traceback’s tail', async () => {
    const results = await resultsOf(nights.CONFIRMED);
    expect(results.get('E-0005')).toMatchObject({
      status: 'failed',
      objective: { mean: null, n: 0 },
      runs: [{ objective: 'NaN', failure: { class: 'not_a_number' } }],
    });
    expect(results.get('E-0013')?.runs[0]?.failure?.traceback).toMatch(
      /no activation called swish\n {4}at train/,
    );
  });

  test('names every artifact with its hash, from its own folder', async () => {
    expect((await resultsOf(nights.CONFIRMED)).get('E-0003')?.artifacts[1]).toEqual({
      run: 'E-0003.2',
      path: 'runs/2/attempts/1/artifacts/model.bin',
      bytes: 1_234_567,
      sha256: 'ab'.repeat(32),
    });
  });

  test('holds text of any kind', async () => {
    expect((await resultsOf(nights.HOSTILE)).get('E-0001')?.hypothesis?.title).toBe(
      nights.HOSTILE.tried[1]?.title,
    );
  });
});
