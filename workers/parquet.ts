import { randomBytes } from 'node:crypto';
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
/** A group is held in memory until it is whole. */
const POINTS_PER_GROUP = 8192;
const SAMPLES_PER_GROUP = 512;
/** About 10 ms of work between two turns of the event loop. */
const ROWS_PER_TURN = 250;

type Row = Readonly<Record<string, unknown>>;

/** `run_id` text, `key` text, `step` int64 or null, `time` timestamp in milliseconds (UTC), `value` double. */
const METRICS = {
  run_id: { type: 'UTF8', ...PLAIN },
  key: { type: 'UTF8', ...PLAIN },
  step: { type: 'INT64', optional: true, ...PLAIN },
  time: { type: 'TIMESTAMP_MILLIS', ...PLAIN },
  value: { type: 'DOUBLE', ...PLAIN },
} as const;

/** metrics.parquet from metrics.ndjson. Returns how many rows there are. */
export const writeMetrics = (ndjson: string, file: string, run: string): Promise<number> =>
  writeRows(file, METRICS, POINTS_PER_GROUP, rowsOfPoints(ndjson, run));

async function* rowsOfPoints(ndjson: string, run: string): AsyncGenerator<readonly Row[]> {
  for await (const points of readPoints(ndjson))
    yield points.map(({ key, step, time, value }) => ({
      ...{ run_id: run, key, step, time: new Date(time), value },
    }));
}

const TEXT = { type: 'UTF8', ...PLAIN } as const;
const PERHAPS = { ...TEXT, optional: true } as const;

/** All text: `metrics` is a JSON object, all but `run_id` and `sample_id` may be null. */
const SAMPLES = {
  run_id: TEXT,
  task: PERHAPS,
  sample_id: TEXT,
  input: PERHAPS,
  target: PERHAPS,
  prediction: PERHAPS,
  metrics: PERHAPS,
} as const;

/** A single prediction of a run, its metrics as JSON. */
export interface Sample {
  readonly task: string | null;
  readonly sample_id: string;
  readonly input: string | null;
  readonly target: string | null;
  readonly prediction: string | null;
  readonly metrics: string | null;
}

/** samples.parquet. Returns how many rows there are. */
export const writeSampleRows = (
  file: string,
  run: string,
  samples: AsyncIterable<readonly Sample[]>,
): Promise<number> => writeRows(file, SAMPLES, SAMPLES_PER_GROUP, rowsOfSamples(run, samples));

async function* rowsOfSamples(
  run: string,
  samples: AsyncIterable<readonly Sample[]>,
): AsyncGenerator<readonly Row[]> {
  for await (const batch of samples) yield batch.map((sample) => ({ run_id: run, ...sample }));
}

/**
 * Writes rows as they come as a Parquet file. Written beside and renamed, not fsynced; about
 * 25 000 rows a second. Returns how many there are.
 */
async function writeRows(
  file: string,
  columns: Readonly<Record<string, Field>>,
  rowGroupSize: number,
  batches: AsyncIterable<readonly Row[]>,
): Promise<number> {
  const parquet = library();
  const beside = `${file}.${randomBytes(4).toString('hex')}.new`;
  await rm(beside, { recursive: true, force: true });
  try {
    const handle = await open(beside, 'w');
    try {
      const sink = sinkOf(handle);
      const writer = await parquet.ParquetWriter.openStream(
        new parquet.ParquetSchema(columns),
        sink,
        { rowGroupSize },
      );
      let rows = 0;
      for await (const batch of batches) {
        for (const row of batch) {
          await writer.appendRow(row);
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

type Field = import('parquetjs-lite').Field;
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
  warnOnce();
  return (loaded = parquet);
}

/**
 * The library makes its buffers by a call that Node deprecates, and each time Node goes through the
 * stack for who made it: a third of what a run's file costs. Once it has warned it looks no more,
 * and nobody here is to be warned.
 */
function warnOnce(): void {
  const before = process.noDeprecation ?? false;
  process.noDeprecation = true;
  Reflect.construct(Buffer, [0]);
  process.noDeprecation = before;
}
