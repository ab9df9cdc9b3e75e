/** A run that another tool recorded, as its file tells it. */
export interface ForeignRun {
  /** What it is called there: a commit, a row's id, a file's name. */
  readonly id: string;
  readonly name: string;
  /** ISO 8601; null where the file does not say. */
  readonly started: string | null;
  readonly seconds: number | null;
  /** Why it failed, in the file's words; null where it did not. */
  readonly failure: string | null;
  readonly params: Readonly<Record<string, string | number | boolean>>;
  /** Final values; may be NaN or infinite. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly texts: Readonly<Record<string, string>>;
  readonly links: readonly string[];
  /** What somebody wrote beside it, kept in their words. */
  readonly words: readonly string[];
  /** Files of single predictions that belong to it. */
  readonly samples: readonly SamplesFile[];
  /** SHA-256 of its row, whatever its columns are taken for; only of a table. */
  readonly row?: string;
}

export interface SamplesFile {
  readonly path: string;
  readonly task: string;
}

/** What start.json says of who imports. */
export interface Importer {
  readonly id: string;
  readonly pid: number;
  readonly process_started: string | null;
  readonly host: string;
  readonly who: string;
}

/** What the columns of a table mean where their names alone do not say it. */
export interface Roles {
  /** The column that holds each row's id. */
  readonly id?: string;
  readonly metrics: readonly string[];
  readonly params: readonly string[];
}

/** Nothing is recorded of it but that. */
export const EMPTY_RUN: Omit<ForeignRun, 'id'> = {
  name: '',
  started: null,
  seconds: null,
  failure: null,
  params: {},
  metrics: {},
  texts: {},
  links: [],
  words: [],
  samples: [],
};

/** The number that a cell holds, in the ways in which tables write it; null where it holds none. */
export function numberIn(cell: string): number | null {
  const text = cell.trim().replace('−', '-');
  if (/^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?$/i.test(text)) return Number(text);
  if (/^nan$/i.test(text)) return Number.NaN;
  const infinite = /^([-+]?)inf(?:inity)?$/i.exec(text);
  return infinite ? (infinite[1] === '-' ? -Infinity : Infinity) : null;
}
