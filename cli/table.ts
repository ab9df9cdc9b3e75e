import { bold, dim, oneLine } from './output.ts';
import { cut, width as widthOf } from './view/text.ts';

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
  /** Of each cell: looked at once, for a list may have ten thousand. */
  readonly widths: readonly number[];
  /** Of the widest one, the title among them. */
  readonly width: number;
}

const measured = <Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
): readonly Measured<Row>[] =>
  columns.map((column) => {
    const cells = rows.map((row) => oneLine(column.cell(row)));
    const widths = cells.map(widthOf);
    let width = column.title.length;
    for (const one of widths) if (one > width) width = one;
    return { column, cells, widths, width };
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
  const lines = (columns[0]?.cells ?? []).map(() => '');
  let head = '';
  for (const [i, { column, cells, widths: taken }] of columns.entries()) {
    const room = widths[i] ?? 0;
    const right = column.right ?? false;
    const gap = i === 0 ? '' : GAP;
    head += gap + fit(column.title, widthOf(column.title), room, right);
    for (let row = 0; row < lines.length; row += 1)
      lines[row] += gap + fit(cells[row] ?? '', taken[row] ?? 0, room, right);
  }
  return { head: bold(head.trimEnd()), lines: lines.map((line) => line.trimEnd()) };
}

/** The text in so many columns; `taken` are those that it takes as it is. */
function fit(text: string, taken: number, width: number, right: boolean): string {
  if (taken > width) {
    const shown = cut(text, width);
    return fit(shown, widthOf(shown), width, right);
  }
  const blank = ' '.repeat(width - taken);
  return right ? blank + text : text + blank;
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
