import { short } from '../table.ts';
import { scaleOf, type Scale } from '../view/spark.ts';
import { counted } from '../words.ts';

/** Curves as characters: steps to the right, values up. */

export interface Series {
  readonly name: string;
  /** By step, ascending; values may be NaN or infinite. */
  readonly points: readonly { readonly step: number; readonly value: number }[];
}

const MARKS = ['●', '○', '△', '□'] as const;
const ASCII_MARKS = ['*', 'o', '^', '#'] as const;
const ROWS = 8;
const NARROWEST = 20;
const WIDEST = 72;

/** Room for a picture, and whether it may hold more than ASCII. */
export interface Canvas {
  readonly columns: number;
  readonly unicode: boolean;
}

/**
 * Up to four series on common axes; a cell that two of them meet in is the first one's. What lies
 * far outside is drawn at the edge, as in `spark`. Empty where no series has two finite values.
 */
export function plot(series: readonly Series[], { columns, unicode }: Canvas): string {
  const shown = series.slice(0, MARKS.length).map(finiteOf);
  if (!shown.some(({ points }) => points.length > 1)) return '';
  const all = shown.flatMap(({ points }) => points);
  const values = scaleOf(all.map(({ value }) => value));
  const steps = endsOf(all.map(({ step }) => step));
  const [top, bottom] = [short(values.high), short(values.low)];
  const margin = Math.max(top.length, bottom.length) + 2;
  const width = Math.max(NARROWEST, Math.min(WIDEST, columns - margin - 1));
  const marks = unicode ? MARKS : ASCII_MARKS;
  const lines = drawn(shown, marks, { values, steps, width }).map((row, y) => {
    const label = y === 0 ? top : y === ROWS - 1 ? bottom : '';
    return `${label.padStart(margin - 1)} ${unicode ? '│' : '|'}${row}`.trimEnd();
  });
  const first = `step ${steps.low}`;
  const below = [
    `${first}${String(steps.high).padStart(Math.max(2, width - first.length))}`,
    ...shown.map(({ name, lost }, i) => `${marks[i]} ${name}${lost}`),
  ];
  return [
    ...lines,
    `${' '.repeat(margin)}${unicode ? `└${'─'.repeat(width)}` : `+${'-'.repeat(width)}`}`,
    ...below.map((line) => `${' '.repeat(margin + 1)}${line}`),
  ].join('\n');
}

interface Axes {
  readonly values: Scale;
  readonly steps: Scale;
  readonly width: number;
}

/** A row of characters for each height, the highest first. */
function drawn(
  shown: readonly Pick<Series, 'points'>[],
  marks: readonly string[],
  { values, steps, width }: Axes,
): readonly string[] {
  const cells = Array.from({ length: ROWS }, () => Array.from({ length: width }, () => ' '));
  for (const [i, { points }] of [...shown.entries()].toReversed())
    for (const { step, value } of points) {
      const row = cells[ROWS - 1 - place(value, values, ROWS)];
      if (row) row[place(step, steps, width)] = marks[i] ?? ' ';
    }
  return cells.map((row) => row.join(''));
}

/** Its finite values, and a word on the others. */
function finiteOf({ name, points }: Series) {
  const finite = points.filter(({ value }) => Number.isFinite(value));
  const lost = points.length - finite.length;
  return {
    ...{ name, points: finite },
    lost: lost === 0 ? '' : ` (${counted(lost, 'value')} not finite)`,
  };
}

/** Not by `Math.min(...all)`: a curve may have more points than a call takes arguments. */
const endsOf = (steps: readonly number[]): Scale => ({
  low: steps.reduce((a, b) => Math.min(a, b), Infinity),
  high: steps.reduce((a, b) => Math.max(a, b), -Infinity),
});

/** Which of so many places between two ends, both included. */
function place(value: number, { low, high }: Scale, places: number): number {
  const share = high === low ? 0.5 : (value - low) / (high - low);
  return Math.min(places - 1, Math.max(0, Math.round(share * (places - 1))));
}
