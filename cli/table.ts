import { bold, dim, oneLine } from './output.ts';
import { cut, padded, width as widthOf } from './view/text.ts';

export interface TableColumn<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Numbers stand to the right. */
  readonly right?: boolean;
  /** The column that gives way when the terminal is narrow; the first of a table that is. */
  readonly flexible?: boolean;
  /** Where the terminal is too narrow for all, those of least importance go first. */
  readonly importance?: number;
}

const GAP = '  ';
const NARROWEST = 12;

/** Columns of the terminal; unlimited in a pipe. */
const terminal = (): number => process.stdout.columns ?? Number.POSITIVE_INFINITY;

/** Rows as aligned columns, all of them, no wider than `width` characters where one is flexible. */
export function table<Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
  width: number = terminal(),
): string {
  const { head, lines } = aligned(measured(columns, rows), width);
  return [head, ...lines].join('\n') + (rows.length === 0 ? `\n${dim('(none)')}` : '');
}

/** A table in its lines, and the titles of the columns that had no room. */
export interface Fitted {
  readonly head: string;
  /** One for each row. */
  readonly lines: readonly string[];
  readonly left_out: readonly string[];
}

/** The same without its least important columns, where the terminal is too narrow for all. */
export function fitted<Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
  width: number = terminal(),
): Fitted {
  let kept = measured(columns, rows);
  const left_out: string[] = [];
  while (kept.length > 1 && narrowest(kept) > width) {
    const least = kept.slice(1).reduce((a, b) => (weight(b) <= weight(a) ? b : a));
    left_out.push(least.column.title);
    kept = kept.filter((one) => one !== least);
  }
  return { ...aligned(kept, width), left_out };
}

/** A column with its cells, and the room that they take. */
interface Measured<Row> {
  readonly column: TableColumn<Row>;
  readonly cells: readonly string[];
  readonly width: number;
}

const measured = <Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
): readonly Measured<Row>[] =>
  columns.map((column) => {
    const cells = rows.map((row) => oneLine(column.cell(row)));
    const width = cells.reduce((most, cell) => Math.max(most, widthOf(cell)), column.title.length);
    return { column, cells, width };
  });

const weight = <Row>({ column }: Measured<Row>): number => column.importance ?? 0;

const total = (widths: readonly number[]): number =>
  widths.reduce((sum, one) => sum + one, 0) + GAP.length * (widths.length - 1);

/** What the columns need at least: the flexible one can be cut. */
function narrowest<Row>(columns: readonly Measured<Row>[]): number {
  const flexible = columns.findIndex(({ column }) => column.flexible);
  return total(
    columns.map(({ width }, i) => (i === flexible ? Math.min(NARROWEST, width) : width)),
  );
}

function aligned<Row>(columns: readonly Measured<Row>[], width: number) {
  const widths = columns.map((one) => one.width);
  const flexible = columns.findIndex(({ column }) => column.flexible);
  const there = widths[flexible];
  const over = total(widths) - width;
  if (over > 0 && there !== undefined) widths[flexible] = Math.max(NARROWEST, there - over);
  const line = (texts: readonly string[]) =>
    texts
      .map((text, i) => fit(text, widths[i] ?? 0, columns[i]?.column.right ?? false))
      .join(GAP)
      .trimEnd();
  const rows = columns[0]?.cells.length ?? 0;
  return {
    head: bold(line(columns.map(({ column }) => column.title))),
    lines: Array.from({ length: rows }, (_, row) =>
      line(columns.map(({ cells }) => cells[row] ?? '')),
    ),
  };
}

function fit(text: string, width: number, right: boolean): string {
  const shown = cut(text, width);
  return right ? ' '.repeat(Math.max(0, width - widthOf(shown))) + shown : padded(shown, width);
}

/** A number in few characters: 4 significant digits, the true minus, NaN and infinities by name. */
export function short(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'number') return String(value);
  if (!Number.isFinite(value)) return String(value);
  const magnitude = Math.abs(value);
  const text =
    magnitude !== 0 && (magnitude < 1e-4 || magnitude >= 1e7)
      ? value.toExponential(3)
      : String(Number(value.toPrecision(magnitude >= 1000 ? 6 : 4)));
  return text.replace('-', '−');
}

/** An estimate, to two significant digits. */
export const rough = (value: number): string => short(Number(value.toPrecision(2)));

/** `+0.012`: an effect with its sign as measured. */
export const signed = (value: unknown): string =>
  typeof value === 'number' && value > 0 ? `+${short(value)}` : short(value);

/** `95 s`, `12.5 min`, `3.2 h`. */
export function duration(seconds: unknown): string {
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) return '';
  if (seconds < 100) return `${Number(seconds.toPrecision(3))} s`;
  if (seconds < 6000) return `${Number((seconds / 60).toPrecision(3))} min`;
  return `${Number((seconds / 3600).toPrecision(3))} h`;
}
