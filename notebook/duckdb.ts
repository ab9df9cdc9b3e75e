import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';

import type { DuckDBConnection, DuckDBType, DuckDBValue } from '@duckdb/node-api';

import { createTable } from './sql.ts';
import type { Cell, Column, Row } from './table.ts';

/**
 * The only file that knows @duckdb/node-api. It is loaded when first used: verbs that read no
 * Parquet should not pay for it. By `require`, which takes half the time that `import` does.
 */

/** A private database in memory, gone when `close` returns. */
export interface Database {
  run(sql: string): Promise<void>;
  /** All rows of a query that we wrote, as `query` gives them. */
  read(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  createTable(table: string, columns: readonly Column[]): Promise<void>;
  insert(table: string, columns: readonly Column[], rows: readonly Row[]): Promise<void>;
  /** One SELECT, at most `limit` rows. See the outcomes. */
  select(sql: string, limit: number): Promise<Selected>;
  /** Ends what runs, as an error of its caller. */
  interrupt(): void;
  close(): void;
}

export type Selected =
  | {
      readonly kind: 'rows';
      readonly columns: readonly string[];
      readonly rows: readonly (readonly unknown[])[];
    }
  | { readonly kind: 'too_many' }
  /** How many statements were found, of which kind the first one is. */
  | { readonly kind: 'no_select'; readonly statements: number; readonly type: string };

export interface DatabaseOptions {
  readonly threads?: number;
  /** Folder for sorts that do not fit the memory: made where needed, removed at the end. */
  readonly spill: string;
}

type Api = typeof import('@duckdb/node-api');
const require = createRequire(import.meta.url);

/** The caller closes it. */
export async function openDatabase({ threads = 2, spill }: DatabaseOptions): Promise<Database> {
  const api = require('@duckdb/node-api') as Api;
  const instance = await api.DuckDBInstance.create(':memory:', {
    threads: String(threads),
    memory_limit: '2GB', // the machine is there to train
    temp_directory: spill,
    enable_external_file_cache: 'false', // a database that stays must not come to hold the files it read
    autoload_known_extensions: 'false',
    autoinstall_known_extensions: 'false',
  });
  const connection = await instance.connect();
  let asking: DuckDBConnection | null = null;
  spills.add(spill);
  return {
    run: async (sql) => void (await connection.run(sql)),
    read: async (sql) => (await connection.run(sql)).getRowObjectsJS(),
    createTable: async (table, columns) => void (await connection.run(createTable(table, columns))),
    insert: (table, columns, rows) => insert(api, connection, table, columns, rows),
    // On a connection of its own: nothing of one question is left to the next.
    async select(sql, limit) {
      const own = await instance.connect();
      try {
        asking = own;
        return await select(api, own, sql, limit);
      } finally {
        asking = null;
        own.closeSync();
      }
    },
    interrupt: () => asking?.interrupt(),
    close() {
      connection.closeSync();
      instance.closeSync();
      removeSpill(spill);
    },
  };
}

/** Folders of databases that are open, or that nobody closed. */
const spills = new Set<string>();
process.once('exit', () => spills.forEach(removeSpill));

function removeSpill(spill: string): void {
  spills.delete(spill);
  rmSync(spill, { recursive: true, force: true });
}

/** Opens, uses and closes a database. */
export async function withDatabase<T>(
  options: DatabaseOptions,
  use: (database: Database) => Promise<T>,
): Promise<T> {
  const database = await openDatabase(options);
  try {
    return await use(database);
  } finally {
    database.close();
  }
}

/** Rows per chunk: DuckDB's own vector size, and the most that one chunk takes. */
const CHUNK = 2048;

async function insert(
  api: Api,
  connection: DuckDBConnection,
  table: string,
  columns: readonly Column[],
  rows: readonly Row[],
): Promise<void> {
  const types = columns.map((column) => typeOf(api, column));
  const appender = await connection.createAppender(table);
  for (let at = 0; at < rows.length; at += CHUNK) {
    const part = rows.slice(at, at + CHUNK);
    const chunk = api.DuckDBDataChunk.create(types, part.length);
    columns.forEach((column, i) =>
      chunk.setColumnValues(
        i,
        part.map((row) => valueOf(api, column, row[column.name] ?? null)),
      ),
    );
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}

function typeOf(api: Api, { type }: Column): DuckDBType {
  switch (type) {
    case 'VARCHAR':
    case 'JSON':
      return api.VARCHAR;
    case 'BIGINT':
      return api.BIGINT;
    case 'DOUBLE':
      return api.DOUBLE;
    case 'BOOLEAN':
      return api.BOOLEAN;
    case 'TIMESTAMP':
      return api.TIMESTAMP;
    case 'VARCHAR[]':
      return api.LIST(api.VARCHAR);
    case 'DOUBLE[]':
      return api.LIST(api.DOUBLE);
  }
}

function valueOf(api: Api, { type }: Column, cell: Cell): DuckDBValue {
  if (cell === null) return null;
  switch (type) {
    case 'JSON':
      return JSON.stringify(cell);
    case 'BIGINT':
      return Number.isFinite(cell) ? BigInt(Math.round(cell as number)) : null;
    case 'TIMESTAMP': {
      const milliseconds = Date.parse(cell as string);
      return Number.isNaN(milliseconds)
        ? null
        : new api.DuckDBTimestampValue(BigInt(milliseconds) * 1000n);
    }
    case 'VARCHAR[]':
    case 'DOUBLE[]':
      return api.listValue([...(cell as readonly (string | number)[])]);
    default:
      return cell as string | number | boolean;
  }
}

async function select(
  api: Api,
  connection: DuckDBConnection,
  sql: string,
  limit: number,
): Promise<Selected> {
  const statements = await connection.extractStatements(sql);
  if (statements.count !== 1)
    return { kind: 'no_select', statements: statements.count, type: 'SELECT' };
  const statement = await statements.prepare(0);
  try {
    if (statement.statementType !== api.StatementType.SELECT)
      return { kind: 'no_select', statements: 1, type: api.StatementType[statement.statementType] };
    const result = await statement.stream();
    const rows: unknown[][] = [];
    for await (const part of result.yieldRowsJs()) {
      rows.push(...part);
      if (rows.length > limit) return { kind: 'too_many' };
    }
    return { kind: 'rows', columns: result.deduplicatedColumnNames(), rows };
  } finally {
    statement.destroySync();
  }
}
