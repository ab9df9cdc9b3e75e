import { rename, rm } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { readPoints } from './points.ts';

/**
 * No minima and maxima: the library compares with `<`, which NaN breaks, and readers that trust
 * them would skip rows.
 */
const PLAIN = { compression: 'SNAPPY', statistics: false } as const;
const ROWS_PER_GROUP = 8192;
/** About 10 ms of work between two turns of the event loop. */
const ROWS_PER_TURN = 250;

/**
 * metrics.parquet from metrics.ndjson: `run_id` text, `key` text, `step` int64 or null, `time`
 * timestamp in milliseconds (UTC), `value` double. Written beside and renamed, not fsynced; about
 * 25 000 rows a second.
 */
export async function writeMetrics(ndjson: string, file: string, run: string): Promise<void> {
  const parquet = await library();
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
    const writer = await parquet.ParquetWriter.openFile(schema, beside, {
      rowGroupSize: ROWS_PER_GROUP,
    });
    let rows = 0;
    for await (const points of readPoints(ndjson)) {
      for (const { key, step, time, value } of points) {
        await writer.appendRow({ run_id: run, key, step, time: new Date(time), value });
        if (++rows % ROWS_PER_TURN === 0) await setImmediate();
      }
    }
    await writer.close();
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    // The library throws strings.
    throw error instanceof Error ? error : new Error(String(error));
  }
}

/** The library takes NaN for a mistake; Parquet does not, and a loss that is NaN is a result. */
async function library(): Promise<(typeof import('parquetjs-lite'))['default']> {
  const [{ default: parquet }, { default: types }] = await Promise.all([
    import('parquetjs-lite'),
    import('parquetjs-lite/lib/types.js'),
  ]);
  types.PARQUET_LOGICAL_TYPES.DOUBLE.toPrimitive = Number;
  return parquet;
}
