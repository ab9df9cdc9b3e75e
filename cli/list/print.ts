import type { Column } from '../../notebook/table.ts';
import { LabError } from '../../orchestrator/domain/errors.ts';
import type { State } from '../../orchestrator/domain/state.ts';
import { columnOf, listed, type Listing, type ListOptions } from '../list.ts';
import { dim, print, printJson } from '../output.ts';
import { fitted, short, type TableColumn } from '../table.ts';
import { csv } from './csv.ts';
import { textOf } from './order.ts';

/** A column of the table that people get; `name` is its name everywhere else. */
export interface Shown<Row> extends TableColumn<Row> {
  readonly name: string;
  /** Left out where no row has anything in it. */
  readonly unlessEmpty?: boolean;
}

/** How rows stand in lines; `lines` are one for each row, in their order. */
type Arrange<Row> = (rows: readonly Row[], lines: readonly string[]) => readonly string[];

/** Prints a list as its caller wants it: JSON, CSV, or a table no wider than the terminal. */
export function printList<Row extends object>(
  listing: Listing<Row>,
  shown: readonly Shown<Row>[],
  options: ListOptions,
  state: State,
  arrange: Arrange<Row> = (_, lines) => lines,
): void {
  if (options.json && options.csv)
    throw new LabError('usage', 'expected --json or --csv, found both');
  const chosen = chosenColumns(listing, options.columns);
  const rows = listed(listing, options, state, Date.now());
  if (options.json) return printJson(chosen === null ? rows : rows.map((row) => only(row, chosen)));
  if (options.csv) {
    const names = (chosen ?? listing.table.columns).map(({ name }) => name);
    process.stdout.write(csv(names, rows));
    return;
  }
  const columns =
    chosen === null
      ? shown.filter((one) => !one.unlessEmpty || rows.some((row) => one.cell(row) !== ''))
      : chosen.map((column, i) => asChosen(column, shown, i, chosen.length));
  const { head, lines, left_out } = fitted(columns, rows);
  print([head, ...(rows.length === 0 ? [dim('(none)')] : arrange(rows, lines))].join('\n'));
  if (left_out.length > 0)
    print(
      dim(`left out for want of room: ${left_out.join(', ')} (--columns chooses, --csv has all)`),
    );
}

function chosenColumns<Row extends object>(
  { table }: Listing<Row>,
  text: string | undefined,
): readonly Column[] | null {
  if (text === undefined) return null;
  const names = [...new Set(text.split(',').map((name) => name.trim()))];
  return names.map((name) => columnOf(table, name, '--columns'));
}

const only = (row: object, columns: readonly Column[]) =>
  Object.fromEntries(
    columns.map(({ name }) => [name, (row as Readonly<Record<string, unknown>>)[name]]),
  );

/** Under its own name, shown as in the usual table; the first one is the last to go. */
function asChosen<Row extends object>(
  { name, type }: Column,
  shown: readonly Shown<Row>[],
  place: number,
  count: number,
): TableColumn<Row> {
  const usual = shown.find((one) => one.name === name);
  const cell = (row: Row): string => {
    const value = (row as Readonly<Record<string, unknown>>)[name];
    if (type === 'TIMESTAMP' && typeof value === 'string') return `${value.slice(0, 19)}Z`;
    return typeof value === 'number' ? short(value) : textOf(value);
  };
  const right = type === 'DOUBLE' || type === 'BIGINT';
  return {
    ...{ title: name, cell: usual?.cell ?? cell, right: usual?.right ?? right },
    ...{ flexible: usual?.flexible ?? TEXTS.has(name), importance: count - place },
  };
}

/** Columns of sentences. */
const TEXTS: ReadonlySet<string> = new Set([
  ...['because', 'verdict_because', 'confidence_because', 'failure', 'failure_message'],
  ...['traceback', 'said', 'change', 'limits', 'prune_because', 'rejected_because'],
]);
