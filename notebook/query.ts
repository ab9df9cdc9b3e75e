import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { LabError } from '../orchestrator/domain/errors.ts';
import type { Json, Rows } from '../orchestrator/domain/ports.ts';
import type { Contents } from './contents.ts';
import { withDatabase, type Database, type Selected } from './duckdb.ts';
import { inWords } from './durable.ts';
import { liveMetrics } from './live.ts';
import { asOf, type FileEntry, type Manifest } from './manifest.ts';
import { name, selectMetrics, text } from './sql.ts';
import type { Table } from './table.ts';
import { METRICS, TABLES } from './tables.ts';
import type { Verifier } from './verify.ts';

export interface Limits {
  /** More rows are an error, not a part of them. */
  readonly rows: number;
  readonly seconds: number;
}
export const LIMITS: Limits = { rows: 100_000, seconds: 60 };

/** What a question is answered from. */
export interface Source {
  readonly dir: string;
  readonly contents: Contents;
  readonly manifest: Manifest;
  /** The lab's `experiments/` folder. */
  readonly runsDir: string;
  readonly verify: Verifier;
}

export interface Answer {
  readonly rows: Rows;
  /** Files that were left out because they are damaged. */
  readonly warnings: readonly string[];
}

/**
 * One SELECT over the tables: records from the journal (fresh to the last one), metrics from their
 * Parquet files and, of runs that train, from what they logged so far. It can read nothing else and write nothing. Throws LabError usage.
 */
export async function answer(
  sql: string,
  source: Source,
  limits: Limits = LIMITS,
): Promise<Answer> {
  const spill = join(tmpdir(), `autolab-query-${randomBytes(6).toString('hex')}`);
  return withDatabase({ spill }, async (database) => {
    const warnings: string[] = [];
    for (const table of TABLES) {
      if (table.name === METRICS && mentions(sql, METRICS))
        await openMetrics(database, table, source, warnings);
      else await fill(database, table, mentions(sql, table.name) ? source.contents : null);
    }
    await database.run(`SET enable_external_access = false`);
    await database.run(`SET lock_configuration = true`);
    return { rows: rowsOf(await ask(database, sql, limits), limits), warnings };
  });
}

/** Rather too often than not: a table that is not filled would answer with nothing. */
const mentions = (sql: string, table: string): boolean =>
  new RegExp(`\\b${table}\\b`, 'i').test(sql) || /\bquery(_table)?\b/i.test(sql);

async function fill(database: Database, table: Table, contents: Contents | null): Promise<void> {
  await database.createTable(table.name, table.columns);
  if (!contents || !table.journal) return;
  const { subjects, rows } = table.journal;
  const all = [...subjects(contents)].flatMap((subject) => rows(contents, subject));
  await database.insert(table.name, table.columns, all);
}

/** Points that are not in a file yet. */
const LIVE = 'live_metrics';

async function openMetrics(
  database: Database,
  table: Table,
  { dir, manifest, contents, runsDir, verify }: Source,
  warnings: string[],
): Promise<void> {
  const files: FileEntry[] = [];
  for (const file of manifest.files.filter((f) => f.table === METRICS)) {
    const problem = await verify(file);
    if (problem === null) files.push(file);
    else
      warnings.push(
        `${join(dir, file.path)} ${problem}: the metrics of ${Object.keys(file.runs ?? {}).join(', ')} ` +
          'are left out. The next autolab launch mends it where it can',
      );
  }
  const live = (await liveMetrics(contents.state, runsDir)).filter(
    ({ run_id }) => manifest.attempts[run_id] !== contents.state.runs.get(run_id)?.attempt,
  );
  await database.createTable(LIVE, table.columns);
  await database.insert(LIVE, table.columns, live);
  const selects = [`SELECT * FROM ${name(LIVE)}`];
  if (files.length > 0)
    selects.unshift(selectMetrics(dir, asOf(contents.state, manifest), files, table));
  const paths = files.map((file) => text(join(dir, file.path)));
  await database.run(`SET allowed_paths = [${paths.join(', ')}]`);
  await database.run(`CREATE VIEW ${name(METRICS)} AS ${selects.join(' UNION ALL ')}`);
}

async function ask(database: Database, sql: string, { rows, seconds }: Limits): Promise<Selected> {
  if (/^(\s|;|--.*$)*$/m.test(sql) && sql.replaceAll(/--.*$/gm, '').trim() === '')
    throw refused('expected one SELECT, found no SQL');
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    database.interrupt();
  }, seconds * 1000);
  try {
    return await database.select(sql, rows);
  } catch (error) {
    if (late)
      throw refused(`expected an answer within ${seconds} s: ask for less, or filter first`);
    throw refused(inWords(error), error);
  } finally {
    clearTimeout(timer);
  }
}

function rowsOf(selected: Selected, limits: Limits): Rows {
  switch (selected.kind) {
    case 'too_many':
      throw refused(`expected at most ${limits.rows} rows: aggregate, or add a LIMIT`);
    case 'no_select':
      throw refused(
        selected.statements === 1
          ? `expected one SELECT, found ${selected.type}: queries only read`
          : `expected one SELECT, found ${selected.statements} statements`,
      );
    case 'rows': {
      const { columns, rows } = selected;
      return {
        columns,
        rows: rows.map((row) =>
          Object.fromEntries(columns.map((column, i) => [column, plain(row[i])])),
        ),
      };
    }
  }
}

const refused = (message: string, cause?: unknown): LabError =>
  new LabError('usage', message, undefined, cause);

/**
 * A value as JSON: whole numbers as numbers (as text beyond 2^53), times as ISO 8601, numbers that
 * are not finite as NaN, Infinity, -Infinity, bytes as hexadecimal digits.
 */
export function plain(value: unknown): Json {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint')
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
  return typeof value === 'string' || typeof value === 'boolean' ? value : String(value);
}
