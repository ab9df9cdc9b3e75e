import { open } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { LabError } from '../orchestrator/domain/errors.ts';
import type { RunId } from '../orchestrator/domain/ids.ts';
import { attemptDir, EXPERIMENTS_DIR } from '../orchestrator/domain/layout.ts';
import type { RunResult } from '../orchestrator/domain/run.ts';
import type { State } from '../orchestrator/domain/state.ts';
import { copyDurably, errorCode, fingerprint, inWords } from './durable.ts';
import type { FileEntry, Keeper, Manifest } from './manifest.ts';
import { makeFolder } from './parquet.ts';
import type { Problem } from './problem.ts';
import { METRICS } from './tables.ts';

/** What a run's attempt left. */
export interface Attempt {
  readonly run: RunId;
  readonly attempt: number;
  readonly points: number;
}

/** Where an attempt's own metrics.parquet lies. */
export const sourceOf = (runsDir: string, run: RunId, attempt: number): string =>
  join(runsDir, relative(EXPERIMENTS_DIR, attemptDir(run, attempt)), 'metrics.parquet');

/**
 * The manifest with an attempt's metrics in it. Unchanged where this attempt or a newer one is in
 * already; an older attempt's numbers stop to count. `source` null: the attempt left none.
 */
export async function withMetrics(
  dir: string,
  manifest: Manifest,
  { run, attempt, points }: Attempt,
  source: string | null,
): Promise<Manifest> {
  if ((manifest.attempts[run] ?? 0) >= attempt) return manifest;
  const attempts = { ...manifest.attempts, [run]: attempt };
  // A file of this run alone is no longer read; one of many runs stays, its rows of this run do not.
  const files = manifest.files.filter((file) => !isOnly(file, run));
  if (source === null) return { ...manifest, files, attempts };
  const path = join(METRICS, `${run}-${attempt}.parquet`);
  await makeFolder(dir, METRICS);
  await copyDurably(source, join(dir, path));
  const print = await fingerprint(join(dir, path));
  const file: FileEntry = {
    ...{ path, table: METRICS, rows: points, ...print, level: 0, runs: { [run]: attempt } },
  };
  return { ...manifest, files: [...files, file], attempts };
}

const isOnly = ({ runs }: FileEntry, run: RunId): boolean =>
  runs?.[run] !== undefined && Object.keys(runs).length === 1;

/**
 * Takes the metrics of a result in, once per run and attempt; a fenced-off attempt's are left. What
 * is wrong with the file, where something is: the night goes on without these numbers. Throws
 * LabError failed where the notebook cannot be written.
 */
export async function takeIn(
  dir: string,
  keeper: Keeper,
  state: State,
  { run, attempt, metric_points: points }: RunResult,
  file: string,
): Promise<Problem | null> {
  if ((state.runs.get(run)?.attempt ?? 0) > attempt) return null;
  if ((keeper.current.attempts[run] ?? 0) >= attempt) return null;
  const problem = points === 0 ? null : await parquetProblem(file);
  const source = points === 0 || problem !== null ? null : file;
  try {
    await keeper.change((manifest) => withMetrics(dir, manifest, { run, attempt, points }, source));
  } catch (error) {
    const text = `the metrics of ${run} could not be taken in: ${inWords(error)}`;
    throw new LabError('failed', text, dir, error);
  }
  if (problem === null) return null;
  return { text: `${file} ${problem}: the metrics of ${run} are lost; its result stands`, run };
}

/** A Parquet file begins and ends with PAR1. What is wrong with this one; null: nothing seen. */
export async function parquetProblem(path: string): Promise<string | null> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  });
  if (!handle) return 'is missing';
  try {
    const { size } = await handle.stat();
    const ends = Buffer.alloc(8);
    if (size >= 12) {
      await handle.read(ends, 0, 4, 0);
      await handle.read(ends, 4, 4, size - 4);
    }
    return ends.toString('latin1') === 'PAR1PAR1' ? null : 'is no whole Parquet file';
  } finally {
    await handle.close();
  }
}
