import { open, readFile, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import { LabError } from '../orchestrator/domain/errors.ts';
import type { Event, EventBody } from '../orchestrator/domain/event.ts';
import { inWords, replaceDurably, writeAt, writeDurably } from './durable.ts';
import {
  encodeRecord,
  readJournal,
  segmentName,
  type JournalRecord,
  type Position,
  type SegmentHeader,
} from './journal-reader.ts';
import { checksummed } from './lines.ts';
import type { Schema } from './schema.ts';
import { putBack, standsAt } from './standing.ts';

/** A new journal file is begun on opening when the last one is larger. */
const SEGMENT_BYTES = 16 << 20;

/** The journal, held by its one writer. */
export interface Journal {
  /** Everything durable, in order. */
  readonly events: readonly Event[];
  /** Inbox records that are in the journal. */
  readonly drained: ReadonlySet<string>;
  /** Path of the file being written, from the notebook's folder. */
  readonly live: string;
  /** Behind everything durable. */
  position(): Position;
  /** Bytes of a torn last line that were cut off on opening. */
  readonly cut: number;
  /** Durable when it resolves; many calls at once share one fsync and keep their order. */
  append(body: EventBody, at: string, inbox?: string): Promise<Event>;
  /** Resolves when every call so far has been settled. */
  settled(): Promise<void>;
  /**
   * The same, and puts the file back where somebody deleted or replaced it, as every append does.
   * Costs two `stat`s. Throws LabError failed, and busy as appending does.
   */
  tend(): Promise<void>;
  /** Tends it for the last time, unless it may not be written any more. Throws LabError failed. */
  close(): Promise<void>;
}

interface Waiting {
  readonly record: JournalRecord;
  readonly resolve: (event: Event) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads the journal, cuts off a last line that was never acknowledged, and goes on behind it.
 * `mayWrite` is asked before every write, and once more before the write is acknowledged; what it
 * throws ends the writing for good. `onTrouble` is told where the file was deleted or replaced.
 */
export async function openJournal(
  dir: string,
  schema: Schema,
  mayWrite: () => Promise<void> = async () => {},
  onTrouble: (text: string) => void = () => {},
): Promise<Journal> {
  const { records, position } = await readJournal(dir, schema);
  const folder = join(dir, 'journal');
  const cut = await makeOwn(join(folder, segmentName(position.segment)), position, mayWrite);
  const segment = await segmentToWrite(folder, position, schema);
  const path = join(folder, segmentName(segment.segment));
  return journalOver(await open(path, 'r+'), {
    path,
    begin: segment,
    records,
    live: join('journal', segmentName(segment.segment)),
    cut,
    mayWrite,
    onTrouble,
  });
}

/**
 * Puts a copy of what is acknowledged in the file's place. A former writer that was suspended after
 * it had asked `mayWrite` wakes up to write into a file that nobody reads any more, rather than
 * over our records. Returns the bytes that were cut off.
 */
async function makeOwn(
  path: string,
  position: Position,
  mayWrite: () => Promise<void>,
): Promise<number> {
  if (position.segment === 0) return 0;
  const bytes = await readFile(path);
  await replaceDurably(path, async (temporary) => {
    await writeFile(temporary, bytes.subarray(0, position.bytes));
    await mayWrite();
  });
  return bytes.length - position.bytes;
}

async function segmentToWrite(
  folder: string,
  position: Position,
  schema: Schema,
): Promise<Position> {
  if (position.schema === schema.version && position.bytes < SEGMENT_BYTES) return position;
  const n = position.schema === 0 ? Math.max(1, position.segment) : position.segment + 1;
  const header: SegmentHeader = { segment: n, schema: schema.version };
  const line = checksummed(JSON.stringify(header));
  await writeDurably(join(folder, segmentName(n)), line);
  const { seq } = position;
  return { segment: n, schema: schema.version, bytes: Buffer.byteLength(line), lines: 1, seq };
}

interface Opened extends Pick<Journal, 'live' | 'cut'> {
  readonly path: string;
  readonly begin: Position;
  readonly records: readonly JournalRecord[];
  readonly mayWrite: () => Promise<void>;
  readonly onTrouble: (text: string) => void;
}

function journalOver(first: FileHandle, opened: Opened): Journal {
  let handle = first;
  const events = opened.records.map((record) => record.event);
  const drained = new Set(opened.records.flatMap((record) => record.inbox ?? []));
  let { bytes: size, lines } = opened.begin;
  let seq = events.at(-1)?.seq ?? 0;
  let waiting: Waiting[] = [];
  let writing: Promise<void> | null = null;
  let broken: LabError | null = null;

  const failed = (error: unknown): LabError => {
    const text = `the journal could not be written: ${inWords(error)}`;
    return new LabError('failed', text, opened.path, error);
  };

  /** Returns where the file ends then. */
  async function write(batch: readonly Waiting[]): Promise<number> {
    const text = batch.map(({ record }) => checksummed(encodeRecord(record))).join('');
    const bytes = Buffer.from(text);
    await writeAt(handle, bytes, size);
    await sync();
    return size + bytes.length;
  }

  // After a failed fsync nobody knows what of the file is on disk, so nothing more is promised.
  const sync = (): Promise<void> =>
    handle.datasync().catch((error: unknown) => {
      broken = failed(error);
      throw error;
    });

  const askLeave = (): Promise<void> =>
    opened.mayWrite().catch((error: LabError) => {
      broken = error;
      throw error;
    });

  /** Sees to it that the first `bytes` bytes of the file are where readers and the next launch look. */
  async function atItsPath(bytes: number): Promise<void> {
    if (await standsAt(opened.path, handle)) return;
    const lost = handle;
    const again = await putBack(opened.path, lost, bytes, askLeave);
    handle = again.handle;
    await lost.close();
    if (again.trouble !== null) opened.onTrouble(again.trouble);
  }

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) await writeWaiting();
    // Not a moment later: who appends as soon as it was told begins the next writing.
    writing = null;
  }

  async function writeWaiting(): Promise<void> {
    await Promise.resolve(); // what is appended in the same tick shares the fsync
    const batch = waiting;
    waiting = [];
    try {
      await askLeave();
      const end = await write(batch);
      // Afterwards is enough: what was written to a file without a name is read from there.
      await atItsPath(end);
      // Who took over meanwhile may have read the file before: then this is on no disk.
      await askLeave();
      size = end;
      lines += batch.length;
    } catch (error) {
      return giveUp([...batch, ...waiting], error);
    }
    for (const { record, resolve } of batch) {
      events.push(record.event);
      if (record.inbox !== null) drained.add(record.inbox);
      resolve(record.event);
    }
  }

  // A full disk is no end: the file is as it was, and the next append may find room.
  async function giveUp(lost: readonly Waiting[], error: unknown): Promise<void> {
    waiting = [];
    seq = events.at(-1)?.seq ?? 0;
    // Never in a file that is another's now.
    if (broken?.code !== 'busy') await handle.truncate(size).catch(() => (broken = failed(error)));
    for (const { reject } of lost) reject(broken ?? failed(error));
  }

  async function settled(): Promise<void> {
    for (let current = writing; current; current = writing) await current;
  }

  async function tend(): Promise<void> {
    // A writing looks by itself.
    if (writing || broken) return settled();
    const tended = atItsPath(size);
    // Whoever appends meanwhile is written after it.
    writing = tended.catch(() => undefined).then(writeAll);
    await tended.catch((error: unknown) => {
      throw broken ?? failed(error);
    });
  }

  return {
    events,
    drained,
    live: opened.live,
    cut: opened.cut,
    append: (body, at, inbox) =>
      new Promise((resolve, reject) => {
        if (broken) return reject(broken);
        const event: Event = { seq: ++seq, at, ...body };
        waiting.push({ record: { event, inbox: inbox ?? null }, resolve, reject });
        writing ??= writeAll();
      }),
    position: () => ({ ...opened.begin, bytes: size, lines, seq: events.at(-1)?.seq ?? 0 }),
    settled,
    tend,
    async close() {
      try {
        await tend();
      } catch (error) {
        // Who holds the notebook now has what was recorded: no reason to fail at the very end.
        if (broken?.code !== 'busy') throw error;
        opened.onTrouble(broken.message);
      } finally {
        await settled();
        broken ??= new LabError('failed', 'the notebook is closed', opened.path);
        await handle.close();
      }
    },
  };
}
