import { createHash } from 'node:crypto';
import { LabError } from '../../domain/errors.ts';
import { EMPTY_RUN, numberIn, type ForeignRun, type Roles } from './foreign.ts';
import type { Rows } from './rows.ts';

/**
 * Runs from a table, one a row. What a column is follows from, in this order: what the user or the
 * plan says (`roles`), its name, and what it holds: numbers in every cell that is not empty are a
 * metric, anything else is a parameter.
 */

type Role = 'id' | 'name' | 'status' | 'started' | 'seconds' | 'words' | 'param' | 'metric';

const NAMES: Readonly<Record<Exclude<Role, 'param' | 'metric'>, RegExp>> = {
  id: /^(?:id|run|run_?id|experiment|commit|sha|hash)$/i,
  name: /^(?:name|title|description|idea|change)$/i,
  status: /^(?:status|state|outcome)$/i,
  started: /^(?:started|start|start_?time|date|time|timestamp|created(?:_at)?)$/i,
  seconds: /^(?:seconds|secs|duration(?:_s(?:ec(?:onds)?)?)?|runtime|elapsed)$/i,
  words: /^(?:notes?|comments?|conclusion|finding|remarks?)$/i,
};
const PARAM = /^(?:params?|config|hparams?)[./]/i;
const METRIC = /^(?:metrics?|summary)[./]/i;
const FAILED = /^(?:crash|crashed|fail|failed|failure|error|oom|out_of_memory|killed|timeout)$/i;

/** Throws LabError usage where the table has no column that it is told of. */
export function runsOfTable({ columns, rows }: Rows, roles: Roles, file: string): ForeignRun[] {
  const asked = [...(roles.id === undefined ? [] : [roles.id]), ...roles.metrics, ...roles.params];
  for (const name of asked)
    if (!columns.includes(name))
      throw new LabError(
        'usage',
        `${file}: expected a column ${name}, found ${columns.join(', ')}`,
        file,
      );
  const parts = rolesOf({ columns, rows }, roles);
  const hashes = hashesOf({ columns, rows });
  return rows.map((cells, i) => ({
    ...runOf(columns, parts, cells, i),
    ...{ row: hashes[i] as string },
  }));
}

/** Rows that say the same are told apart by which of them each is: a table may grow at either end. */
function hashesOf({ columns, rows }: Rows): readonly string[] {
  const seen = new Map<string, number>();
  return rows.map((cells) => {
    const text = JSON.stringify([columns, cells]);
    const before = seen.get(text) ?? 0;
    seen.set(text, before + 1);
    return createHash('sha256').update(`${text}\n${before}`).digest('hex');
  });
}

function rolesOf({ columns, rows }: Rows, roles: Roles): readonly Role[] {
  const taken = new Set<Role>(roles.id === undefined ? [] : ['id']);
  return columns.map((column, i) => {
    if (column === roles.id) return 'id';
    if (roles.metrics.includes(column)) return 'metric';
    if (roles.params.includes(column)) return 'param';
    // The first column of a kind is it; a second one is data like any other.
    const named = (Object.keys(NAMES) as (keyof typeof NAMES)[]).find(
      (role) => NAMES[role].test(column) && !taken.has(role),
    );
    if (named) {
      taken.add(named);
      return named;
    }
    if (PARAM.test(column)) return 'param';
    if (METRIC.test(column)) return 'metric';
    const filled = rows.map((cells) => cells[i] ?? '').filter((cell) => cell !== '');
    return filled.length > 0 && filled.every((cell) => numberIn(cell) !== null)
      ? 'metric'
      : 'param';
  });
}

function runOf(
  columns: readonly string[],
  parts: readonly Role[],
  cells: readonly string[],
  row: number,
): ForeignRun {
  const found = (role: Role): string => cells[parts.indexOf(role)] ?? '';
  const status = found('status');
  const failed = FAILED.test(status);
  const params: Record<string, string | number> = {};
  const metrics: Record<string, number> = {};
  for (const [i, column] of columns.entries()) {
    const cell = cells[i] ?? '';
    if (cell === '') continue;
    const number = numberIn(cell);
    if (parts[i] === 'param') params[column.replace(PARAM, '')] = number ?? cell;
    // Loops that write 0 for what crashed mean that there is no number.
    if (parts[i] === 'metric' && number !== null && !(failed && number === 0))
      metrics[column.replace(METRIC, '')] = number;
  }
  return {
    ...EMPTY_RUN,
    id: found('id') || String(row + 1),
    name: found('name') || found('id') || `row ${row + 1}`,
    started: timeIn(found('started')),
    seconds: secondsIn(found('seconds')),
    failure: failed ? status : null,
    ...{ params, metrics },
    texts: status === '' ? {} : { status },
    links: cells.flatMap((cell) => cell.match(/https?:\/\/[^\s)\]>]+/g) ?? []),
    words: [found('words')].filter((text) => text !== ''),
  };
}

/** Null where it is none that a run can take. */
function secondsIn(text: string): number | null {
  const seconds = numberIn(text);
  return seconds !== null && seconds >= 0 && seconds < 1e9 ? seconds : null;
}

/** Ticks in a second by how many there are since 1970: seconds, milli-, micro- or nanoseconds. */
const TICKS = [1, 1e3, 1e6, 1e9] as const;
const FIRST_MS = Date.UTC(1990, 0, 1);
const LAST_MS = Date.UTC(2100, 0, 1);

/** ISO 8601 of a date in words, or of a time since 1970; null where it is neither. */
export function timeIn(text: string): string | null {
  const number = numberIn(text);
  if (number === null) {
    const at = Date.parse(text);
    return Number.isFinite(at) ? new Date(at).toISOString() : null;
  }
  const all = TICKS.map((ticks) => Math.round((number * 1000) / ticks));
  const at = all.find((ms) => ms >= FIRST_MS && ms < LAST_MS);
  return at === undefined ? null : new Date(at).toISOString();
}
