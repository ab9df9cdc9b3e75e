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
  const before = new Map(
    [...state.own.values()].flatMap(({ id, foreign, end }) =>
      // What an import that was cut off left is no reason to leave it out.
      foreign && end !== null && end.killed_because !== 'gone'
        ? [[foreign.sha256, id] as const]
        : [],
    ),
  );
  const importer = await thisProcess();
  const imported: ImportedRun[] = [];
  const known: ImportedRun[] = [];
  const remarks: string[] = [];
  for (const { file, id, sha256, links, write } of found) {
    const there = before.get(sha256);
    if (there !== undefined) {
      known.push({ run: there, id, file });
      continue;
    }
    const { id: run, folder } = await claimOwnRun(lab);
    const foreign: Foreign = { file: basename(file), id, links, sha256 };
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

/** A run to be imported: what it is called, what tells it from others, and how to write its folder. */
interface Found {
  readonly file: string;
  readonly id: string;
  readonly sha256: string;
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
      ...{ file, id: run.id, sha256: await fingerprint(run), links: run.links },
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

/** Of what it says and what its samples are, wherever its files lie. */
async function fingerprint({ samples, ...run }: ForeignRun): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(run, spelt));
  for (const { path, task } of samples) {
    hash.update(JSON.stringify(task));
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}
