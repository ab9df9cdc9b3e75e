import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { isOwnRunId, isRunId, type AnyRunId } from '../orchestrator/domain/ids.ts';
import type { State } from '../orchestrator/domain/state.ts';
import { ignoring } from './durable.ts';
import { copied, copyOf, parquetProblem, rowsOf, sourceOf, withLeft } from './intake.ts';
import type { FileEntry, Manifest } from './manifest.ts';
import type { Problem } from './problem.ts';
import { OF_RUNS, TABLES } from './tables.ts';
import { createVerifier } from './verify.ts';

/** What was found wrong on opening, and what became of it. */
export interface Mended {
  /** Without the damaged files, with what could be taken in again. */
  readonly manifest: Manifest;
  readonly problems: readonly Problem[];
}

/**
 * Checks every sealed file against the manifest. A damaged one is set aside under `damaged/`: tables
 * of records are built anew from the journal, what runs left is taken in again from their own files.
 */
export async function mend(
  dir: string,
  manifest: Manifest,
  state: State,
  runsDir: string,
): Promise<Mended> {
  const verify = createVerifier(dir);
  const problems: Problem[] = [];
  let mended = manifest;
  for (const file of manifest.files) {
    const problem = await verify(file);
    if (problem === null) continue;
    await setAside(dir, file.path);
    mended = { ...mended, files: mended.files.filter((other) => other !== file) };
    const what = `${join(dir, file.path)} ${problem}`;
    if (isOfRuns(file.table)) {
      const again = await takeAgain(dir, mended, file, state, runsDir);
      mended = again.manifest;
      problems.push(inWords(what, again.lost, file));
    } else {
      mended = unsealed(mended);
      problems.push({ text: `${what}: the tables are built anew from the journal`, run: null });
    }
  }
  return { manifest: mended, problems };
}

/** As if no record had been sealed yet: the next seal writes all tables from the journal. */
export const unsealed = (manifest: Manifest): Manifest => ({
  ...manifest,
  sealed: 0,
  files: manifest.files.filter((file) => isOfRuns(file.table)),
});

const isOfRuns = (table: string): boolean => OF_RUNS.some(({ name }) => name === table);

function inWords(what: string, lost: readonly AnyRunId[], file: FileEntry): Problem {
  const runs = Object.keys(file.runs ?? {});
  const text =
    lost.length === 0
      ? `${what}: its ${file.table} were taken in again from the runs' own files`
      : `${what}: the ${file.table} of ${lost.join(', ')} are lost, their own files are gone too; their results stand`;
  const [only = ''] = runs;
  return { text, run: runs.length === 1 && isRunId(only) ? only : null };
}

/** A lost file's rows from the files of its runs. `lost`: runs whose own file is no good either. */
async function takeAgain(
  dir: string,
  manifest: Manifest,
  file: FileEntry,
  state: State,
  runsDir: string,
): Promise<{ readonly manifest: Manifest; readonly lost: readonly AnyRunId[] }> {
  const { table } = file;
  const lost: AnyRunId[] = [];
  const files = [...manifest.files];
  for (const [run, attempt] of Object.entries(file.runs ?? {}) as [AnyRunId, number][]) {
    if (manifest.attempts[run] !== attempt) continue; // overtaken: nobody misses it
    const source = sourceOf(runsDir, run, attempt, table);
    if ((await parquetProblem(source)) !== null) {
      lost.push(run);
      continue;
    }
    const rows = rowsOf(resultOf(state, run)).get(table) ?? 0;
    const copy = await copied(dir, { run, attempt }, { table, rows, source });
    // The file of one run has its source's hash: another one means that the source is damaged too.
    if (file.level === 0 && copy.sha256 !== file.sha256) lost.push(run);
    else files.push(copy);
  }
  return { manifest: { ...manifest, files }, lost };
}

/** What runs left from nothing but their own files, for when the manifest is lost. */
export async function regather(
  dir: string,
  manifest: Manifest,
  state: State,
  runsDir: string,
): Promise<{ readonly manifest: Manifest; readonly lost: readonly string[] }> {
  const lost: string[] = [];
  let gathered = manifest;
  for (const { id: run, attempt } of [...state.runs.values(), ...state.own.values()]) {
    const left: { readonly table: string; readonly rows: number; readonly source: string }[] = [];
    for (const [table, rows] of rowsOf(resultOf(state, run))) {
      if (rows === 0) continue;
      const sources = [
        sourceOf(runsDir, run, attempt, table),
        join(dir, copyOf(table, { run, attempt })),
      ];
      const source = await firstWhole(sources);
      if (source === null) lost.push(`${table} of ${run}`);
      else left.push({ table, rows, source });
    }
    if (left.length > 0) gathered = await withLeft(dir, gathered, [{ run, attempt, left }]);
  }
  return { manifest: gathered, lost };
}

async function firstWhole(paths: readonly string[]): Promise<string | null> {
  for (const path of paths) if ((await parquetProblem(path)) === null) return path;
  return null;
}

/** Says how many rows of what it left. */
const resultOf = (state: State, run: AnyRunId) =>
  isOwnRunId(run) ? state.own.get(run)?.end : state.runs.get(run)?.result;

/** Moves a file out of the way, where people can look at it. */
export async function setAside(dir: string, path: string): Promise<void> {
  const folder = join(dir, 'damaged');
  await mkdir(folder, { recursive: true });
  const target = join(folder, `${new Date().toISOString().replaceAll(':', '')}-${basename(path)}`);
  await rename(join(dir, path), target).catch(ignoring('ENOENT'));
}

/**
 * Removes what the last writer replaced, and what a crash left half written. Where the manifest was
 * lost nobody knows what a file of runs held: those are set aside.
 */
export async function sweep(dir: string, manifest: Manifest, whole: boolean): Promise<void> {
  const live = new Set(manifest.files.map((file) => file.path));
  for (const folder of ['.', 'journal', ...TABLES.map(({ name }) => name)]) {
    const names = (await readdir(join(dir, folder)).catch(ignoring('ENOENT'))) ?? [];
    for (const name of names) {
      const path = join(folder, name);
      const replaced = name.endsWith('.parquet') && !live.has(path);
      if (replaced && isOfRuns(folder) && !whole) await setAside(dir, path);
      else if (replaced || name.endsWith('.tmp'))
        await rm(join(dir, path), { recursive: true, force: true });
    }
  }
}
