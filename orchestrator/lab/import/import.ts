import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import type { OwnRunId } from '../../domain/ids.ts';
import { spelt, type Foreign } from '../../domain/own-run.ts';
import type { State } from '../../domain/state.ts';
import { startOf } from '../../../notebook/lock.ts';
import { refuseOddFolders } from '../footprint.ts';
import { systemUser } from '../author.ts';
import type { LabPlace } from '../place.ts';
import { claimOwnRun } from '../own/claim.ts';
import { foreignRuns } from './files.ts';
import { readArchive, unpackRun } from './archive.ts';
import { writeForeign } from './folder.ts';
import type { ForeignRun, Importer, Roles } from './foreign.ts';

/** Brings runs that were recorded elsewhere into the lab, as runs of one's own. */

export interface ImportedRun {
  readonly run: OwnRunId;
  /** What it is called in its file. */
  readonly id: string;
  readonly file: string;
}

export interface Imported {
  readonly imported: readonly ImportedRun[];
  /** Runs that an earlier import brought; nothing was written for them. */
  readonly known: readonly ImportedRun[];
  /** What was left out, a sentence each. */
  readonly remarks: readonly string[];
}

/**
 * Reads every file before anything is written, so that a mistake in the last one leaves nothing
 * behind. Throws LabError usage where one cannot be read, and what the file system does.
 */
export async function importFiles(
  lab: LabPlace,
  state: State,
  files: readonly string[],
  roles: Roles,
): Promise<Imported> {
  await refuseOddFolders(lab.root);
  const found: Found[] = [];
  for (const file of files) found.push(...(await read(file, roles)));
  const before = broughtBefore(state, roles);
  const importer = await thisProcess();
  const imported: ImportedRun[] = [];
  const known: ImportedRun[] = [];
  const remarks: string[] = [];
  for (const { file, id, sha256, row, links, write } of found) {
    const there = before.get(sha256) ?? before.get(rowIn(file, row));
    if (there !== undefined) {
      known.push({ run: there, id, file });
      continue;
    }
    const { id: run, folder } = await claimOwnRun(lab);
    const foreign: Foreign = { file: basename(file), id, links, sha256, row };
    try {
      remarks.push(...(await write(folder, foreign, { ...importer, id: run })));
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
    before.set(sha256, run);
    imported.push({ run, id, file });
  }
  return { imported, known, remarks };
}

/**
 * What earlier imports brought, by its marks. Whoever says what columns mean may want a row again,
 * read anew; without a word on it, a row that is there is there, however it was read.
 */
function broughtBefore(state: State, { id, metrics, params }: Roles): Map<string, OwnRunId> {
  const anew = id !== undefined || metrics.length > 0 || params.length > 0;
  return new Map(
    [...state.own.values()].flatMap(({ id: run, foreign, end }) => {
      // What an import that was cut off left is no reason to leave it out.
      if (!foreign || end === null || end.killed_because === 'gone') return [];
      const { sha256, file, row } = foreign;
      const marks = anew || row === undefined ? [sha256] : [sha256, rowIn(file, row)];
      return marks.map((mark) => [mark, run] as const);
    }),
  );
}

/** Rows without an id of their own may say the same in tables that have nothing to do with each other. */
const rowIn = (file: string, row: string | undefined): string => `${row} of ${basename(file)}`;

/** A run to be imported: what it is called, what tells it from others, and how to write its folder. */
interface Found {
  readonly file: string;
  readonly id: string;
  readonly sha256: string;
  /** Of its row in a table. */
  readonly row?: string | undefined;
  readonly links: readonly string[];
  readonly write: (
    folder: string,
    foreign: Foreign,
    importer: Importer,
  ) => Promise<readonly string[]>;
}

async function read(file: string, roles: Roles): Promise<readonly Found[]> {
  if (/\.(?:tar\.gz|tgz)$/i.test(file)) {
    const archive = await readArchive(file);
    const { origin, sha256 } = archive;
    const write: Found['write'] = (folder, ...rest) => unpackRun(folder, archive, ...rest);
    return [{ ...{ file, id: origin.id, sha256, links: [] }, write }];
  }
  const found: Found[] = [];
  for (const run of await foreignRuns(file, roles))
    found.push({
      ...{ file, id: run.id, sha256: await fingerprint(run), row: run.row, links: run.links },
      write: (folder, ...rest) => writeForeign(folder, run, ...rest, file),
    });
  return found;
}

const thisProcess = async (): Promise<Omit<Importer, 'id'>> => ({
  pid: process.pid,
  process_started: await startOf(process.pid),
  host: hostname(),
  who: systemUser(),
});

/** Of what it says, as it was read, and what its samples are, wherever its files lie. */
async function fingerprint({ samples, row: _, ...run }: ForeignRun): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(run, spelt));
  for (const { path, task } of samples) {
    hash.update(JSON.stringify(task));
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}
