import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { constants, lstatSync, type Stats } from 'node:fs';
import { open, realpath, writeFile, type FileHandle } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { formatOf, type Format } from '../orchestrator/domain/plan-measuring.ts';
import type { Plan } from '../orchestrator/domain/plan.ts';
import type { Failure } from '../orchestrator/domain/run.ts';
import { isBlank, rowsOfJson } from './json-rows.ts';
import { rowsOfNpy } from './npy.ts';
import { invalid } from './protect.ts';

/** A run's predictions, as AutoLab itself finds them, before any other program opens them. */

type Asked = Pick<NonNullable<Plan['score']>, 'predictions' | 'rows' | 'max_size'>;

export interface Predictions {
  readonly bytes: number;
  readonly rows: number;
  /** Of the copy. */
  readonly sha256: string;
  readonly stamp: string;
}

/** Said of a file that is not what its name or the plan says: it gives no metric. */
const useless = (message: string): Failure => ({ class: 'no_metric', message });

/**
 * Reads the predictions in `folder` and writes what it read to the new file `copy`: a plain file of one
 * name with no link on the way to it, no larger than the plan allows, of the format that its name
 * says, with as many rows as the plan says. `invalid` where it is a link, since that may lead to
 * the labels; `no_metric` for all else.
 */
export async function takePredictions(
  folder: string,
  { predictions, rows, max_size }: Asked,
  copy: string,
): Promise<Predictions | Failure> {
  const wrong = (expected: string, found: string): Failure =>
    useless(`expected ${predictions} to ${expected}, found ${found}`);
  const top = await realpath(folder).catch(() => null);
  const place = join(top ?? folder, normalize(predictions));
  const real = await realpath(place).catch(() => null);
  if (top === null || real === null) return wrong('be left by the run', 'no such file');
  if (real !== place) return linked(predictions);
  const file = await openPlainly(place);
  if (file === null) return wrong('be a plain file', 'something else');
  let bytes: Buffer;
  try {
    const stat = await file.stat();
    const odd = oddity(stat, Math.min(max_size, MOST));
    if (odd !== null) return odd === 'linked' ? linked(predictions) : wrong(...odd);
    const read = await readUpTo(file, stat.size);
    if (read === null) return wrong('be whole when the run ends', 'one that grows');
    bytes = read;
  } finally {
    await file.close();
  }
  await writeFile(copy, bytes, { flag: 'wx', mode: 0o444 });
  const stamp = stampOf(copy);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const found = await rowsIn(bytes, formatOf(predictions));
  if (typeof found === 'string') return wrong(`be ${NAMES[formatOf(predictions)]}`, found);
  if (rows !== undefined && found !== rows) return wrong(`hold ${rows} rows`, String(found));
  return { bytes: bytes.length, rows: found, sha256, stamp };
}

/**
 * `invalid` where the copy is not what it was, or was not in the meantime: without a sandbox, runs
 * that go on beside could reach it.
 */
export async function checkCopy(
  copy: string,
  { sha256, stamp }: Predictions,
): Promise<Failure | null> {
  const changed = invalid(`expected the predictions to stay as they were, found ${copy} changed`);
  if (stampOf(copy) !== stamp) return changed;
  const file = await openPlainly(copy);
  if (file === null) return changed;
  const hash = createHash('sha256');
  for await (const chunk of file.createReadStream()) hash.update(chunk as Buffer);
  return hash.digest('hex') === sha256 ? null : changed;
}

/** Changes with the file, its names and what its name leads to: the inode's time is not a script's to set. */
function stampOf(file: string): string {
  const stat = lstatSync(file, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined || !stat.isFile()) return 'no file';
  const { ino, nlink, size, ctimeNs } = stat;
  return `${ino} ${nlink} ${size} ${ctimeNs}`;
}

const linked = (path: string): Failure =>
  invalid(`expected ${path} to be a file of its own, found a link to another`);

/** Null where it is a link, a pipe, a device, or may not be read. */
const openPlainly = (place: string): Promise<FileHandle | null> =>
  // A pipe that nobody writes to would hold up who opens it.
  open(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(() => null);

/** One turn of reading, and all that the buffers of every Node hold. */
const PIECE = 1 << 24;
const MOST = 2 ** 31 - PIECE;

/** The file's bytes; null where there are more than `size`, as of one that is still written to. */
async function readUpTo(file: FileHandle, size: number): Promise<Buffer | null> {
  const bytes = Buffer.allocUnsafeSlow(size + 1);
  let at = 0;
  while (at <= size) {
    const { bytesRead } = await file.read(bytes, at, Math.min(PIECE, size + 1 - at), at);
    if (bytesRead === 0) return bytes.subarray(0, at);
    at += bytesRead;
  }
  return null;
}

/** A second name may be that of the labels: a hard link needs no right to read them. */
function oddity(stat: Stats, most: number): 'linked' | [string, string] | null {
  if (!stat.isFile()) return ['be a plain file', 'something else'];
  if (stat.nlink > 1) return 'linked';
  if (stat.size <= most) return null;
  return [`have ${most} bytes at most (score.max_size)`, String(stat.size)];
}

const NAMES: Readonly<Record<Format, string>> = {
  json: 'JSON',
  jsonl: 'JSON on every line',
  csv: 'CSV with as many fields on every line',
  txt: 'text in UTF-8',
  npy: 'an array of numbers as NumPy writes it',
};

/** Rows of a file, or what is wrong with it. */
async function rowsIn(bytes: Buffer, format: Format): Promise<number | string> {
  if (format === 'npy') return rowsOfNpy(bytes);
  if (!isUtf8(bytes)) return 'bytes that are no UTF-8';
  if (format === 'json') return rowsOfJson(bytes);
  if (format === 'csv') return rowsOfCsv(bytes);
  let rows = 0;
  for (const [from, to] of linesOf(bytes)) {
    if (isEmpty(bytes, from, to)) continue;
    const found = format === 'jsonl' ? await rowsOfJson(bytes, from, to) : 1;
    if (typeof found === 'string') return `${found} on line ${rows + 1}`;
    if (++rows % BATCH === 0) await setImmediate();
  }
  return rows;
}

/** Lines between two turns of the event loop. */
const BATCH = 2000;

/** Where they begin and end. */
function* linesOf(bytes: Buffer): Generator<[number, number]> {
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(10, at);
    const stop = end < 0 ? bytes.length : end;
    yield [at, stop];
    at = stop + 1;
  }
}

function isEmpty(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (!isBlank(bytes[at] ?? 0)) return false;
  return true;
}

/** Records below the header (RFC 4180): quoted fields may hold commas and lines. */
async function rowsOfCsv(bytes: Buffer): Promise<number | string> {
  let [records, fields, wanted, quoted, empty] = [0, 1, 0, false, true];
  for (let at = 0; at <= bytes.length; at++) {
    const byte = at < bytes.length ? bytes[at] : 10;
    if (byte === 34) quoted = !quoted;
    if (byte === 10 && !quoted) {
      if (!empty) {
        if (wanted === 0) wanted = fields;
        if (fields !== wanted) return `${fields} fields in a record, where the first has ${wanted}`;
        if (++records % BATCH === 0) await setImmediate();
      }
      [fields, empty] = [1, true];
      continue;
    }
    if (byte === 44 && !quoted) fields++;
    if (byte !== 13) empty = false;
  }
  return quoted ? 'a quote that is not closed' : Math.max(0, records - 1);
}
