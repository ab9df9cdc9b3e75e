import { open } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

import { LabError } from '../orchestrator/domain/errors.ts';
import { isOwnRunId, isRunId, type AnyRunId } from '../orchestrator/domain/ids.ts';
import { attemptDir, EXPERIMENTS_DIR, ownRunDir } from '../orchestrator/domain/layout.ts';
import type { LeftBy } from '../orchestrator/domain/ports.ts';
import type { State } from '../orchestrator/domain/state.ts';
import { copyDurably, errorCode, fingerprint, inWords } from './durable.ts';
import type { FileEntry, Keeper, Manifest } from './manifest.ts';
import { makeFolder } from './parquet.ts';
import type { Problem } from './problem.ts';
import { METRICS, SAMPLES } from './tables.ts';

/** A run's attempt. */
export interface Attempt {
  readonly run: AnyRunId;
  readonly attempt: number;
}

/** A Parquet file that it left, of one of the tables of runs. */
interface Left {
  readonly table: string;
  readonly rows: number;
  readonly source: string;
}

/** An attempt with all that it left. */
export interface Taking extends Attempt {
  readonly left: readonly Left[];
}

/** Where an attempt's own metrics.parquet, or that of another table of runs, lies. */
export function sourceOf(
  runsDir: string,
  run: AnyRunId,
  attempt: number,
  table: string = METRICS,
): string {
  const folder = isOwnRunId(run) ? ownRunDir(run) : attemptDir(run, attempt);
  return join(runsDir, relative(EXPERIMENTS_DIR, folder), `${table}.parquet`);
}

/** How many rows of each table of runs a result says that its attempt left. */
export const rowsOf = (result: RowCounts | null | undefined): ReadonlyMap<string, number> =>
  new Map([
    [METRICS, result?.metric_points ?? 0],
    [SAMPLES, result?.sample_rows ?? 0],
  ]);
type RowCounts = Pick<LeftBy, 'metric_points' | 'sample_rows'>;

/** Where a table's copy of what one attempt left lies in the notebook. */
export const copyOf = (table: string, { run, attempt }: Attempt): string =>
  join(table, `${run}-${attempt}.parquet`);

/**
 * The manifest with what some attempts left in it, of a run one at most. Unchanged where they or
 * newer ones are in already; an older attempt's rows stop to count.
 */
export async function withLeft(
  dir: string,
  manifest: Manifest,
  takings: readonly Taking[],
): Promise<Manifest> {
  const due = takings.filter(({ run, attempt }) => (manifest.attempts[run] ?? 0) < attempt);
  if (due.length === 0) return manifest;
  const taken: FileEntry[] = [];
  for (const { left, ...attempt } of due)
    for (const one of left) taken.push(await copied(dir, attempt, one));
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

/** The copy of a file that an attempt left, not yet in the manifest. */
export async function copied(
  dir: string,
  { run, attempt }: Attempt,
  { table, rows, source }: Left,
): Promise<FileEntry> {
  const path = copyOf(table, { run, attempt });
  await makeFolder(dir, table);
  await copyDurably(source, join(dir, path));
  const print = await fingerprint(join(dir, path));
  return { path, table, rows, ...print, level: 0, runs: { [run]: attempt } };
}

function isOnlyOf({ runs }: FileEntry, some: ReadonlySet<string>): boolean {
  const [first, ...more] = Object.keys(runs ?? {});
  return first !== undefined && more.length === 0 && some.has(first);
}

/** What an attempt left, of which `metricsFile` is one, and what is wrong with the rest of it. */
export async function whatIsLeft(
  { run, attempt, ...counts }: LeftBy,
  metricsFile: string,
): Promise<{ readonly taking: Taking; readonly problems: readonly Problem[] }> {
  const left: Left[] = [];
  const problems: Problem[] = [];
  for (const [table, rows] of rowsOf(counts)) {
    if (rows === 0) continue;
    const source = table === METRICS ? metricsFile : join(dirname(metricsFile), `${table}.parquet`);
    const problem = await parquetProblem(source);
    const text = `${source} ${problem}: the ${table} of ${run} are lost; its result stands`;
    if (problem === null) left.push({ table, rows, source });
    else problems.push({ text, run: isRunId(run) ? run : null });
  }
  return { taking: { run, attempt, left }, problems };
}

/**
 * Takes what a result's attempt left in, once per run and attempt; a fenced-off attempt's is left.
 * `metricsFile` says where its metrics.parquet lies, beside which the others do. What is wrong with
 * the files, where something is: the night goes on without these rows. Throws LabError failed where
 * the notebook cannot be written.
 */
export async function takeIn(
  dir: string,
  keeper: Keeper,
  state: State,
  by: LeftBy,
  metricsFile: string,
): Promise<readonly Problem[]> {
  const { run, attempt } = by;
  if ((attemptIn(state, run) ?? 0) > attempt) return [];
  if ((keeper.current.attempts[run] ?? 0) >= attempt) return [];
  const { taking, problems } = await whatIsLeft(by, metricsFile);
  try {
    await keeper.change((manifest) => withLeft(dir, manifest, [taking]));
  } catch (error) {
    const text = `the metrics of ${run} could not be taken in: ${inWords(error)}`;
    throw new LabError('failed', text, dir, error);
  }
  return problems;
}

/** The attempt of a run that counts; undefined where the lab knows no such run. */
export const attemptIn = (state: State, run: AnyRunId): number | undefined =>
  (isOwnRunId(run) ? state.own.get(run) : state.runs.get(run))?.attempt;

/** A Parquet file begins and ends with PAR1. What is wrong with this one; null: nothing seen. */
export async function parquetProblem(path: string): Promise<string | null> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    // What cannot be opened is lost to this run, and to no other.
    return errorCode(error) === 'ENOENT' ? 'is missing' : `could not be opened (${inWords(error)})`;
  });
  if (typeof handle === 'string') return handle;
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
