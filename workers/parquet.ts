import { createRequire } from 'node:module';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { readPoints } from './points.ts';

/**
 * No minima and maxima: the library compares with `<`, which NaN breaks, and readers that trust
 * them would skip rows.
 */
const PLAIN = { compression: 'SNAPPY', statistics: false } as const;
const WRITE_BYTES = 256 * 1024;
const ROWS_PER_GROUP = 8192;
/** About 10 ms of work between two turns of the event loop. */
const ROWS_PER_TURN = 250;

/**
 * metrics.parquet from metrics.ndjson: `run_id` text, `key` text, `step` int64 or null, `time`
 * timestamp in milliseconds (UTC), `value` double. Written beside and renamed, not fsynced; about
 * 25 000 rows a second. Returns how many there are.
 */
export async function writeMetrics(ndjson: string, file: string, run: string): Promise<number> {
  const parquet = library();
  const schema = new parquet.ParquetSchema({
    run_id: { type: 'UTF8', ...PLAIN },
    key: { type: 'UTF8', ...PLAIN },
    step: { type: 'INT64', optional: true, ...PLAIN },
    time: { type: 'TIMESTAMP_MILLIS', ...PLAIN },
    value: { type: 'DOUBLE', ...PLAIN },
  });
  const beside = `${file}.new`;
  await rm(beside, { recursive: true, force: true });
  try {
    const handle = await open(beside, 'w');
    try {
      const sink = sinkOf(handle);
      const writer = await parquet.ParquetWriter.openStream(schema, sink, {
        rowGroupSize: ROWS_PER_GROUP,
      });
      let rows = 0;
      for await (const points of readPoints(ndjson)) {
        for (const { key, step, time, value } of points) {
          await writer.appendRow({ run_id: run, key, step, time: new Date(time), value });
          if (++rows % ROWS_PER_TURN === 0) await setImmediate();
        }
        sink.check();
      }
      await writer.close();
      sink.check();
      await rename(beside, file);
      return rows;
    } finally {
      await handle.close();
    }
  } catch (error) {
    await rm(beside, { force: true });
    // The library throws strings.
    throw error instanceof Error ? error : new Error(String(error));
  }
}

/**
 * A file for the library, which does not wait for all that it writes: an error that reached it, as
 * on a full disk, would be nobody's and end the process. Here it waits for `check` to throw it.
 */
function sinkOf(handle: FileHandle) {
  let failed: Error | null = null;
  let writing: Promise<void> = Promise.resolve();
  let waiting: Buffer[] = [];
  let size = 0;
  const put = async (before: Promise<void>, bytes: Buffer, done: () => void): Promise<void> => {
    await before;
    try {
      if (failed === null) await handle.writeFile(bytes);
    } catch (error) {
      failed = error as Error;
    }
    done();
  };
  const flush = (done: () => void): void => {
    writing = put(writing, Buffer.concat(waiting), done);
    waiting = [];
    size = 0;
  };
  return {
    // The library writes header, columns and footer one by one; a small file is one write.
    write(bytes: Buffer, done: () => void): void {
      waiting.push(bytes);
      size += bytes.length;
      if (size < WRITE_BYTES) done();
      else flush(done);
    },
    end: flush,
    check(): void {
      if (failed !== null) throw failed;
    },
  };
}

type Library = (typeof import('parquetjs-lite'))['default'];
type Types = (typeof import('parquetjs-lite/lib/types.js'))['default'];
let loaded: Library | null = null;

/**
 * The library takes NaN for a mistake; Parquet does not, and a loss that is NaN is a result.
 *
 * By require: two imports at once, of a CommonJS package and of a file in it, may see that file
 * half loaded, and keep it so for good (Node 20).
 */
function library(): Library {
  if (loaded) return loaded;
  const require = createRequire(import.meta.url);
  const parquet = require('parquetjs-lite') as Library;
  const types = require('parquetjs-lite/lib/types.js') as Types;
  types.PARQUET_LOGICAL_TYPES.DOUBLE.toPrimitive = Number;
  return (loaded = parquet);
}
