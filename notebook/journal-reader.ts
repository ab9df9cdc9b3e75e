import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { LabError } from '../orchestrator/domain/errors.ts';
import type { Event } from '../orchestrator/domain/event.ts';
import { decodeEvent, encodeEvent } from './codec.ts';
import { errorCode, ignoring } from './durable.ts';
import { unchecked, wholeLines } from './lines.ts';
import { migrationsFrom, type Migration, type Schema } from './schema.ts';

/** A record as the journal holds it: an event, and the inbox record that it came from. */
export interface JournalRecord {
  readonly event: Event;
  readonly inbox: string | null;
}

/** A journal file: `000001.ndjson`, numbered on; the first line says which schema it follows. */
export const segmentName = (n: number): string => `${String(n).padStart(6, '0')}.ndjson`;

export interface SegmentHeader {
  readonly segment: number;
  readonly schema: number;
}

/** How far a journal has been read. */
export interface Position {
  /** Number of the journal file, 0 before the first. */
  readonly segment: number;
  /** Schema of that file. */
  readonly schema: number;
  /** Bytes of whole lines read of that file. */
  readonly bytes: number;
  readonly lines: number;
  /** `seq` of the last record. */
  readonly seq: number;
}

export const BEGINNING: Position = { segment: 0, schema: 0, bytes: 0, lines: 0, seq: 0 };

/**
 * The records behind a position, up to the last whole line: one that another process is just
 * writing is left for the next call. Throws LabError damaged, naming file and line, where a whole
 * line is not what was written, and refused where a newer AutoLab wrote it.
 */
export async function readJournal(
  dir: string,
  schema: Schema,
  from: Position = BEGINNING,
): Promise<{ readonly records: readonly JournalRecord[]; readonly position: Position }> {
  const folder = join(dir, 'journal');
  const segments = await segmentsIn(folder);
  const records: JournalRecord[] = [];
  let position = from;
  for (const segment of segments) {
    if (segment < position.segment) continue;
    if (segment > position.segment) {
      if (segment !== position.segment + 1)
        throw damaged(join(folder, segmentName(position.segment + 1)), 'the file is missing');
      position = { ...position, segment, schema: 0, bytes: 0, lines: 0 };
    }
    const read = await readSegment(folder, schema, position, records).catch(ignoring('ENOENT'));
    // Deleted since the folder was listed: its writer puts it back, and the next call reads on.
    if (!read) break;
    position = read;
  }
  return { records, position };
}

async function segmentsIn(folder: string): Promise<readonly number[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  });
  return names
    .flatMap((name) => (/^\d{6}\.ndjson$/.test(name) ? Number.parseInt(name, 10) : []))
    .toSorted((a, b) => a - b);
}

async function readSegment(
  folder: string,
  schema: Schema,
  from: Position,
  records: JournalRecord[],
): Promise<Position> {
  const path = join(folder, segmentName(from.segment));
  const { lines, end } = wholeLines(await bytesFrom(path, from.bytes));
  let { seq, schema: version } = from;
  let steps = version === 0 ? [] : migrationsFrom(schema, version, path);
  lines.forEach((line, i) => {
    const where = `${path}:${from.lines + i + 1}`;
    const json = unchecked(line);
    if (json === null) throw damaged(where, 'its checksum does not fit');
    if (version === 0) {
      version = headerOf(json, where).schema;
      steps = migrationsFrom(schema, version, path);
      return;
    }
    const record = recordOf(json, steps, where);
    if (!(record.event.seq > seq))
      throw damaged(
        where,
        `expected a record after number ${seq}, found number ${record.event.seq}`,
      );
    seq = record.event.seq;
    records.push(record);
  });
  return {
    ...from,
    schema: version,
    bytes: from.bytes + end,
    lines: from.lines + lines.length,
    seq,
  };
}

async function bytesFrom(path: string, offset: number): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const size = Math.max(0, (await handle.stat()).size - offset);
    const buffer = Buffer.allocUnsafe(size);
    let filled = 0;
    while (filled < size) {
      const { bytesRead } = await handle.read(buffer, filled, size - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  } finally {
    await handle.close();
  }
}

function headerOf(json: string, where: string): SegmentHeader {
  const header = JSON.parse(json) as Partial<SegmentHeader>;
  if (typeof header.segment !== 'number' || typeof header.schema !== 'number')
    throw damaged(where, 'expected the line that begins a journal file');
  return { segment: header.segment, schema: header.schema };
}

/** What the line of a record says; its checksum and newline are `checksummed`'s. */
export const encodeRecord = ({ event, inbox }: JournalRecord): string =>
  encodeEvent(inbox === null ? event : Object.assign({ ...event }, { inbox }));

function recordOf(json: string, steps: readonly Migration[], where: string): JournalRecord {
  try {
    const { inbox, ...written } = decodeEvent(json) as Event & { readonly inbox?: string };
    const event = steps.reduce<Event>((record, step) => step.event(record), written as Event);
    return { event, inbox: inbox ?? null };
  } catch (error) {
    throw damaged(where, 'it is no JSON', error);
  }
}

const damaged = (where: string, found: string, cause?: unknown): LabError =>
  new LabError(
    'damaged',
    `${where} is not what was written: ${found}. Restore the file from a backup; or, to go on ` +
      `without that one record, delete the line (sed -i '<line>d' <file>); the records around it stand`,
    where,
    cause,
  );
