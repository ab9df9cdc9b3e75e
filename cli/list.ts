import type { Column, Table } from '../notebook/table.ts';
import { LabError } from '../orchestrator/domain/errors.ts';
import type { Verdict } from '../orchestrator/domain/experiment.ts';
import { isNightId } from '../orchestrator/domain/ids.ts';
import type { State } from '../orchestrator/domain/state.ts';
import { ordered } from './list/order.ts';
import { since } from './list/since.ts';

/** One way to filter, sort and cut a list for all verbs that list. */

export interface ListOptions {
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly columns?: string;
  readonly status?: string;
  readonly verdict?: string;
  readonly night?: string;
  readonly line?: string;
  /** All of them. */
  readonly tag?: readonly string[];
  readonly since?: string;
  readonly sort?: string;
  readonly limit?: number;
}

/** What a row can be asked for. */
export interface Facets {
  /** Every word for how it stands; any of them finds it. */
  readonly statuses: readonly string[];
  readonly verdict: string | null;
  /** Null for a run of one's own. */
  readonly night: string | null;
  readonly line: string | null;
  readonly tags: readonly string[];
  /** When it began, ISO 8601. */
  readonly began: string | null;
}

export interface Listing<Row extends object> {
  /** The columns that its rows have. */
  readonly table: Table;
  /** In the order of their ids; each is made when it is looked at, for there may be thousands. */
  readonly rows: readonly (() => Row)[];
  readonly facetsOf: (row: Row) => Facets;
  /** Every word there is for how a row may stand. */
  readonly statuses: readonly string[];
}

const VERDICTS: readonly Verdict[] = [
  ...(['improved', 'promising', 'worse', 'no_difference', 'inconclusive'] as const),
  ...(['failed', 'pruned', 'invalid'] as const),
];

/**
 * The rows that the options ask for, in their order. Without `sort` they stay in the order of their
 * ids, and `limit` leaves the newest; with it the first. Throws LabError usage, naming what was
 * expected, where a value is none that this lab could have.
 */
export function listed<Row extends object>(
  listing: Listing<Row>,
  options: ListOptions,
  state: State,
  now: number,
): readonly Row[] {
  const wanted = wantedBy(listing, options, state, now);
  const { sort, limit } = options;
  const newest = <T>(rows: readonly T[]): readonly T[] =>
    limit === undefined ? rows : rows.slice(-limit);
  if (wanted === null && sort === undefined) return made(newest(listing.rows));
  const all = made(listing.rows);
  const found = wanted === null ? all : all.filter((row) => wanted(listing.facetsOf(row)));
  if (sort === undefined) return newest(found);
  const descending = sort.startsWith('-');
  const column = columnOf(listing.table, descending ? sort.slice(1) : sort, '--sort');
  return ordered(found, column, descending).slice(0, limit);
}

const made = <Row>(rows: readonly (() => Row)[]): readonly Row[] => rows.map((make) => make());

/** Whether a row is one that the options ask for; null where they ask for all. */
function wantedBy<Row extends object>(
  { rows, facetsOf, statuses }: Listing<Row>,
  { status, verdict, night, line, tag = [], since: when }: ListOptions,
  state: State,
  now: number,
): ((facets: Facets) => boolean) | null {
  const from = when === undefined ? null : since(when, now);
  if (status !== undefined) expectOneOf('status', status, statuses);
  if (verdict !== undefined) expectOneOf('verdict', verdict, VERDICTS);
  if (night !== undefined && !(isNightId(night) && state.nights.has(night)))
    expectOneOf('night', night, [...state.nights.keys()]);
  if (line !== undefined) expectOneOf('line', line, linesIn(made(rows), facetsOf));
  for (const one of tag) expectOneOf('tag', one, tagsIn(state));
  if ((status ?? verdict ?? night ?? line ?? when) === undefined && tag.length === 0) return null;
  return (row) =>
    (status === undefined || row.statuses.includes(status)) &&
    (verdict === undefined || row.verdict === verdict) &&
    (night === undefined || row.night === night) &&
    (line === undefined || row.line === line) &&
    tag.every((one) => row.tags.includes(one)) &&
    (from === null || (row.began !== null && Date.parse(row.began) >= from));
}

const linesIn = <Row>(rows: readonly Row[], facetsOf: (row: Row) => Facets): readonly string[] =>
  [...new Set(rows.flatMap((row) => facetsOf(row).line ?? []))].toSorted();

const tagsIn = (state: State): readonly string[] =>
  [...new Set([...state.tags.values()].flat().map(({ tag }) => tag))].toSorted();

function expectOneOf(option: string, found: string, expected: readonly string[]): void {
  if (expected.includes(found)) return;
  const there = expected.join(', ') || 'none here yet';
  throw new LabError(
    'usage',
    `expected --${option} to be one of: ${there}; found ${JSON.stringify(found.slice(0, 60))}`,
  );
}

/** The column of that name. Throws LabError usage with those that there are. */
export function columnOf({ name: table, columns }: Table, name: string, option: string): Column {
  const column = columns.find((one) => one.name === name);
  if (column) return column;
  throw new LabError(
    'usage',
    `expected a column of ${table} behind ${option}, found ${JSON.stringify(name.slice(0, 60))}. ` +
      `There are ${columns.map((one) => one.name).join(', ')}`,
  );
}
