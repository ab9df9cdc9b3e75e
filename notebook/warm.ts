import { join } from 'node:path';

import type { Event } from '../orchestrator/domain/event.ts';
import type { Contents } from './contents.ts';
import type { Database } from './duckdb.ts';
import { attemptIn } from './intake.ts';
import { liveMetrics } from './live.ts';
import { liveOwnMetrics } from './live-own.ts';
import { asOf, type FileEntry, type Manifest } from './manifest.ts';
import { name, selectOfRuns, selectNothing, text } from './sql.ts';
import type { Row, Table } from './table.ts';
import { mentions, METRICS, OF_RUNS, RECORDED } from './tables.ts';
import { touchedSince, type Touched } from './touched.ts';
import type { Verifier } from './verify.ts';

/** What a question is answered from. */
export interface Source {
  readonly contents: Contents;
  /** What the contents are the fold of: the journal, and what is not in it yet (the inbox). */
  readonly events: readonly Event[];
  /** The last record of the journal among the events; what comes after it may be another's tomorrow. */
  readonly recorded: number;
  readonly manifest: Manifest;
  /** The lab's `experiments/` folder. */
  readonly runsDir: string;
  readonly verify: Verifier;
}

/**
 * The tables in a database that stays open between questions: filled from the contents when first
 * asked for, then only the rows that events have touched since are replaced. So a question costs
 * what has happened since the last one, however long the lab's past is.
 */
export interface WarmTables {
  /**
   * Makes the tables that `sql` names what the source says, or a newer source said before. How many
   * rows of records were written for that, and what was left out because it is damaged.
   */
  bringUp(
    sql: string,
    source: Source,
  ): Promise<{ readonly written: number; readonly warnings: readonly string[] }>;
}

/** The tables, empty; files of the notebook at `dir` are all that the database can read from here on. */
export async function warmTables(database: Database, dir: string): Promise<WarmTables> {
  for (const table of RECORDED) await database.createTable(table.name, table.columns);
  const left = await viewsOfRuns(database, dir);
  await database.run(`SET enable_external_access = false`);
  await database.run(`SET lock_configuration = true`);
  /** Subjects of the filled tables whose rows are not what they should be. */
  const stale: Touched = new Map();
  let known: Source | null = null;

  /** All that is to be written for a question, made at once: later events may not mix in. */
  function due(sql: string, source: Source): readonly Due[] {
    if (known) merge(stale, touchedSince(source.events, known.recorded, source.contents));
    const loose = touchedSince(source.events, source.recorded, source.contents);
    known = source;
    return RECORDED.flatMap((table): Due[] => {
      const { journal } = table;
      if (!journal || !mentions(sql, table.name)) return [];
      const gone = stale.get(table.name) ?? null;
      const subjects = gone ?? journal.subjects(source.contents);
      stale.set(table.name, new Set(loose.get(table.name)));
      const rows = [...subjects].flatMap((subject) => journal.rows(source.contents, subject));
      return [{ table, subject: journal.subject, gone: gone ?? new Set(), rows }];
    });
  }

  return {
    async bringUp(sql, asked) {
      const source = known && known.recorded > asked.recorded ? known : asked;
      const orders = due(sql, source);
      for (const order of orders) await write(database, order);
      return {
        written: orders.reduce((sum, { rows }) => sum + rows.length, 0),
        warnings: await left(sql, source),
      };
    },
  };
}

/** Rows to write into a table in place of those of some subjects. */
interface Due {
  readonly table: Table;
  /** The column that holds the subject's id. */
  readonly subject: string;
  readonly gone: ReadonlySet<string>;
  readonly rows: readonly Row[];
}

async function write(database: Database, { table, subject, gone, rows }: Due): Promise<void> {
  const ids = [...gone].map(text).join(', ');
  if (gone.size > 0)
    await database.run(`DELETE FROM ${name(table.name)} WHERE ${name(subject)} IN (${ids})`);
  if (rows.length > 0) await database.insert(table.name, table.columns, rows);
}

/** Only into tables that are there already. */
function merge(into: Touched, more: Touched): void {
  for (const [table, subjects] of into)
    for (const subject of more.get(table) ?? []) subjects.add(subject);
}

/** Points that are not in a file yet. */
const LIVE = 'live_metrics';

/**
 * What runs left is read where it lies. What is returned makes the tables of it that `sql` names
 * those of a source, and names the files that were left out because they are damaged.
 */
async function viewsOfRuns(database: Database, dir: string) {
  const show = (table: Table, selects: readonly string[]): Promise<void> =>
    database.run(`CREATE OR REPLACE VIEW ${name(table.name)} AS ${selects.join(' UNION ALL ')}`);
  const folders = OF_RUNS.map((table) => text(join(dir, table.name, '/')));
  await database.run(`SET allowed_directories = [${folders.join(', ')}]`);
  for (const table of OF_RUNS) {
    if (table.name === METRICS) await database.createTable(LIVE, table.columns);
    await show(table, [selectNothing(table)]);
  }

  return async (sql: string, source: Source): Promise<readonly string[]> => {
    const warnings: string[] = [];
    for (const table of OF_RUNS.filter((one) => mentions(sql, one.name))) {
      const { files, damaged } = await wholeFiles(dir, source, table.name);
      warnings.push(...damaged);
      const { manifest, contents } = source;
      const stored = selectOfRuns(dir, asOf(contents.state, manifest), files, table);
      const selects = files.length > 0 ? [stored] : [];
      if (table.name === METRICS) selects.push(await liveView(database, table, source));
      await show(table, selects.length > 0 ? selects : [selectNothing(table)]);
    }
    return warnings;
  };
}

async function wholeFiles(dir: string, { manifest, verify }: Source, table: string) {
  const files: FileEntry[] = [];
  const damaged: string[] = [];
  for (const file of manifest.files.filter((one) => one.table === table)) {
    const problem = await verify(file);
    if (problem === null) files.push(file);
    else
      damaged.push(
        `${join(dir, file.path)} ${problem}: the ${table} of ${Object.keys(file.runs ?? {}).join(', ')} ` +
          'are left out. The next autolab launch mends it where it can',
      );
  }
  return { files, damaged };
}

/** Brings the points that running runs have logged so far into a table, and selects them. */
async function liveView(
  database: Database,
  table: Table,
  { manifest, contents, runsDir }: Source,
): Promise<string> {
  const { state } = contents;
  const trained = (await liveMetrics(state, runsDir)).filter(
    ({ run_id }) => manifest.attempts[run_id] !== attemptIn(state, run_id),
  );
  const live = [...trained, ...(await liveOwnMetrics(state, manifest, runsDir))];
  await database.run(`DELETE FROM ${name(LIVE)}`);
  await database.insert(LIVE, table.columns, live);
  return `SELECT * FROM ${name(LIVE)}`;
}
