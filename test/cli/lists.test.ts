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

const idsOf = async (verb: string): Promise<readonly string[]> =>
  (await autolabJson<Row[]>(lab, verb)).map(({ id }) => id);

describe('lists', () => {
  test('come by number where text would sort otherwise', async () => {
    expect(await idsOf('experiments')).toEqual(['E-0000', 'E-9999', 'E-10000', 'E-10001']);
    expect(await idsOf('hypotheses')).toEqual(['H-9999', 'H-10000', 'H-10001']);
    const runs = await idsOf('runs');
    expect(runs.slice(0, 4)).toEqual(['E-0000.1', 'E-0000.2', 'E-9999.1', 'E-9999.2']);
    const last = Array.from({ length: 11 }, (_, i) => `E-10000.${i + 1}`);
    expect(runs.slice(4)).toEqual([...last, 'E-10001.1']);
  });
});

describe('a run whose launch is dead', () => {
  const statusOf = async (verb: string, id: string): Promise<string | undefined> =>
    (await autolabJson<Row[]>(lab, verb)).find((row) => row.id === id)?.status;

  test('is queued, its experiment prepared, and the night cut off', async () => {
    expect(await statusOf('runs', 'E-10001.1')).toBe('queued');
    expect(await statusOf('experiments', 'E-10001')).toBe('prepared');
    expect(await autolabJson(lab, 'show', 'E-10001.1')).toMatchObject({ status: 'queued' });
    expect(await autolabJson(lab, 'show', 'E-10001')).toMatchObject({
      status: 'prepared',
      runs: [{ status: 'queued' }],
    });
    expect(await autolabJson(lab, 'status')).toMatchObject({ state: 'cut_off' });
    const columns = ['--columns', 'id,status,standing', '--limit', '1'];
    expect(await autolabJson(lab, 'hypotheses', ...columns)).toEqual([
      { id: 'H-10001', status: 'tested', standing: 'queued' },
    ]);
    expect(
      (await autolabJson<Row[]>(lab, 'runs', '--status', 'queued')).map(({ id }) => id),
    ).toEqual(['E-10001.1']);
    for (const args of [['runs'], ['show', 'E-10001'], ['show', 'E-10001.1']])
      expect((await autolab(lab, ...args)).stdout).not.toContain('running');
  });

  test('runs while somebody who lives holds the lab', async () => {
    const notebook = await open();
    try {
      expect(await statusOf('runs', 'E-10001.1')).toBe('running');
      expect(await statusOf('experiments', 'E-10001')).toBe('running');
      expect(await autolabJson(lab, 'status')).toMatchObject({ state: 'running' });
    } finally {
      await notebook.close();
    }
  });
});
