import { open } from 'node:fs/promises';

import { withDatabase } from './duckdb.ts';
import { beside } from './durable.ts';
import { text } from './sql.ts';

/**
 * Writes a metrics.ndjson (`{"key":…,"step":…,"time":…,"value":…}` per line, step perhaps null,
 * time in milliseconds since 1970, value perhaps the string NaN) as the Parquet file of a run's
 * metrics, sorted by key and step: for runs too large for the small writer. Replaces `parquet`; not
 * fsynced. A last line without its newline was cut off and is left out.
 */
export async function writeLargeParquet(
  ndjson: string,
  parquet: string,
  runId: string,
): Promise<void> {
  const torn = !(await endsWithNewline(ndjson));
  // ignore_errors makes rows of nulls of what it cannot read, so it is only on where a line is torn.
  const points = `read_json(${text(ndjson)}, format = 'newline_delimited', ignore_errors = ${torn},
    columns = {key: 'VARCHAR', step: 'BIGINT', time: 'BIGINT', value: 'DOUBLE'})`;
  await withDatabase({ spill: beside(parquet) }, (database) =>
    database.run(
      `COPY (SELECT ${text(runId)} AS run_id, key, step, epoch_ms(time) AS time, value FROM ${points}
        WHERE key IS NOT NULL ORDER BY key, step, time) TO ${text(parquet)} (FORMAT parquet)`,
    ),
  );
}

async function endsWithNewline(path: string): Promise<boolean> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    if (size === 0) return true;
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
    return buffer[0] === 10;
  } finally {
    await handle.close();
  }
}
