import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openNotebook } from '../../notebook/writer.ts';
import type { EventBody } from '../../orchestrator/domain/event.ts';
import { hypothesisId, runId } from '../../orchestrator/domain/ids.ts';
import { systemClock } from '../../orchestrator/lab/clock.ts';
import { aLittleNight, aNight, anExperimentsLife, runStarted } from '../support/events.ts';
import { autolab, autolabJson, makeLab } from '../support/lab.ts';

/** A night far into the numbers, cut off while two runs trained. */

interface Row {
  readonly id: string;
  readonly status: string;
}

const lab = makeLab();
const open = () => openNotebook({ dir: join(lab.root, 'data/notebook'), clock: systemClock() });
afterAll(() => lab.remove());

const proposed = (...numbers: readonly number[]): EventBody[] =>
  aLittleNight(1).flatMap((body) => {
    if (body.type !== 'hypotheses_proposed') return [];
    const [idea] = body.hypotheses;
    return idea
      ? [{ ...body, hypotheses: numbers.map((n) => ({ ...idea, id: hypothesisId(n) })) }]
      : [];
  });

/** As a launch that was killed leaves it: nobody recorded the runs' end. */
const underWay = anExperimentsLife(10_001, 0).filter(({ type }) => type !== 'experiment_judged');

beforeAll(async () => {
  const notebook = await open();
  for (const body of [
    aNight(),
    ...anExperimentsLife(0),
    ...proposed(9_999, 10_000, 10_001),
    ...anExperimentsLife(9_999),
    ...anExperimentsLife(10_000, 11),
    ...underWay,
    runStarted(runId('E-10001', 1), 1),
  ])
    await notebook.append(body);
  await notebook.close();
});

const rowsOf = (verb: string) => autolabJson<Row[]>(lab, verb);

const statusOf = (id: string, rows: readonly Row[]): string | undefined =>
  rows.find((row) => row.id === id)?.status;

describe('a run whose launch is dead', () => {
  test('is queued, its experiment prepared, and lists come by number where text would not', async () => {
    const [experiments, runs] = [await rowsOf('experiments'), await rowsOf('runs')];
    const ids = runs.map(({ id }) => id);
    expect(experiments.map(({ id }) => id)).toEqual(['E-0000', 'E-9999', 'E-10000', 'E-10001']);
    expect(ids.slice(0, 4)).toEqual(['E-0000.1', 'E-0000.2', 'E-9999.1', 'E-9999.2']);
    const last = Array.from({ length: 11 }, (_, i) => `E-10000.${i + 1}`);
    expect(ids.slice(4)).toEqual([...last, 'E-10001.1']);
    expect(statusOf('E-10001.1', runs)).toBe('queued');
    expect(statusOf('E-10001', experiments)).toBe('prepared');
  });

  test('is queued on every page, and the night cut off', async () => {
    expect(await autolabJson(lab, 'show', 'E-10001.1')).toMatchObject({ status: 'queued' });
    expect(await autolabJson(lab, 'show', 'E-10001')).toMatchObject({
      status: 'prepared',
      runs: [{ status: 'queued' }],
    });
    expect(await autolabJson(lab, 'status')).toMatchObject({ state: 'cut_off' });
    const columns = ['--columns', 'id,status,standing'];
    const hypotheses = await autolabJson<Row[]>(lab, 'hypotheses', ...columns);
    expect(hypotheses.map(({ id }) => id)).toEqual(['H-9999', 'H-10000', 'H-10001']);
    expect(hypotheses[2]).toEqual({ id: 'H-10001', status: 'tested', standing: 'queued' });
    expect(
      (await autolabJson<Row[]>(lab, 'runs', '--status', 'queued')).map(({ id }) => id),
    ).toEqual(['E-10001.1']);
    for (const args of [['runs'], ['show', 'E-10001'], ['show', 'E-10001.1']])
      expect((await autolab(lab, ...args)).stdout).not.toContain('running');
  });

  test('is compared as not finished, and its experiment as one without a finished run', async () => {
    for (const [id, head, foot] of [
      [
        'E-10001.1',
        'E-10001.1 (not finished)',
        'E-10001.1 has not finished: what it had said last',
      ],
      [
        'E-10001',
        'E-10001 (no run finished)',
        'no run of E-10001 finished: what they had said last',
      ],
    ] as const) {
      const { stdout } = await autolab(lab, 'compare', 'E-9999', id);
      expect(stdout).toContain(`metrics: E-9999 of 2 runs, ${head}\n`);
      expect(stdout).toContain(`\nmeans over finished runs\n${foot}\n`);
    }
  });

  test('runs while somebody who lives holds the lab', async () => {
    const notebook = await open();
    try {
      expect(statusOf('E-10001.1', await rowsOf('runs'))).toBe('running');
      expect(statusOf('E-10001', await rowsOf('experiments'))).toBe('running');
      expect(await autolabJson(lab, 'status')).toMatchObject({ state: 'running' });
    } finally {
      await notebook.close();
    }
  });
});
