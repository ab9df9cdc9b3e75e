import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterAll, beforeAll, onTestFinished } from 'vitest';

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

/** Its name has what paths may have. */
async function makePlace(): Promise<Place> {
  const root = await mkdtemp(join(tmpdir(), "autolab's [notebook] "));
  return { root, dir: join(root, 'data/notebook'), runsDir: join(root, 'experiments') };
}
const removed = ({ root }: Place) => rm(root, { recursive: true, force: true });

/** A lab's folder, gone after the test. */
export async function aPlace(): Promise<Place> {
  const place = await makePlace();
  onTestFinished(() => removed(place));
  return place;
}

/** Fills a place once for the tests that follow. Returns what gives each a copy of its own. */
export function copiesOf(fill: (place: Place) => Promise<void>): () => Promise<Place> {
  let original: Place;
  beforeAll(async () => {
    original = await makePlace();
    await fill(original);
  });
  afterAll(() => removed(original));
  return async () => {
    const place = await aPlace();
    await cp(original.root, place.root, { recursive: true });
    return place;
  };
}

/** A clock that moves a second with every look. */
function aClock(): Clock {
  let now = Date.UTC(2026, 0, 1);
  return { now: () => (now += 1000), monotonic: () => now, asleep: () => 0 };
}

/** Opens for whoever closes it, and seals when it wants to. */
export const openIn = (
  { dir, runsDir }: Place,
  extra: Partial<NotebookOptions> = {},
): Promise<OpenNotebook> =>
  openNotebook({ dir, runsDir, clock: aClock(), sealAfter: 3_600_000, ...extra });

/** The same for the test: closes at the latest when it ends. */
export async function opened(
  place: Place,
  extra: Partial<NotebookOptions> = {},
): Promise<OpenNotebook> {
  const notebook = await openIn(place, extra);
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
