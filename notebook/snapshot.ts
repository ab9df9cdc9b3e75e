import { readFileSync } from 'node:fs';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { crc32 } from 'node:zlib';

import type { Event } from '../orchestrator/domain/event.ts';
import { advance, fold, replay } from '../orchestrator/domain/fold.ts';
import type { OwnRunId } from '../orchestrator/domain/ids.ts';
import { spelt, type OwnRun } from '../orchestrator/domain/own-run.ts';
import { EMPTY, type State } from '../orchestrator/domain/state.ts';
import { beside } from './durable.ts';
import { readInbox, stamped } from './inbox.ts';
import { BEGINNING, readJournal, segmentName, type Position } from './journal-reader.ts';
import { CURRENT, type Schema } from './schema.ts';

/**
 * The state at some place of the journal, so that `status` need not read years of it. Nothing but
 * a shortcut: whatever is odd about it, the journal is read from its beginning.
 */

const FILE = 'snapshot';
/** Counts up when the state's shape changes below its top level. */
const VERSION = 9;
/** So many bytes before the position must be the same: another journal may lie there by now. */
const TAIL = 512;

interface Content {
  readonly version: number;
  readonly schema: number;
  /** Top-level keys of the state. */
  readonly shape: string;
  readonly position: Position;
  readonly state: State;
  /** Runs of one's own without their details, as JSON. */
  readonly own: string;
  /** Their details, a line each. */
  readonly packed: string;
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
  const content = { version: VERSION, schema: schema.version, shape: SHAPE, position, drained };
  const body = serialize({ ...content, ...apart(state) });
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
 * Runs of one's own as two texts: thousands of small objects cost their reading as `state` more than
 * all the rest, and most readers look at no details.
 */
function apart(state: State): Pick<Content, 'state' | 'own' | 'packed'> {
  const runs = [...state.own.values()];
  // Of their numbers only the objective may be one that JSON has no word for.
  const own = JSON.stringify(
    runs.map(({ packed: _, ...run }) => run),
    spelt,
  );
  const packed = runs.map((run) => run.packed).join('\n');
  return { state: { ...state, own: new Map() }, own, packed };
}

function together({ state, own, packed }: Pick<Content, 'state' | 'own' | 'packed'>): State {
  const lines = packed.split('\n');
  const runs = JSON.parse(own) as (Omit<OwnRun, 'packed'> & { packed?: string })[];
  const all = new Map<OwnRunId, OwnRun>();
  for (const [i, run] of runs.entries()) {
    // Nobody else's yet: copies of ten thousand would cost as much as their reading.
    run.packed = lines[i] ?? '';
    const whole = run as OwnRun;
    all.set(run.id, typeof run.end?.objective === 'string' ? withNumber(whole) : whole);
  }
  return { ...state, own: all };
}

const withNumber = (run: OwnRun): OwnRun =>
  run.end === null ? run : { ...run, end: { ...run.end, objective: Number(run.end.objective) } };

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
    return { state: together(content), drained, behind: records, seq: position.seq };
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
