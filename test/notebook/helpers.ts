import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { onTestFinished } from 'vitest';

import type { Clock } from '../../orchestrator/domain/ports.ts';
import type { RunId } from '../../orchestrator/domain/ids.ts';
import { writeLargeParquet } from '../../notebook/large-parquet.ts';
import { sourceOf } from '../../notebook/intake.ts';
import { openNotebook, type NotebookOptions, type OpenNotebook } from '../../notebook/writer.ts';

export interface Place {
  readonly root: string;
  readonly dir: string;
  readonly runsDir: string;
}

/** A lab's folder, gone after the test. Its name has what paths may have. */
export async function aPlace(): Promise<Place> {
  const root = await mkdtemp(join(tmpdir(), "autolab's [notebook] "));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  return { root, dir: join(root, 'data/notebook'), runsDir: join(root, 'experiments') };
}

/** A clock that moves a second with every look. */
function aClock(): Clock {
  let now = Date.UTC(2026, 0, 1);
  return { now: () => (now += 1000), monotonic: () => now, asleep: () => 0 };
}

/** Opens for the test, which seals when it wants to; closes at the latest when the test ends. */
export async function opened(
  place: Place,
  extra: Partial<NotebookOptions> = {},
): Promise<OpenNotebook> {
  const notebook = await openNotebook({
    ...{ dir: place.dir, runsDir: place.runsDir, clock: aClock(), sealAfter: 3_600_000 },
    ...extra,
  });
  onTestFinished(() => notebook.close());
  return notebook;
}

export interface Point {
  readonly key: string;
  readonly step: number | null;
  readonly value: number;
}

/** Writes an attempt's metrics.parquet where the worker leaves it. Returns its path. */
export async function leaveMetrics(
  place: Place,
  run: RunId,
  points: readonly Point[],
  attempt = 1,
): Promise<string> {
  const file = sourceOf(place.runsDir, run, attempt);
  await mkdir(dirname(file), { recursive: true });
  const lines = points.map(({ key, step, value }) =>
    JSON.stringify({
      ...{ key, step, time: 1_767_225_600_000 },
      value: Number.isFinite(value) ? value : String(value),
    }),
  );
  await writeFile(`${file}.ndjson`, lines.map((line) => `${line}\n`).join(''));
  await writeLargeParquet(`${file}.ndjson`, file, run);
  return file;
}

/** `loss` at steps 1, 2, …. */
export const losses = (...values: readonly number[]): Point[] =>
  values.map((value, i) => ({ key: 'loss', step: i + 1, value }));
