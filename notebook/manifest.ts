import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { LabError } from '../orchestrator/domain/errors.ts';
import type { AnyRunId } from '../orchestrator/domain/ids.ts';
import type { State } from '../orchestrator/domain/state.ts';
import { ignoring, writeDurably } from './durable.ts';
import { oneAtATime } from './turns.ts';
import type { Schema } from './schema.ts';

/** A sealed Parquet file. */
export interface FileEntry {
  /** From the notebook's folder. */
  readonly path: string;
  readonly table: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
  /** How often its rows have been merged. */
  readonly level: number;
  /** Of what runs left: its runs, with the attempt that the rows are of. */
  readonly runs?: Readonly<Record<AnyRunId, number>>;
}

/** What readers go by: only these files count. */
export interface Manifest {
  readonly schema: number;
  /** Grows with every change; a reader that was overtaken looks again. */
  readonly generation: number;
  /** The journal's record up to which the tables are. */
  readonly sealed: number;
  /** The journal file being written, from the notebook's folder. */
  readonly journal: string;
  readonly files: readonly FileEntry[];
  /** The attempt of each run whose files were taken in last; one without any has none here. */
  readonly attempts: Readonly<Record<AnyRunId, number>>;
}

export const emptyManifest = (schema: Schema): Manifest => ({
  schema: schema.version,
  generation: 0,
  sealed: 0,
  journal: join('journal', '000001.ndjson'),
  files: [],
  attempts: {},
});

/** Null where there is none yet. Throws LabError damaged where the file is not what was written. */
export async function readManifest(dir: string): Promise<Manifest | null> {
  const path = join(dir, 'manifest.json');
  const text = await readFile(path, 'utf8').catch(ignoring('ENOENT'));
  if (text === undefined) return null;
  let manifest: Partial<Manifest>;
  try {
    manifest = JSON.parse(text) as Partial<Manifest>;
  } catch (error) {
    throw damaged(path, 'no JSON', error);
  }
  const { schema, generation, sealed, journal, files, attempts } = manifest;
  const numbers = [schema, generation, sealed].every((n) => Number.isSafeInteger(n));
  const texts = typeof journal === 'string' && typeof attempts === 'object' && attempts !== null;
  if (!numbers || !texts || !Array.isArray(files) || !files.every(isEntry))
    throw damaged(path, 'other keys than a manifest has');
  return manifest as Manifest;
}

const isEntry = (entry: Partial<FileEntry> | null): boolean =>
  entry !== null &&
  [entry.path, entry.table, entry.sha256].every((text) => typeof text === 'string') &&
  [entry.rows, entry.bytes, entry.level].every((n) => typeof n === 'number');

const damaged = (path: string, found: string, cause?: unknown): LabError =>
  new LabError(
    'damaged',
    `${path} is not what was written: it holds ${found}. The next autolab launch builds it anew from the journal`,
    path,
    cause,
  );

const writeManifest = (dir: string, manifest: Manifest): Promise<void> =>
  writeDurably(join(dir, 'manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`);

/** The manifest as the state sees it: of a run that is tried again, older numbers count no more. */
export function asOf(state: State, manifest: Manifest): Manifest {
  const newer = [...state.runs.values(), ...state.own.values()].filter(
    ({ id, attempt }) => attempt > (manifest.attempts[id] ?? Infinity),
  );
  if (newer.length === 0) return manifest;
  const attempts = Object.fromEntries(newer.map(({ id, attempt }) => [id, attempt]));
  return { ...manifest, attempts: { ...manifest.attempts, ...attempts } };
}

/** Runs of such a file that a newer attempt replaced: rows of theirs in it do not count. */
export const overtaken = (manifest: Manifest, file: FileEntry): readonly AnyRunId[] =>
  (Object.entries(file.runs ?? {}) as [AnyRunId, number][]).flatMap(([run, attempt]) =>
    manifest.attempts[run] === attempt ? [] : run,
  );

/** The manifest in its writer's hands. */
export interface Keeper {
  readonly current: Manifest;
  /** One change after the other, each durable when it resolves; the same object: no change. */
  change(step: (manifest: Manifest) => Manifest | Promise<Manifest>): Promise<void>;
}

/** `mayWrite` is asked before every write, and throws where nothing may be written any more. */
export function keepManifest(
  dir: string,
  first: Manifest,
  mayWrite: () => Promise<void> = async () => {},
): Keeper {
  let current = first;
  const inTurn = oneAtATime();
  return {
    get current() {
      return current;
    },
    change: (step) =>
      inTurn(async () => {
        const next = await step(current);
        if (next === current) return;
        await mayWrite();
        const numbered = { ...next, generation: current.generation + 1 };
        await writeManifest(dir, numbered);
        current = numbered;
      }),
  };
}
