import { join } from 'node:path';

import { overtaken, type FileEntry, type Manifest } from './manifest.ts';
import type { Column, Table } from './table.ts';

/** SQL over sealed files. One source for the views of any DuckDB, our own reader and the merges. */

export const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;
export const name = (value: string): string => `"${value.replaceAll('"', '""')}"`;
const list = (values: readonly string[]): string => values.join(', ');

export const duckType = ({ type }: Column): string => (type === 'JSON' ? 'VARCHAR' : type);

/** Columns that sealed record tables have besides their own; views hide them. */
const MARKS: readonly Column[] = [
  { name: 'recorded', type: 'BIGINT', doc: 'The journal record up to which the row was true.' },
  { name: 'removed', type: 'BOOLEAN', doc: 'The subject has no rows any more.' },
];

/** The columns of a table's sealed files. */
export const sealedColumns = (table: Table): readonly Column[] =>
  table.journal ? [...table.columns, ...MARKS] : table.columns;

export const columnNames = (columns: readonly Column[]): string =>
  list(columns.map((column) => name(column.name)));

export const createTable = (table: string, columns: readonly Column[]): string =>
  `CREATE TABLE ${name(table)} (${list(columns.map((c) => `${name(c.name)} ${duckType(c)}`))})`;

/** A table's rows as its sealed files have them: the newest set of each subject. */
export function selectSealed(dir: string, manifest: Manifest, table: Table): string {
  const files = manifest.files.filter((file) => file.table === table.name);
  if (files.length === 0) return selectNothing(table);
  if (!table.journal) return selectOfRuns(dir, manifest, files, table);
  const newest = newestOnly(table.journal.subject);
  return `SELECT ${columnNames(table.columns)} FROM ${readParquet(dir, files)} QUALIFY ${newest} AND NOT removed`;
}

/** For QUALIFY: keeps the rows written last for a subject. */
export const newestOnly = (subject: string): string =>
  `recorded = max(recorded) OVER (PARTITION BY ${name(subject)})`;

export function selectNothing(table: Table): string {
  const columns = table.columns.map(
    (column) => `NULL::${duckType(column)} AS ${name(column.name)}`,
  );
  return `SELECT ${list(columns)} WHERE false`;
}

/** Rows of files that runs left, without those of runs that a newer attempt replaced. */
export function selectOfRuns(
  dir: string,
  manifest: Manifest,
  files: readonly FileEntry[],
  table: Table,
): string {
  const columns = columnNames(table.columns);
  const stale = files.filter((file) => overtaken(manifest, file).length > 0);
  const whole = files.filter((file) => !stale.includes(file));
  const parts = stale.map((file) => {
    const runs = list(overtaken(manifest, file).map(text));
    return `SELECT ${columns} FROM ${readParquet(dir, [file])} WHERE run_id NOT IN (${runs})`;
  });
  if (whole.length > 0) parts.unshift(`SELECT ${columns} FROM ${readParquet(dir, whole)}`);
  return parts.join(' UNION ALL ');
}

export const readParquet = (dir: string, files: readonly FileEntry[]): string =>
  `read_parquet([${list(files.map((file) => text(join(dir, file.path))))}])`;
