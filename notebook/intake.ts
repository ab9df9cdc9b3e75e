import { open } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { LabError } from '../orchestrator/domain/errors.ts';
import { isOwnRunId, isRunId, type AnyRunId } from '../orchestrator/domain/ids.ts';
import { attemptDir, EXPERIMENTS_DIR, ownRunDir } from '../orchestrator/domain/layout.ts';
import type { MetricsOf } from '../orchestrator/domain/ports.ts';
import type { State } from '../orchestrator/domain/state.ts';
import { copyDurably, errorCode, fingerprint, inWords } from './durable.ts';
import type { FileEntry, Keeper, Manifest } from './manifest.ts';
import { makeFolder } from './parquet.ts';
import type { Problem } from './problem.ts';
import { METRICS } from './tables.ts';

/** What a run's attempt left. */
export interface Attempt {
  readonly run: AnyRunId;
  readonly attempt: number;
  readonly points: number;
}

/** An attempt whose metrics are to be taken in. */
export interface Taking extends Attempt {
  /** Its metrics.parquet; null: it left none. */
  readonly source: string | null;
}

/** Where an attempt's own metrics.parquet lies. */
export const sourceOf = (runsDir: string, run: AnyRunId, attempt: number): string => {
  const folder = isOwnRunId(run) ? ownRunDir(run) : attemptDir(run, attempt);
  return join(runsDir, relative(EXPERIMENTS_DIR, folder), 'metrics.parquet');
};

/**
 * The manifest with the metrics of some attempts in it, of a run one at most. Unchanged where they
 * or newer ones are in already; an older attempt's numbers stop to count.
 */
export async function withMetrics(
  dir: string,
  manifest: Manifest,
  takings: readonly Taking[],
): Promise<Manifest> {
  const due = takings.filter(({ run, attempt }) => (manifest.attempts[run] ?? 0) < attempt);
  if (due.length === 0) return manifest;
  const taken: FileEntry[] = [];
  for (const { source, ...of } of due)
    if (source !== null) taken.push(await copied(dir, of, source));
  const again = new Set<string>(due.map(({ run }) => run));
  // A file of such a run alone is no longer read; one of many runs stays, its rows of this run do not.
  const files = manifest.files.filter((file) => !isOnlyOf(file, again));
  const attempts = Object.fromEntries(due.map(({ run, attempt }) => [run, attempt]));
  return {
    ...manifest,
    files: [...files, ...taken],
    attempts: { ...manifest.attempts, ...attempts },
  };
}

async function copied(
  dir: string,
  { run, attempt, points }: Attempt,
  source: string,
): Promise<FileEntry> {
  const path = join(METRICS, `${run}-${attempt}.parquet`);
  await makeFolder(dir, METRICS);
  await copyDurably(source, join(dir, path));
  const print = await fingerprint(join(dir, path));
  return { path, table: METRICS, rows: points, ...print, level: 0, runs: { [run]: attempt } };
}

function isOnlyOf({ runs }: FileEntry, some: ReadonlySet<string>): boolean {
  const [first, ...more] = Object.keys(runs ?? {});
  return first !== undefined && more.length === 0 && some.has(first);
}

/**
 * Takes the metrics of a result in, once per run and attempt; a fenced-off attempt's are left. What
 * is wrong with the file, where something is: the night goes on without these numbers. Throws
 * LabError failed where the notebook cannot be written.
 */
export async function takeIn(
  dir: string,
  keeper: Keeper,
  state: State,
  { run, attempt, metric_points: points }: MetricsOf,
  file: string,
): Promise<Problem | null> {
  if ((attemptIn(state, run) ?? 0) > attempt) return null;
  if ((keeper.current.attempts[run] ?? 0) >= attempt) return null;
  const problem = points === 0 ? null : await parquetProblem(file);
  const source = points === 0 || problem !== null ? null : file;
  try {
    await keeper.change((manifest) =>
      withMetrics(dir, manifest, [{ run, attempt, points, source }]),
    );
  } catch (error) {
    const text = `the metrics of ${run} could not be taken in: ${inWords(error)}`;
    throw new LabError('failed', text, dir, error);
  }
  if (problem === null) return null;
  return { text: lostInWords(file, problem, run), run: isRunId(run) ? run : null };
}

export const lostInWords = (file: string, problem: string, run: AnyRunId): string =>
  `${file} ${problem}: the metrics of ${run} are lost; its result stands`;

/** The attempt of a run that counts; undefined where the lab knows no such run. */
export const attemptIn = (state: State, run: AnyRunId): number | undefined =>
  (isOwnRunId(run) ? state.own.get(run) : state.runs.get(run))?.attempt;

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
