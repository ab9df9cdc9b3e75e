import { mkdir } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';

import type { Database } from './duckdb.ts';
import { fingerprint, replaceDurably, sync } from './durable.ts';
import type { FileEntry } from './manifest.ts';
import { text } from './sql.ts';

/** Durably writes the rows of a SELECT as a new Parquet file of a table. */
export async function writeParquet(
  database: Database,
  dir: string,
  order: {
    readonly table: string;
    /** Begins the file's name; the rest makes it unique, across restarts too. */
    readonly stem: string;
    readonly select: string;
    readonly level: number;
  },
): Promise<FileEntry> {
  const { table, stem, level } = order;
  const path = join(table, `${stem}-${randomBytes(4).toString('hex')}.parquet`);
  await makeFolder(dir, table);
  let rows = 0;
  await replaceDurably(join(dir, path), async (temporary) => {
    const [copied] = await database.read(
      `COPY (${order.select}) TO ${text(temporary)} (FORMAT parquet)`,
    );
    rows = Number(copied?.['Count'] ?? 0);
  });
  return { path, table, rows, ...(await fingerprint(join(dir, path))), level };
}

export async function makeFolder(dir: string, table: string): Promise<void> {
  const made = await mkdir(join(dir, table), { recursive: true });
  if (made !== undefined) await sync(dirname(made));
}
