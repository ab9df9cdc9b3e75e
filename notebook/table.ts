import type { Contents } from './contents.ts';

/** Columns are DuckDB's types; JSON is kept as VARCHAR, for `change->>'learning_rate'`. */
export type ColumnType =
  | 'VARCHAR'
  | 'BIGINT'
  | 'DOUBLE'
  | 'BOOLEAN'
  | 'TIMESTAMP'
  | 'JSON'
  | 'VARCHAR[]'
  | 'DOUBLE[]';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** One line: what it says, and in which unit. */
  readonly doc: string;
}

/** Times are ISO 8601, numbers may be NaN or infinite, what has no value is null. */
export type Cell =
  | string
  | number
  | boolean
  | null
  | readonly string[]
  | readonly number[]
  | Readonly<Record<string, unknown>>;
export type Row = Readonly<Record<string, Cell>>;

/** A table of the notebook. */
export interface Table {
  readonly name: string;
  /** What a row is. */
  readonly doc: string;
  readonly columns: readonly Column[];
  /** A query worth copying. */
  readonly example: string;
  /** How rows come from the journal; null where they do not, or not yet. */
  readonly journal: FromJournal | null;
  /** Where its rows are what runs left in files of that table's name: the order of a merged file. */
  readonly sortedBy: readonly string[] | null;
}

/**
 * All rows of a subject are written together, and the newest set counts: so a subject that lost
 * its rows (unflagged, a new attempt) is one that is written again.
 */
export interface FromJournal {
  /** The column that holds the subject's id. */
  readonly subject: string;
  /** Every subject that has rows, in order. */
  readonly subjects: (contents: Contents) => Iterable<string>;
  readonly rows: (contents: Contents, subject: string) => readonly Row[];
}

type TypesFor<Value> = [Value] extends [boolean]
  ? 'BOOLEAN'
  : [Value] extends [number]
    ? 'BIGINT' | 'DOUBLE'
    : [Value] extends [string]
      ? 'VARCHAR' | 'TIMESTAMP' | 'JSON'
      : [Value] extends [readonly string[]]
        ? 'VARCHAR[]'
        : [Value] extends [readonly number[]]
          ? 'DOUBLE[]'
          : 'JSON';

type Columns<R> = { readonly [K in keyof R]: readonly [TypesFor<NonNullable<R[K]>>, doc: string] };

interface Definition<R> {
  readonly name: string;
  readonly doc: string;
  /** One per field of the row, of a type that fits it. */
  readonly columns: Columns<R>;
  readonly example: string;
  readonly sortedBy?: readonly (keyof R & string)[];
  readonly journal?: {
    readonly subject: keyof R & string;
    readonly subjects: (contents: Contents) => Iterable<string>;
    readonly rows: (contents: Contents, subject: string) => readonly R[];
  };
}

/** A table whose columns the compiler holds to the fields of its rows. */
export function defineTable<R>({ columns, journal, sortedBy, ...rest }: Definition<R>): Table {
  const entries = Object.entries(columns) as [string, readonly [ColumnType, string]][];
  return {
    ...rest,
    columns: entries.map(([name, [type, doc]]) => ({ name, type, doc })),
    journal: (journal as FromJournal | undefined) ?? null,
    sortedBy: sortedBy ?? null,
  };
}
