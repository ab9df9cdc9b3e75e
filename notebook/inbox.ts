import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Event, EventBody } from '../orchestrator/domain/event.ts';
import { decodeEvent, encodeEvent } from './codec.ts';
import { errorCode, ignoring, makeNotebookFolder, sync, writeDurably } from './durable.ts';
import { checksummed, unchecked } from './lines.ts';

/** A record that another process left, one per file. */
export interface InboxRecord {
  /** The file's name; the journal keeps it, so that no record is counted twice. */
  readonly id: string;
  readonly path: string;
  /** `seq` is 0: the journal gives the number. Null where the file is not what was written. */
  readonly event: Event | null;
}

/**
 * Leaves a record for whoever holds the notebook; readers see it at once. Durable when it
 * resolves. `at` is milliseconds since 1970. May be called by any number of processes. What several
 * of them may find out and put here counts once, where they give it the same `id`: a name that
 * begins with a letter, and so comes after all that have none.
 */
export async function putInInbox(
  dir: string,
  body: EventBody,
  at: number = Date.now(),
  id: string = newId(at),
): Promise<void> {
  const folder = join(dir, 'inbox');
  await makeNotebookFolder(dir);
  const event: Event = { seq: 0, at: new Date(at).toISOString(), ...body };
  await writeDurably(join(folder, `${id}.json`), checksummed(encodeEvent(event)));
}

const newId = (at: number): string =>
  `${String(at).padStart(15, '0')}-${process.pid}-${randomBytes(4).toString('hex')}`;

/** What lies in the inbox, oldest first. */
export async function readInbox(dir: string): Promise<readonly InboxRecord[]> {
  const folder = join(dir, 'inbox');
  const names = (await readdir(folder).catch(ignoring('ENOENT'))) ?? [];
  const records: InboxRecord[] = [];
  for (const name of names.filter((n) => n.endsWith('.json')).toSorted()) {
    const path = join(folder, name);
    const bytes = await readFile(path).catch(ignoring('ENOENT')); // drained meanwhile
    if (bytes) records.push({ id: name.slice(0, -'.json'.length), path, event: eventIn(bytes) });
  }
  return records;
}

function eventIn(bytes: Buffer): Event | null {
  const newline = bytes.indexOf(10);
  const json = newline === bytes.length - 1 ? unchecked(bytes.subarray(0, newline)) : null;
  return json === null ? null : decodeEvent(json);
}

/** Records with numbers behind `seq`, and times that do not go back behind the journal's last one. */
export const stamped = (records: readonly Event[], now: string, seq: number): readonly Event[] =>
  records.map((event, i) => ({ ...event, seq: seq + i + 1, at: event.at > now ? event.at : now }));

/** Removes records that the journal has. */
export async function forget(dir: string, records: readonly InboxRecord[]): Promise<void> {
  if (records.length === 0) return;
  for (const { path } of records) await rm(path, { force: true });
  await sync(join(dir, 'inbox')).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error;
  });
}
