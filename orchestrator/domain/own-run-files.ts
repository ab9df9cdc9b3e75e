import { z } from 'zod';

import { type OwnStart } from './own-run.ts';

/**
 * start.json and end.json in the folder of a run of one's own. Loggers of other languages and
 * versions write them, and so may anybody: each field is taken for itself, so that one that is not
 * what it should be costs that field alone.
 */

const LONGEST = 4096;
const text = z.string().transform((all) => shortened(all));
const time = z.string().transform((all, context) => {
  const at = Date.parse(all);
  if (Number.isFinite(at)) return new Date(at).toISOString();
  context.addIssue({ code: 'custom', message: 'a time' });
  return z.NEVER;
});

const START = {
  name: text.nullable(),
  command: z.array(text),
  directory: text.nullable(),
  pid: z.int().positive().nullable(),
  process_started: text.nullable(),
  host: text.nullable(),
  who: text.nullable(),
  started: time,
  commit: text.nullable(),
  branch: text.nullable(),
  dirty: z.boolean().nullable(),
  params: z.record(z.string(), z.unknown()),
  source: z.enum(['logger-python', 'logger-js', 'run', 'import']),
};
/** Fields of it that only some writers know. */
const MORE = {
  foreign: z
    .object({ file: text, id: text, links: z.array(text), sha256: text, row: text.optional() })
    .nullable(),
};

const END = {
  ended: time,
  exit_code: z.int().nullable(),
  signal: text.nullable(),
  error: text.nullable(),
  traceback: z.string().nullable(),
};
/** Fields that older writers do not know, and that may be missing. */
const LATER = {
  /** The signal that whoever recorded it was told to end it by. */
  interrupted: text.nullable(),
  /** Of a run that took place elsewhere. */
  seconds: z.number().nonnegative().nullable(),
};

/** Whose process it is, for whoever wants to know whether it lives. */
export interface OwnProcess {
  readonly pid: number | null;
  /** As notebook/lock.ts says it of a process. */
  readonly process_started: string | null;
  readonly host: string | null;
}

export interface StartFile {
  /** `started` as it was found, or `fallback`. */
  readonly start: OwnStart;
  readonly process: OwnProcess;
  /** Nested as they were given. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly remarks: readonly string[];
}

export interface EndFile {
  /** ISO 8601; null where it does not say. */
  readonly ended: string | null;
  readonly exit_code: number | null;
  readonly signal: string | null;
  /** `Type: message`. */
  readonly error: string | null;
  readonly traceback: string | null;
  readonly interrupted: string | null;
  /** Null where its times say it. */
  readonly seconds: number | null;
  readonly remarks: readonly string[];
}

/** What a start.json says. `found`: its JSON, undefined where it holds none. Never throws. */
export function readStart(found: unknown, fallback: string): StartFile {
  const { values, remarks } = fieldsOf('start.json', START, MORE, found);
  const { pid = null, process_started = null, params = {}, ...said } = values;
  const start: OwnStart = {
    name: said.name ?? '',
    command: said.command ?? [],
    directory: said.directory ?? null,
    host: said.host ?? null,
    who: said.who ?? null,
    started: said.started ?? fallback,
    commit: said.commit ?? null,
    branch: said.branch ?? null,
    dirty: said.dirty ?? null,
    source: said.source ?? 'unknown',
    ...(said.foreign ? { foreign: said.foreign } : {}),
  };
  return { start, process: { pid, process_started, host: start.host }, params, remarks };
}

/** What an end.json says. Never throws. */
export function readEnd(found: unknown): EndFile {
  const { values, remarks } = fieldsOf('end.json', END, LATER, found);
  return {
    ended: values.ended ?? null,
    exit_code: values.exit_code ?? null,
    signal: values.signal ?? null,
    error: values.error ?? null,
    traceback: values.traceback ?? null,
    interrupted: values.interrupted ?? null,
    seconds: values.seconds ?? null,
    remarks,
  };
}

type Shape = Readonly<Record<string, z.ZodType>>;
type Values<S extends Shape> = { -readonly [K in keyof S]?: z.output<S[K]> };

function fieldsOf<S extends Shape, L extends Shape>(
  file: string,
  shape: S,
  later: L,
  found: unknown,
): { readonly values: Values<S & L>; readonly remarks: readonly string[] } {
  if (typeof found !== 'object' || found === null || Array.isArray(found))
    return { values: {}, remarks: [`expected ${file} to hold a JSON object, found none`] };
  const record = found as Readonly<Record<string, unknown>>;
  const remarks: string[] = [];
  const { version } = record;
  if (version !== 1)
    remarks.push(
      `expected ${file} of version 1, found ${inShort(version)}: read as far as it goes`,
    );
  const values: Record<string, unknown> = {};
  for (const [key, field] of Object.entries({ ...shape, ...later })) {
    // Null is no value, whether or not it had to be one.
    if (record[key] === null || (key in later && record[key] === undefined)) continue;
    const read = field.safeParse(record[key]);
    if (read.success) values[key] = read.data;
    else
      remarks.push(
        `${file}: expected ${key} to be ${wordFor(field)}, found ${inShort(record[key])}`,
      );
  }
  return { values: values as Values<S & L>, remarks };
}

function wordFor(field: z.ZodType): string {
  const { type, enum: words, anyOf } = z.toJSONSchema(field, { io: 'input' });
  if (field === START.started) return 'a time (ISO 8601)';
  if (words) return `one of ${words.join(', ')}`;
  const one = type ?? anyOf?.map((each) => each.type).find((each) => each !== 'null');
  return one === 'array' ? 'a list of texts' : `${one === 'integer' ? 'an' : 'a'} ${one}`;
}

const inShort = (value: unknown): string =>
  value === undefined ? 'nothing' : (JSON.stringify(value) ?? 'nothing').slice(0, 80);

/** No longer than a book's page; what was cut says so. */
export const shortened = (all: string, most = LONGEST): string =>
  all.length <= most ? all : `${all.slice(0, most)}… (${all.length} characters)`;
