import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { readManifest } from '../../notebook/manifest.ts';
import { readNotebook } from '../../notebook/reader.ts';
import { writeSamples } from '../../workers/samples.ts';
import type { RunId } from '../../orchestrator/domain/ids.ts';
import { aNight, anExperimentsLife, aResult, runStarted } from '../support/events.ts';
import { aPlace, leaveMetrics, losses, opened, type Place } from './helpers.ts';

/** Leaves one sample of an attempt beside its metrics; the result that says so. */
async function leave(place: Place, run: RunId, prediction: string, attempt = 1) {
  const metrics = await leaveMetrics(place, run, losses(2, 1), attempt);
  await writeFile(
    join(dirname(metrics), 'samples.jsonl'),
    `${JSON.stringify({ task: 'qa', id: '1', target: 'yes', prediction })}\n`,
  );
  const { rows } = await writeSamples(dirname(metrics), run);
  return { metrics, result: aResult(run, { attempt, metric_points: 2, sample_rows: rows }) };
}

const ASKED = `SELECT s.run_id, s.prediction, count(m.step) AS points FROM samples s
  JOIN metrics m ON m.run_id = s.run_id GROUP BY ALL ORDER BY ALL`;

describe('the samples of runs', () => {
  it('are taken in with the metrics, by attempt, and mended like them', async () => {
    const place = await aPlace();
    const first = await opened(place);
    await first.append(aNight());
    for (const body of anExperimentsLife(0, 0)) await first.append(body);
    for (const [i, run] of (['E-0000.1', 'E-0000.2'] as const).entries()) {
      await first.append(runStarted(run, i + 1));
      const { metrics, result } = await leave(place, run, `no ${i}`);
      await first.takeIn(result, metrics);
      await first.append({ type: 'run_ended', result });
    }
    const both = [
      { run_id: 'E-0000.1', prediction: 'no 0', points: 2 },
      { run_id: 'E-0000.2', prediction: 'no 1', points: 2 },
    ];
    expect((await first.query(ASKED)).rows).toEqual(both);
    await first.close();
    expect(await readFile(join(place.dir, 'views.sql'), 'utf8')).toContain('samples/E-0000.1-1');

    // A damaged file: a reader does without, the next writer takes it in again.
    const entry = (await readManifest(place.dir))?.files.find(({ table }) => table === 'samples');
    await truncate(join(place.dir, entry?.path ?? ''), 20);
    const reader = await readNotebook(place.dir);
    expect((await reader.query(ASKED)).rows).toEqual(both.slice(1));
    expect(reader.warnings[0]).toContain('the samples of E-0000.1 are left out');
    const second = await opened(place);
    expect(second.warnings[0]).toContain(
      "its samples were taken in again from the runs' own files",
    );
    expect((await second.query(ASKED)).rows).toEqual(both);
    await second.close();

    // Without the manifest everything is gathered; what is gone for good is named.
    await rm(join(place.dir, 'manifest.json'));
    await rm(join(place.dir, 'samples/E-0000.2-1.parquet'));
    await rm(join(place.runsDir, 'E-0000/runs/2/attempts/1/samples.parquet'));
    const third = await opened(place);
    expect(third.warnings).toEqual(['no manifest names the samples of E-0000.2: they are lost']);
    expect((await third.query(ASKED)).rows).toEqual(both.slice(0, 1));

    // A newer attempt's take the place of an older one's.
    await third.append(runStarted('E-0000.1', 1, 2));
    expect((await third.query('SELECT * FROM samples')).rows).toEqual([]);
    const again = await leave(place, 'E-0000.1', 'yes', 2);
    await third.takeIn(again.result, again.metrics);
    expect((await third.query('SELECT prediction FROM samples')).rows).toEqual([
      { prediction: 'yes' },
    ]);
  });
});
