import { cp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { RunId } from '../../orchestrator/domain/ids.ts';
import { sourceOf } from '../../notebook/intake.ts';
import { readManifest } from '../../notebook/manifest.ts';
import { openQuestions } from '../../notebook/questions.ts';
import { readNotebook } from '../../notebook/reader.ts';
import { writeMetrics } from '../../workers/parquet.ts';
import { aNight, anExperimentsLife, aResult, runStarted } from '../support/events.ts';
import { copiesOf, leaveMetrics, losses, opened, openIn, type Place } from './helpers.ts';

const RUNS = ['E-0000.1', 'E-0000.2'] as const;

/** A closed notebook of two runs with metrics. */
const aNotebook = copiesOf(async (place) => {
  const notebook = await openIn(place);
  await notebook.append(aNight());
  for (const body of anExperimentsLife(0, 0)) await notebook.append(body);
  for (const [i, run] of RUNS.entries()) {
    await notebook.append(runStarted(run, i + 1));
    const result = aResult(run, { metric_points: 2 });
    await notebook.takeIn(result, await leaveMetrics(place, run, losses(2, i + 1)));
    await notebook.append({ type: 'run_ended', result });
  }
  await notebook.close();
});

async function fileOf(place: Place, table: string): Promise<string> {
  const file = (await readManifest(place.dir))?.files.find((entry) => entry.table === table);
  return join(place.dir, file?.path ?? 'none');
}

async function flipAByte(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[20] = (bytes[20] ?? 0) ^ 0xff;
  await writeFile(path, bytes);
}

const LAST = 'SELECT run_id, arg_max(value, step) AS loss FROM metrics GROUP BY ALL ORDER BY ALL';
const BOTH = [
  { run_id: 'E-0000.1', loss: 1 },
  { run_id: 'E-0000.2', loss: 2 },
];

describe('damaged files', () => {
  it('are left out by a reader, which names them and answers from the rest', async () => {
    const place = await aNotebook();
    const path = await fileOf(place, 'metrics');
    await truncate(path, 30);
    for (const reader of [await readNotebook(place.dir), openQuestions(place.dir)]) {
      expect((await reader.query(LAST)).rows).toEqual(BOTH.slice(1));
      expect(reader.warnings).toHaveLength(1);
      expect(reader.warnings[0]).toContain(path);
      expect(reader.warnings[0]).toContain('E-0000.1');
      expect((await reader.query('SELECT count(*) AS runs FROM runs')).rows).toEqual([{ runs: 2 }]);
    }
  });

  it.each([
    ['cut short', (path: string) => truncate(path, 30)],
    ['bit-flipped', flipAByte],
    ['missing', (path: string) => rm(path)],
  ])('of metrics are taken in again from the run (%s)', async (_, damage) => {
    const place = await aNotebook();
    const path = await fileOf(place, 'metrics');
    await damage(path);
    const notebook = await opened(place);
    expect(notebook.warnings).toHaveLength(1);
    expect(notebook.warnings[0]).toContain(path);
    expect((await notebook.query(LAST)).rows).toEqual(BOTH);
    const alerts = (await notebook.query('SELECT level, subject, text FROM alerts')).rows;
    expect(alerts).toEqual([
      { level: 'error', subject: 'E-0000.1', text: notebook.warnings[0] ?? '' },
    ]);
    await notebook.close();
    expect((await opened(place)).warnings).toEqual([]);
  });

  it('are set aside, not deleted', async () => {
    const place = await aNotebook();
    await flipAByte(await fileOf(place, 'metrics'));
    await opened(place);
    expect(await readdir(join(place.dir, 'damaged'))).toHaveLength(1);
  });

  it('of metrics are lost where the run has no good file either, and the rest answers', async () => {
    const place = await aNotebook();
    await truncate(await fileOf(place, 'metrics'), 30);
    await flipAByte(sourceOf(place.runsDir, 'E-0000.1', 1));
    const notebook = await opened(place);
    expect(notebook.warnings[0]).toContain('E-0000.1 are lost');
    expect((await notebook.query(LAST)).rows).toEqual(BOTH.slice(1));
  });

  it('of records are built anew from the journal', async () => {
    const place = await aNotebook();
    const before = (await readNotebook(place.dir).then((r) => r.query('FROM runs ORDER BY id')))
      .rows;
    const path = await fileOf(place, 'runs');
    await truncate(path, 30);
    const notebook = await opened(place);
    expect(notebook.warnings[0]).toContain(path);
    const mended = await fileOf(place, 'runs');
    expect(mended).not.toBe(path);
    const views = await readFile(join(place.dir, 'views.sql'), 'utf8');
    expect(views).toContain(mended.replaceAll("'", "''"));
    expect((await notebook.query('FROM runs ORDER BY id')).rows).toEqual(before);
  });

  it('do not matter where it is the manifest: everything is gathered again', async () => {
    const place = await aNotebook();
    await writeFile(join(place.dir, 'manifest.json'), '{"schema":1,');
    const reader = await readNotebook(place.dir);
    expect((await reader.query(LAST)).rows).toEqual([]);
    expect(reader.warnings[0]).toContain('manifest.json');
    const notebook = await opened(place);
    expect(notebook.warnings[0]).toContain('manifest.json');
    expect((await notebook.query(LAST)).rows).toEqual(BOTH);
  });

  it('that a crash left behind are swept away on opening', async () => {
    const place = await aNotebook();
    const left = join(place.dir, 'runs', '000000001-cut.parquet');
    await writeFile(left, 'PAR1');
    await writeFile(join(place.dir, 'manifest.json.0a0b.tmp'), '{');
    const notebook = await opened(place);
    expect(notebook.warnings).toEqual([]);
    expect(await readdir(join(place.dir, 'runs'))).toHaveLength(1);
    expect(await readdir(place.dir)).not.toContain('manifest.json.0a0b.tmp');
  });
});

describe('taking in', () => {
  it('counts a run once, however often it is told', async () => {
    const place = await aNotebook();
    const notebook = await opened(place);
    const result = aResult('E-0000.1', { metric_points: 2 });
    const file = sourceOf(place.runsDir, 'E-0000.1', 1);
    await Promise.all([notebook.takeIn(result, file), notebook.takeIn(result, file)]);
    expect((await notebook.query('SELECT count(*) AS n FROM metrics')).rows).toEqual([{ n: 4 }]);
  });

  it('puts a newer attempt in the place of an older one, and leaves a late older one out', async () => {
    const place = await aNotebook();
    const notebook = await opened(place);
    const take = async (run: RunId, attempt: number, value: number) =>
      notebook.takeIn(
        aResult(run, { attempt, metric_points: 1 }),
        await leaveMetrics(place, run, losses(value), attempt),
      );
    await take('E-0000.1', 3, 30);
    await take('E-0000.1', 2, 20);
    expect((await notebook.query(LAST)).rows).toEqual([
      { run_id: 'E-0000.1', loss: 30 },
      { run_id: 'E-0000.2', loss: 2 },
    ]);
  });

  it('hides the numbers of an attempt as soon as its run is tried again', async () => {
    const place = await aNotebook();
    const notebook = await opened(place);
    await notebook.append(runStarted('E-0000.1', 1, 2));
    await notebook.seal();
    expect((await notebook.query(LAST)).rows).toEqual(BOTH.slice(1));
    expect(await readFile(join(place.dir, 'views.sql'), 'utf8')).toContain(
      "WHERE run_id NOT IN ('E-0000.1')",
    );
  });

  it('finds a file that is named from the top of the lab', async () => {
    const place = await aNotebook();
    const notebook = await opened(place);
    await leaveMetrics(place, 'E-0000.3', losses(7));
    const file = 'experiments/E-0000/runs/3/attempts/1/metrics.parquet';
    await notebook.takeIn(aResult('E-0000.3', { metric_points: 1 }), file);
    expect((await notebook.query(LAST)).rows).toContainEqual({ run_id: 'E-0000.3', loss: 7 });
  });

  it('raises an alert where the file is no good, and lets the night go on', async () => {
    const place = await aNotebook();
    const notebook = await opened(place);
    await notebook.takeIn(aResult('E-0000.3', { metric_points: 5 }), '/nowhere/metrics.parquet');
    expect(notebook.warnings[0]).toContain('/nowhere/metrics.parquet is missing');
    expect((await notebook.query('SELECT subject FROM alerts')).rows).toEqual([
      { subject: 'E-0000.3' },
    ]);
    expect((await notebook.query(LAST)).rows).toEqual(BOTH);
  });

  it('reads what the small writer of the workers wrote beside what DuckDB wrote', async () => {
    const place = await aNotebook();
    const file = await leaveMetrics(place, 'E-0000.3', [
      { key: 'val loss', step: null, value: NaN },
      { key: 'val loss', step: 3, value: -Infinity },
    ]);
    const small = `${file}.small`;
    await writeMetrics(`${file}.ndjson`, small, 'E-0000.4');
    const notebook = await opened(place);
    await notebook.takeIn(aResult('E-0000.3', { metric_points: 2 }), file);
    await notebook.takeIn(aResult('E-0000.4', { metric_points: 2 }), small);
    const rows = (run: string) =>
      notebook.query(
        `SELECT key, step, time, value FROM metrics WHERE run_id = '${run}' ORDER BY step`,
      );
    expect((await rows('E-0000.4')).rows).toEqual((await rows('E-0000.3')).rows);
    expect((await rows('E-0000.4')).rows).toEqual([
      { key: 'val loss', step: 3, time: '2026-01-01T00:00:00.000Z', value: '-Infinity' },
      { key: 'val loss', step: null, time: '2026-01-01T00:00:00.000Z', value: 'NaN' },
    ]);
  });

  it('survives that the notebook was moved to another folder', async () => {
    const place = await aNotebook();
    const moved = { ...place, dir: join(place.root, 'elsewhere') };
    await cp(place.dir, moved.dir, { recursive: true });
    const notebook = await opened(moved);
    expect((await notebook.query(LAST)).rows).toEqual(BOTH);
    expect(await readFile(join(moved.dir, 'views.sql'), 'utf8')).not.toContain('data/notebook');
  });
});
