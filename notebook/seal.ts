import type { Contents } from './contents.ts';
import { withDatabase, type Database } from './duckdb.ts';
import { beside } from './durable.ts';
import type { FileEntry } from './manifest.ts';
import { join } from 'node:path';
import { writeParquet } from './parquet.ts';
import { columnNames, name, sealedColumns } from './sql.ts';
import type { Row, Table } from './table.ts';
import { TABLES } from './tables.ts';
import type { Touched } from './touched.ts';

/**
 * Writes the rows of the touched subjects into one new Parquet file per table. A subject without
 * rows gets one that says so, which hides the older ones. Returns the files, not yet in the manifest.
 */
export async function sealTouched(
  dir: string,
  contents: Contents,
  touched: Touched,
  seq: number,
): Promise<readonly FileEntry[]> {
  // All rows at once: the contents may grow while files are written.
  const due = TABLES.flatMap((table) => {
    const rows = sealedRows(table, contents, touched.get(table.name) ?? new Set(), seq);
    return rows.length > 0 ? [{ table, rows }] : [];
  });
  if (due.length === 0) return [];
  return withDatabase({ threads: 1, spill: beside(join(dir, 'spill')) }, async (database) => {
    const files: FileEntry[] = [];
    for (const { table, rows } of due) files.push(await sealTable(database, dir, table, rows, seq));
    return files;
  });
}

function sealedRows(
  { journal }: Table,
  contents: Contents,
  subjects: ReadonlySet<string>,
  seq: number,
): readonly Row[] {
  if (!journal) return [];
  return [...subjects].flatMap((subject): readonly Row[] => {
    const rows = journal.rows(contents, subject);
    if (rows.length === 0) return [{ [journal.subject]: subject, recorded: seq, removed: true }];
    return rows.map((row) => ({ ...row, recorded: seq, removed: false }));
  });
}

async function sealTable(
  database: Database,
  dir: string,
  table: Table,
  rows: readonly Row[],
  seq: number,
): Promise<FileEntry> {
  const columns = sealedColumns(table);
  await database.createTable(table.name, columns);
  await database.insert(table.name, columns, rows);
  return writeParquet(database, dir, {
    table: table.name,
    stem: String(seq).padStart(9, '0'),
    select: `SELECT ${columnNames(columns)} FROM ${name(table.name)}`,
    level: 0,
  });
}
