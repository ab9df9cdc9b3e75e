import { bold, dim, oneLine } from './output.ts';

export interface TableColumn<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Numbers stand to the right. */
  readonly right?: boolean;
  /** The column that gives way when the terminal is narrow; one per table. */
  readonly flexible?: boolean;
}

const GAP = '  ';
const NARROWEST = 12;

/** Rows as aligned columns no wider than `width` characters (the terminal's; unlimited in a pipe). */
export function table<Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
  width: number = process.stdout.columns ?? Number.POSITIVE_INFINITY,
): string {
  const cells = rows.map((row) => columns.map((column) => oneLine(column.cell(row))));
  const widths = columns.map((column, i) =>
    Math.max(column.title.length, ...cells.map((line) => [...(line[i] ?? '')].length)),
  );
  const total = widths.reduce((sum, w) => sum + w, 0) + GAP.length * (columns.length - 1);
  const flexible = columns.findIndex((column) => column.flexible);
  const there = widths[flexible];
  if (total > width && there !== undefined)
    widths[flexible] = Math.max(NARROWEST, there - (total - width));
  const line = (texts: readonly string[]) =>
    texts
      .map((text, i) => fit(text, widths[i] ?? 0, columns[i]?.right ?? false))
      .join(GAP)
      .trimEnd();
  const head = bold(line(columns.map((column) => column.title)));
  return [head, ...cells.map(line)].join('\n') + (rows.length === 0 ? `\n${dim('(none)')}` : '');
}

function fit(text: string, width: number, right: boolean): string {
  const characters = [...text];
  const cut = characters.length > width ? `${characters.slice(0, width - 1).join('')}…` : text;
  return right ? cut.padStart(width) : cut.padEnd(width);
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
