import { readFileSync } from 'node:fs';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { crc32 } from 'node:zlib';

import type { Event } from '../orchestrator/domain/event.ts';
import { advance, fold, replay } from '../orchestrator/domain/fold.ts';
import { EMPTY, type State } from '../orchestrator/domain/state.ts';
import { beside } from './durable.ts';
import { readInbox, stamped } from './inbox.ts';
import { BEGINNING, readJournal, segmentName, type Position } from './journal-reader.ts';
import { asColumns, fromColumns, type OwnColumns } from './own-columns.ts';
import { CURRENT, type Schema } from './schema.ts';

/**
 * The state at some place of the journal, so that `status` need not read years of it. Nothing but
 * a shortcut: whatever is odd about it, the journal is read from its beginning.
 */

const FILE = 'snapshot';
/** Counts up when the state's shape changes below its top level. */
const VERSION = 11;
/** So many bytes before the position must be the same: another journal may lie there by now. */
const TAIL = 512;

interface Content {
  readonly version: number;
  readonly schema: number;
  /** Top-level keys of the state. */
  readonly shape: string;
  readonly position: Position;
  /** Without runs of one's own. */
  readonly state: State;
  readonly own: OwnColumns;
  /** Inbox records that are in the journal. */
  readonly drained: ReadonlySet<string>;
}

const SHAPE = Object.keys(EMPTY).join();

/**
 * Writes it. `state` is read before this returns its promise; nothing has to be durable, for a
 * checksum tells a torn file.
 */
export function writeSnapshot(
  dir: string,
  schema: Schema,
  state: State,
  position: Position,
  drained: ReadonlySet<string>,
): Promise<void> {
  const content: Content = {
    ...{ version: VERSION, schema: schema.version, shape: SHAPE, position, drained },
    ...{ state: { ...state, own: new Map() }, own: asColumns(state.own) },
  };
  const body = serialize(content);
  return (async () => {
    const tail = (await tailBefore(dir, position)) ?? Buffer.alloc(0);
    const path = join(dir, FILE);
    const temporary = beside(path);
    const sums = Buffer.alloc(8 + TAIL);
    sums.writeUInt32LE(crc32(body), 0);
    sums.writeUInt32LE(tail.length, 4);
    tail.copy(sums, 8);
    try {
      await writeFile(temporary, Buffer.concat([sums, body]));
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  })();
}

/**
 * The lab as its journal and its inbox tell it, for reading, also while a night runs; a folder
 * that does not exist yet is an empty lab. Throws LabError damaged and refused, as the journal's
 * reader does.
 */
export async function readState(folder: string, schema: Schema = CURRENT): Promise<State> {
  const dir = resolve(folder);
  // The inbox first: what is drained between the two looks is then seen twice, and known by its id.
  const inbox = await readInbox(dir);
  const start = (await readSnapshot(dir, schema)) ?? (await beginning(dir, schema));
  const drained = new Set(start.drained);
  let state = start.state;
  for (const { event, inbox: id } of start.behind) {
    state = advance(state, event);
    if (id !== null) drained.add(id);
  }
  const waiting = inbox.flatMap(({ id, event }) => (event && !drained.has(id) ? event : []));
  return stamped(waiting, state.now, start.seq).reduce(foldIfItFits, state);
}

/** What does not fit the lab is left to the writer, who sets it aside. */
function foldIfItFits(state: State, event: Event): State {
  try {
    return fold(state, event);
  } catch {
    return state;
  }
}

interface Start {
  /** Nobody else's. */
  readonly state: State;
  readonly drained: ReadonlySet<string>;
  /** What the journal has behind it. */
  readonly behind: Awaited<ReturnType<typeof readJournal>>['records'];
  readonly seq: number;
}

async function beginning(dir: string, schema: Schema): Promise<Start> {
  const { records, position } = await readJournal(dir, schema, BEGINNING);
  return { state: replay([]), drained: new Set(), behind: records, seq: position.seq };
}

async function readSnapshot(dir: string, schema: Schema): Promise<Start | null> {
  try {
    // At once: it is read before anything else is to be done, and in pieces takes twice as long.
    const bytes = readFileSync(join(dir, FILE));
    const body = bytes.subarray(8 + TAIL);
    if (crc32(body) !== bytes.readUInt32LE(0)) return null;
    const tail = bytes.subarray(8, 8 + bytes.readUInt32LE(4));
    const content = deserialize(body) as Content;
    if (content.version !== VERSION || content.shape !== SHAPE) return null;
    if (content.schema !== schema.version) return null;
    const { drained, position: from } = content;
    if (!(await tailBefore(dir, from))?.equals(tail)) return null;
    const { records, position } = await readJournal(dir, schema, from);
    const state: State = { ...content.state, own: fromColumns(content.own) };
    return { state, drained, behind: records, seq: position.seq };
  } catch {
    return null; // none, or none of ours: what is wrong with the journal its whole reading says
  }
}

/** The bytes of the journal that end at the position; null where it is shorter. */
async function tailBefore(dir: string, { segment, bytes }: Position): Promise<Buffer | null> {
  const handle = await open(join(dir, 'journal', segmentName(segment)), 'r');
  try {
    const size = Math.min(TAIL, bytes);
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(size), 0, size, bytes - size);
    return bytesRead === size ? buffer : null;
  } finally {
    await handle.close();
  }
}
