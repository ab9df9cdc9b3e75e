import { open } from 'node:fs/promises';

/** Raw output on disk, its head and its tail, in memory that does not grow with what comes. */
export interface CappedLog {
  /** Resolves when more may come. Never throws: see `error`. */
  write(chunk: Buffer): Promise<void> | void;
  /** Writes the tail and closes. */
  close(): Promise<void>;
  /** What kept output from being written, such as a full disk; null while all is well. */
  readonly error: Error | null;
}

/**
 * Keeps the first `headBytes` as they come and the last `tailBytes`, which reach the disk at the
 * end. Between them one line says how many bytes were left out. Byte-exact otherwise.
 */
export async function openLog(
  file: string,
  headBytes: number,
  tailBytes: number,
): Promise<CappedLog> {
  const handle = await open(file, 'w');
  let error: Error | null = null;
  let head = 0;
  let tail: Ring | null = null;

  const put = async (chunk: Uint8Array): Promise<void> => {
    try {
      if (error === null) await handle.writeFile(chunk);
    } catch (cause) {
      error = cause as Error;
    }
  };

  // Two streams write; each chunk is on its way before the next one is taken.
  let last: Promise<void> = Promise.resolve();
  return {
    get error() {
      return error;
    },
    write(chunk) {
      const first = chunk.subarray(0, Math.max(0, headBytes - head));
      head += first.length;
      if (first.length < chunk.length)
        (tail ??= createRing(tailBytes)).push(chunk.subarray(first.length));
      if (first.length === 0) return;
      last = last.then(() => put(first));
      return last;
    },
    async close() {
      await last;
      if (tail !== null) {
        const left = tail.seen - Math.min(tail.seen, tailBytes);
        if (left > 0) await put(Buffer.from(`\n[autolab: ${left} bytes left out here]\n`));
        for (const part of tail.parts()) await put(part);
      }
      await handle.close();
    },
  };
}

/** The last bytes of a stream. */
export interface Ring {
  push(chunk: Buffer): void;
  /** In order, at most two pieces. */
  parts(): readonly Buffer[];
  /** Bytes that ever came. */
  readonly seen: number;
}

export function createRing(size: number): Ring {
  const buffer = Buffer.allocUnsafe(size);
  let seen = 0;
  return {
    get seen() {
      return seen;
    },
    push(chunk) {
      const kept = chunk.length > size ? chunk.subarray(chunk.length - size) : chunk;
      const at = (seen + chunk.length - kept.length) % size;
      const first = Math.min(kept.length, size - at);
      kept.copy(buffer, at, 0, first);
      kept.copy(buffer, 0, first);
      seen += chunk.length;
    },
    parts() {
      if (seen <= size) return [buffer.subarray(0, seen)];
      const at = seen % size;
      return [buffer.subarray(at), buffer.subarray(0, at)];
    },
  };
}
