import { join } from 'node:path';

import type { AnyRunId } from '../orchestrator/domain/ids.ts';
import { withDatabase } from './duckdb.ts';
import { beside } from './durable.ts';
import { overtaken, type FileEntry, type Manifest } from './manifest.ts';
import { writeParquet } from './parquet.ts';
import { columnNames, name, newestOnly, readParquet, sealedColumns, selectOfRuns } from './sql.ts';
import type { Table } from './table.ts';
import { TABLES } from './tables.ts';

/** So many files of one table and level may wait; more are merged into one of the next level. */
const MOST_FILES = 64;

/** Files that one file replaces. */
export interface Merge {
  readonly table: Table;
  readonly files: readonly FileEntry[];
}

/** What is to be merged. Levels keep the work linear: a row is written once per level. */
export function dueMerges(manifest: Manifest, most: number = MOST_FILES): readonly Merge[] {
  const waiting = new Map<string, FileEntry[]>();
  for (const file of manifest.files) {
    const key = `${file.table} ${file.level}`;
    waiting.set(key, [...(waiting.get(key) ?? []), file]);
  }
  return [...waiting.values()].flatMap((files) => {
    const table = TABLES.find(({ name }) => name === files[0]?.table);
    return table && files.length > most ? [{ table, files }] : [];
  });
}

/** The merged file, not yet in the manifest: what runs left in the table's order; records the newest only. */
export async function merge(
  dir: string,
  manifest: Manifest,
  { table, files }: Merge,
): Promise<FileEntry> {
  const level = Math.max(...files.map((file) => file.level)) + 1;
  const select = table.journal
    ? selectNewest(dir, files, table, table.journal.subject)
    : `${selectOfRuns(dir, manifest, files, table)} ${sorted(table)}`;
  const merged = await withDatabase({ spill: beside(join(dir, 'spill')) }, (database) =>
    writeParquet(database, dir, { table: table.name, stem: 'merged', select, level }),
  );
  return table.journal ? merged : { ...merged, runs: runsOf(manifest, files) };
}

const sorted = ({ sortedBy }: Table): string =>
  sortedBy === null ? '' : `ORDER BY ${sortedBy.map(name).join(', ')}`;

// Subjects marked as removed stay: older files of higher levels may still hold rows of theirs.
function selectNewest(
  dir: string,
  files: readonly FileEntry[],
  table: Table,
  subject: string,
): string {
  const columns = columnNames(sealedColumns(table));
  return `SELECT ${columns} FROM ${readParquet(dir, files)} QUALIFY ${newestOnly(subject)} ORDER BY ${name(subject)}`;
}

function runsOf(manifest: Manifest, files: readonly FileEntry[]): Record<AnyRunId, number> {
  const runs: Record<AnyRunId, number> = {};
  for (const file of files) {
    const gone = new Set(overtaken(manifest, file));
    for (const [run, attempt] of Object.entries(file.runs ?? {}) as [AnyRunId, number][])
      if (!gone.has(run)) runs[run] = attempt;
  }
  return runs;
}
