import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { LabError } from '../orchestrator/domain/errors.ts';
import type { Json, Rows } from '../orchestrator/domain/ports.ts';
import { temporaryFolderIfAny } from '../system/temporary.ts';
import { openDatabase, type Database, type Selected } from './duckdb.ts';
import { inWords } from './durable.ts';
import { oneAtATime } from './turns.ts';
import { warmTables, type Source, type WarmTables } from './warm.ts';

export interface Limits {
  /** More rows are an error, not a part of them. */
  readonly rows: number;
  readonly seconds: number;
}
export const LIMITS: Limits = { rows: 100_000, seconds: 60 };

export interface Answer {
  readonly rows: Rows;
  /** Files that were left out because they are damaged. */
  readonly warnings: readonly string[];
}

/** Answers one question after the other from a database that it keeps. */
export interface Answerer {
  /**
   * One SELECT over the tables: records from the journal (fresh to the last one), metrics from their
   * Parquet files and, of runs that train, from what they logged so far. It can read nothing else
   * and write nothing. Throws LabError usage.
   */
  answer(sql: string, source: Source, limits?: Limits): Promise<Answer>;
  /** Forgets the database when what is being asked is answered; a later question opens another. */
  close(): Promise<void>;
}

/** Of the notebook at `dir`. Loads no DuckDB before the first question. */
export function createAnswerer(dir: string): Answerer {
  const inTurn = oneAtATime();
  let open: { readonly database: Database; readonly tables: WarmTables } | null = null;

  async function opened() {
    // Also later: what DuckDB makes where a question needs it lies below, and only there.
    const folder = temporaryFolderIfAny();
    if (open) return open;
    const spill = join(folder, `autolab-query-${randomBytes(6).toString('hex')}`);
    const database = await openDatabase({ spill });
    open = { database, tables: await warmTables(database, dir) };
    return open;
  }
  function forget(): void {
    open?.database.close();
    open = null;
  }

  return {
    answer: (sql, source, limits = LIMITS) =>
      inTurn(async () => {
        const { database, tables } = await opened();
        const { warnings } = await tables.bringUp(sql, source).catch((error: unknown) => {
          forget(); // nobody knows what of it is in the tables
          throw error;
        });
        try {
          return { rows: rowsOf(await ask(database, sql, limits), limits), warnings };
        } catch (error) {
          // An error inside DuckDB makes the whole database useless.
          await database.read('SELECT 1').catch(forget);
          throw error;
        }
      }),
    close: () => inTurn(async () => forget()),
  };
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
