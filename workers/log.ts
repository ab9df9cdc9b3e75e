import { constants } from 'node:fs';
import { lstat, open, rm, type FileHandle } from 'node:fs/promises';
import { removeWhole } from './remove.ts';

/** Raw output on disk, its head and its tail, in memory that does not grow with what comes. */
export interface CappedLog {
  /** Resolves when more may come. Never throws: see `error`. */
  write(chunk: Buffer): Promise<void>;
  /** Joins head and tail and closes. Never throws. */
  close(): Promise<void>;
  /** What first kept output from being written, such as a full disk; null while all is well. */
  readonly error: Error | null;
}

const COPY_BYTES = 1 << 20;
const NOTHING = Buffer.alloc(0);
/** A script could put a link where we are about to write. */
const FRESH = constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

/**
 * Keeps the first `headBytes` and the last `tailBytes`; between them one line says how many bytes
 * were left out. Byte-exact otherwise. What comes behind the head goes to `<file>.tail-1` and
 * `<file>.tail-2` by turns, so that the end of the log outlives us, too; closing brings it into
 * the file. What cannot be written is left out, and the log goes on when there is room again.
 */
export async function openLog(
  file: string,
  headBytes: number,
  tailBytes: number,
): Promise<CappedLog> {
  // Also what an earlier command of the run made of it: a pipe that nobody reads holds up who writes.
  const found = await lstat(file).catch(() => null);
  if (found !== null && !found.isFile()) await removeWhole(file);
  const head = await openPart(file);
  const tails: [Part | null, Part | null] = [null, null];
  let seen = 0;
  let broken: Error | null = null;

  const put = async (part: Part, bytes: Buffer): Promise<boolean> => {
    const failed = await part.add(bytes);
    broken ??= failed;
    return failed === null;
  };

  const turn = async (): Promise<Part | null> => {
    const [before, last] = tails;
    await before?.handle.close().catch(() => undefined);
    const name = before?.file ?? `${file}.tail-${last === null ? 1 : 2}`;
    // A run may have put a link or a folder in its place, to have the end of its log left out.
    if (before === null) await removeWhole(name).catch(() => undefined);
    const next = await openPart(name).catch((error: unknown) => {
      broken ??= error as Error;
      return null;
    });
    if (next !== null) tails.splice(0, 2, last, next);
    return next;
  };

  const take = async (chunk: Buffer): Promise<void> => {
    let rest = chunk;
    while (rest.length > 0) {
      // What is certain to be left out need not be written.
      if (seen >= headBytes && rest.length > 2 * tailBytes) {
        seen += rest.length - tailBytes;
        rest = rest.subarray(-tailBytes);
      }
      const inHead = seen < headBytes;
      const now = tails[1];
      const full = now === null || now.bytes >= tailBytes;
      const part = inHead ? head : full ? await turn() : now;
      const room = inHead ? headBytes - seen : tailBytes - (part?.bytes ?? 0);
      const piece = rest.subarray(0, room);
      seen += piece.length;
      if (part !== null) await put(part, piece);
      rest = rest.subarray(piece.length);
    }
  };

  /** The last bytes of both tails, behind the head. False where they did not all get there. */
  const join = async (): Promise<boolean> => {
    const [before, last] = tails;
    const fromLast = Math.min(last?.bytes ?? 0, tailBytes);
    const fromBefore = Math.min(before?.bytes ?? 0, tailBytes - fromLast);
    const left = seen - head.bytes - fromBefore - fromLast;
    const line = left > 0 ? Buffer.from(`\n[autolab: ${left} bytes left out here]\n`) : NOTHING;
    let whole = await put(head, line);
    for await (const bytes of endOf(before, fromBefore)) whole &&= await put(head, bytes);
    for await (const bytes of endOf(last, fromLast)) whole &&= await put(head, bytes);
    return whole;
  };

  // Two streams write; each chunk is on its way before the next one is taken.
  let writing: Promise<void> = Promise.resolve();
  return {
    get error() {
      return broken;
    },
    write(chunk) {
      writing = writing.then(() => take(chunk));
      return writing;
    },
    async close() {
      await writing;
      const joined = await join().catch((error: unknown) => {
        broken ??= error as Error;
        return false;
      });
      const parts = tails.filter((part) => part !== null);
      for (const { handle } of [head, ...parts]) await handle.close().catch(() => undefined);
      // Where the disk had no room for both, the tail stays where it is.
      if (joined) for (const part of parts) await rm(part.file, { force: true });
    },
  };
}

/** A file that is written from its beginning, and how much of it there is. */
interface Part {
  readonly file: string;
  readonly handle: FileHandle;
  readonly bytes: number;
  /** What kept the bytes, or the last of them, from being written. */
  add(bytes: Buffer): Promise<Error | null>;
}

async function openPart(file: string): Promise<Part> {
  const handle = await open(file, FRESH);
  let bytes = 0;
  return {
    file,
    handle,
    get bytes() {
      return bytes;
    },
    async add(given) {
      let at = 0;
      try {
        while (at < given.length) {
          const { bytesWritten } = await handle.write(given, at, given.length - at, bytes);
          at += bytesWritten;
          bytes += bytesWritten;
        }
        return null;
      } catch (error) {
        return error as Error;
      }
    },
  };
}

async function* endOf(part: Part | null, count: number): AsyncGenerator<Buffer> {
  if (part === null) return;
  const { handle, bytes } = part;
  const buffer = Buffer.allocUnsafe(Math.min(count, COPY_BYTES));
  for (let at = bytes - count; at < bytes;) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, bytes - at), at);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}
