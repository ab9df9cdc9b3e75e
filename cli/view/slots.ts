import type { Night } from '../../orchestrator/domain/state.ts';
import { slotsOf, type Slot } from '../../orchestrator/lab/status.ts';
import type { Curve } from '../../notebook/live-curve.ts';
import { oneLine } from '../output.ts';
import { short } from '../table.ts';
import type { Picture } from './picture.ts';
import { span } from './sections.ts';
import { spark, squeezed } from './spark.ts';
import { cut, lineWidth, padded, spread, type Line, type Look } from './text.ts';

/** What each slot tries, how long it has been at it, and how its numbers go. */

type Eyes = Pick<Look, 'unicode'>;

const CURVE_IN_LINE = 12;
const METRIC = 24;

/** One line per slot, or two: the second is the curve. */
export function slotLines(
  { state, now, curves }: Picture,
  night: Night,
  columns: number,
  look: Eyes,
  each: 1 | 2,
): readonly Line[] {
  const slots = slotsOf(state, night, now, !night.ended);
  const number = String(slots.length).length;
  const details = aligned(slots.map(columns < 70 ? briefly : wholly));
  return slots.flatMap((slot, i): Line[] => {
    const head = ` ${String(slot.slot).padStart(number)}  `;
    if (slot.run === null) {
      const idle: Line = [head, { text: night.stopping ? 'done' : 'waits for work', tone: 'dim' }];
      return each === 1 ? [idle] : [idle, []];
    }
    const left: Line = [head, { text: slot.run, tone: 'bold' }, `  ${oneLine(slot.title ?? '')}`];
    const right: Line = [{ text: details[i] ?? '', tone: 'dim' }];
    const curve = curves.get(slot.run);
    if (each === 2) return [spread(left, right, columns), own(curve, head.length, columns, look)];
    return [spread(left, [...inLine(curve, columns, look), ...right], columns)];
  });
}

function wholly(slot: Slot): readonly string[] {
  return [slot.purpose ?? '', slot.seed === null ? '' : `seed ${slot.seed}`, ...briefly(slot)];
}

function briefly({ seconds, expected_seconds }: Slot): readonly string[] {
  if (seconds === null) return [''];
  return [
    expected_seconds === null
      ? span(seconds)
      : `${span(seconds)} of about ${span(expected_seconds)}`,
  ];
}

/** Cells under each other: columns as wide as their widest. */
function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) => row.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('  '));
}

/** The curve in a line of its own: as wide as there is room. */
function own(curve: Curve | undefined, indent: number, columns: number, look: Eyes): Line {
  const space = ' '.repeat(indent);
  if (!curve) return [space, { text: 'no numbers yet', tone: 'dim' }];
  const said = `${cut(oneLine(curve.metric), METRIC)} ${padded(short(curve.last), 6)}`;
  const step = curve.step === null ? '' : `  step ${short(curve.step)}`;
  const right: Line = [
    { text: said, tone: 'dim' },
    { text: step, tone: 'dim' },
  ];
  const room = columns - indent - lineWidth(right) - 2;
  return spread([space, spark(squeezed(curve.values, room), look)], right, columns);
}

function inLine(curve: Curve | undefined, columns: number, look: Eyes): Line {
  if (columns < 60) return [];
  if (!curve) return [' '.repeat(CURVE_IN_LINE + 1 + 8)];
  const drawn = spark(squeezed(curve.values, CURVE_IN_LINE), look);
  return [padded(drawn, CURVE_IN_LINE), ` ${padded(cut(short(curve.last), 6), 6)}  `];
}
