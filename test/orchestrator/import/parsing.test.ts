import { describe, expect, test } from 'vitest';
import type { Roles } from '../../../orchestrator/lab/import/foreign.ts';
import {
  isHarness,
  runOfHarness,
  sampleOf,
  taskOf,
} from '../../../orchestrator/lab/import/harness.ts';
import { readRows } from '../../../orchestrator/lab/import/rows.ts';
import { runsOfTable } from '../../../orchestrator/lab/import/table.ts';

const NO_ROLES: Roles = { metrics: [], params: [] };
const runs = (text: string, file: string, roles: Partial<Roles> = {}) =>
  runsOfTable(readRows(text, file), { ...NO_ROLES, ...roles }, file);

describe('results.tsv of a loop', () => {
  const LOOP = [
    'commit\tval_bpb\tmemory_gb\tstatus\tdescription',
    'a1b2c3d\t0.997900\t44.0\tkeep\tbaseline',
    'b2c3d4e\t0.993200\t44.2\tkeep\tincrease LR to 0.04, "just" a bit',
    'd4e5f6g\t0.000000\t0.0\tcrash\tdouble model width (OOM)',
    '',
  ].join('\n');

  test('is a run a row, with its commit as its id and its description as its name', () => {
    const found = runs(LOOP, 'results.tsv');
    expect(found.map(({ id, name }) => [id, name])).toEqual([
      ['a1b2c3d', 'baseline'],
      ['b2c3d4e', 'increase LR to 0.04, "just" a bit'],
      ['d4e5f6g', 'double model width (OOM)'],
    ]);
    expect(found[1]).toMatchObject({
      metrics: { val_bpb: 0.9932, memory_gb: 44.2 },
      texts: { status: 'keep' },
      failure: null,
    });
  });

  test('has no number where it crashed: the zero it writes was not measured', () => {
    expect(runs(LOOP, 'results.tsv')[2]).toMatchObject({ metrics: {}, failure: 'crash' });
  });
});

describe('a table', () => {
  test('of CSV holds quotes, commas, line ends and emoji in its cells', () => {
    const [run] = runs('\uFEFFname,lr,loss\r\n"a, ""b""\n🙂",1e-3,0.5\r\n', 'x.csv');
    expect(run).toMatchObject({ name: 'a, "b"\n🙂', metrics: { lr: 1e-3, loss: 0.5 } });
  });

  test('tells parameters from metrics by what it is told, by name, and else by their cells', () => {
    const text =
      'run;lr;config.depth;optimizer;acc;gap;summary/top\nr1;0.1;3;adam;0.5;nan;7\nr2;0.2;4;sgd;;-inf;8\n';
    const [first, second] = runs(text, 'x.csv', { params: ['lr'] });
    expect(first).toMatchObject({
      id: 'r1',
      params: { lr: 0.1, depth: 3, optimizer: 'adam' },
      metrics: { acc: 0.5, gap: Number.NaN, top: 7 },
    });
    expect(second?.metrics).toEqual({ gap: -Infinity, top: 8 });
  });

  test('in Markdown is the first one, without its emphasis, its links kept', () => {
    const text = [
      '# Results',
      'Some | words',
      '',
      '| id | acc | notes | url |',
      '|:---|---:|---|---|',
      '| **big** | 0.9 | a \\| b | [wandb](https://wandb.ai/x/y) |',
      '| small | 0.8 | | |',
      '',
      '| other | table |',
      '|---|---|',
      '| 1 | 2 |',
    ].join('\n');
    const found = runs(text, 'README.md');
    expect(found.map(({ id }) => id)).toEqual(['big', 'small']);
    expect(found[0]).toMatchObject({
      metrics: { acc: 0.9 },
      words: ['a | b'],
      links: ['https://wandb.ai/x/y'],
    });
  });

  test('has times in words and as numbers, and how long a run took', () => {
    const [a, b, c] = runs(
      'id,date,duration\n1,2024-01-31T10:00:00Z,1.5\n2,1706695200,\n3,soon,\n',
      'x.csv',
    );
    expect(a).toMatchObject({ started: '2024-01-31T10:00:00.000Z', seconds: 1.5 });
    expect(b).toMatchObject({ started: '2024-01-31T10:00:00.000Z', seconds: null });
    expect(c?.started).toBeNull();
    const odd = runs(
      'id,time,seconds\n1,1706695200000000,nan\n2,1706695200000000000,inf\n3,1e300,-1\n',
      'x.csv',
    );
    expect(odd.map(({ started, seconds }) => [started, seconds])).toEqual([
      ['2024-01-31T10:00:00.000Z', null],
      ['2024-01-31T10:00:00.000Z', null],
      [null, null],
    ]);
  });

  test.each([
    ['', 'x.csv', {}, /expected a line with the names of the columns, found none/],
    ['just words', 'x.md', {}, /expected a line with the names of the columns, found none/],
    ['a,,b\n1,2,3\n', 'x.csv', {}, /expected a name for each column, found none for column 2/],
    ['a,a\n1,2\n', 'x.csv', {}, /expected each column once, found a twice/],
    ['a,b\n1,2,3\n', 'x.csv', {}, /expected 2 cells in each row, found 3 in row 1/],
    ['a,b\n1,"2\n', 'x.csv', {}, /expected CSV, found/],
    ['a,b\n1,2\n', 'x.csv', { metrics: ['c'] }, /expected a column c, found a, b/],
  ])('%j is refused in words', (text, file, roles, words) => {
    expect(() => runs(text, file, roles)).toThrow(words);
  });
});

describe('results of an evaluation harness', () => {
  const LM_EVAL = {
    results: {
      gsm8k: {
        alias: 'gsm8k',
        'exact_match,strict-match': 0.41,
        'exact_match_stderr,strict-match': 0.01,
      },
      hellaswag: { 'acc,none': 0.7, 'acc_stderr,none': 'N/A' },
    },
    versions: { gsm8k: 3 },
    'n-shot': { gsm8k: 5 },
    config: { model: 'hf', model_args: 'pretrained=x/y', batch_size: 8, limit: null },
    date: 1706695200.5,
    model_name: 'x/y',
    total_evaluation_time_seconds: '12.5',
  };
  const BESIDE = [
    'results_2024-01-31T10-00-00.1.json',
    'samples_gsm8k_2024-01-31T10-00-00.1.jsonl',
    'samples_gsm8k_2024-02-01T10-00-00.1.jsonl',
    '20240131_100000_results.json',
    '20240131_100000_samples_mme.jsonl',
  ];

  test('are one run: numbers by task, the usual filter left out, the configuration as parameters', () => {
    expect(isHarness(LM_EVAL)).toBe(true);
    expect(isHarness({ results: [] })).toBe(false);
    const run = runOfHarness(LM_EVAL, '/x/results_2024-01-31T10-00-00.1.json', BESIDE);
    expect(run).toMatchObject({
      name: 'x/y',
      started: '2024-01-31T10:00:00.500Z',
      seconds: 12.5,
      params: { model: 'hf', batch_size: 8, 'gsm8k/n-shot': 5, 'gsm8k/version': 3 },
      metrics: {
        'gsm8k/exact_match,strict-match': 0.41,
        'gsm8k/exact_match_stderr,strict-match': 0.01,
        'hellaswag/acc': 0.7,
      },
      texts: {},
    });
    expect(run.samples).toEqual([
      { path: '/x/samples_gsm8k_2024-01-31T10-00-00.1.jsonl', task: 'gsm8k' },
    ]);
  });

  test('of lmms-eval have their samples beside them by another name, and their date as a stamp', () => {
    const found = { results: { mme: { 'score,none': 3 } }, date: '20240131_100000' };
    const run = runOfHarness(found, '/x/20240131_100000_results.json', BESIDE);
    expect(run.started).toBe('2024-01-31T10:00:00.000Z');
    expect(run.samples).toEqual([{ path: '/x/20240131_100000_samples_mme.jsonl', task: 'mme' }]);
  });

  test('have samples whose prompt, answer and numbers are found wherever they are wrapped', () => {
    expect(taskOf('/x/samples_gsm8k_2024-01-31T10-00-00.1.jsonl')).toBe('gsm8k');
    const line = {
      ...{ doc_id: 3, doc: {}, target: 5, filter: 'strict-match', exact_match: 1, hash: 'x' },
      arguments: { gen_args_0: { arg_0: 'How many?', arg_1: {} } },
      ...{ resps: [['five', 'four']], filtered_resps: ['5'] },
    };
    expect(sampleOf(line, 'gsm8k')).toEqual({
      ...{ task: 'gsm8k', id: '3,strict-match', input: 'How many?', target: '5', prediction: '5' },
      metrics: { exact_match: 1 },
    });
    expect(sampleOf({ text: 'x' }, 'gsm8k')).toBeNull();
    const choice = { doc_id: 0, arguments: [['ctx', ' a']], filtered_resps: [['-1.5', 'False']] };
    expect(sampleOf(choice, 't')).toMatchObject({ input: 'ctx', prediction: '["-1.5","False"]' });
  });
});
