import type { ExperimentId } from '../../orchestrator/domain/ids.ts';
import type { Axis } from './axis.ts';
import { inWords } from './findings.ts';
import { oneLine } from './markdown.ts';
import { MARKS, markOf } from './marks.ts';
import { plain } from './numbers.ts';
import type { NightRecord } from './records.ts';
import { label, tag, titled } from './svg.ts';

/** The parts of the picture, each a list of SVG elements. Lengths are in its own units. */

export const [WIDTH, HEIGHT] = [960, 500];
export const PLOT = { left: 78, right: WIDTH - 96, top: 92, bottom: HEIGHT - 92 } as const;
/** Where failures are marked: under the plot, off the scale. */
const FAILED_AT = PLOT.bottom + 22;
const CHARACTER = 6.3;

export interface Point {
  readonly id: ExperimentId;
  readonly kind: string;
  readonly change: string;
  readonly n: number;
  /** Null where no run gave a usable number. */
  readonly mean: number | null;
  readonly spread: number | null;
  readonly x: number;
}

/** The mean less and plus so many standard deviations; empty without a mean. */
export const ends = (point: Point | undefined, deviations = 1): number[] => {
  if (!point || point.mean === null) return [];
  const reach = deviations * (point.spread ?? 0);
  return [point.mean - reach, point.mean + reach];
};

type Place = (value: number) => number;

export function frame(axis: Axis, y: Place, { night }: NightRecord): string[] {
  const middle = (PLOT.top + PLOT.bottom) / 2;
  return [
    ...axis.ticks.flatMap(({ value, label: text }) => [
      tag('line', { class: 'grid', x1: PLOT.left, x2: PLOT.right, y1: y(value), y2: y(value) }),
      label(
        { class: 'dim', x: PLOT.left - 8, y: y(value) + 4, 'text-anchor': 'end', 'font-size': 12 },
        text,
      ),
    ]),
    label(
      {
        class: 'ink',
        x: 20,
        y: middle,
        'text-anchor': 'middle',
        'font-size': 13,
        transform: `rotate(-90 20 ${middle})`,
      },
      oneLine(night.row.metric, 40),
    ),
    tag('line', { class: 'axis', x1: PLOT.left, x2: PLOT.right, y1: PLOT.bottom, y2: PLOT.bottom }),
  ];
}

export function baselineBand(
  base: Point | undefined,
  axis: Axis,
  y: Place,
  record: NightRecord,
): string[] {
  if (!base || base.mean === null) return [];
  const [low = 0, high = 0] = ends(base).map((end) => Math.min(axis.high, Math.max(axis.low, end)));
  return [
    tag('rect', {
      class: 'band',
      x: PLOT.left,
      width: PLOT.right - PLOT.left,
      y: y(high),
      height: y(low) - y(high),
    }),
    tag('line', {
      class: 'baseline',
      x1: PLOT.left,
      x2: PLOT.right,
      y1: y(base.mean),
      y2: y(base.mean),
    }),
    ...sideLabel(`baseline`, base.mean, 'base-ink', y, record, 0),
  ];
}

/** A value named at the right end of its line; `shift` keeps two of them apart. */
const sideLabel = (
  name: string,
  value: number,
  kind: string,
  y: Place,
  record: NightRecord,
  shift: number,
): string[] => [
  label(
    { class: `${kind} strong`, x: PLOT.right + 6, y: y(value) - 2 + shift, 'font-size': 12 },
    name,
  ),
  label(
    { class: kind, x: PLOT.right + 6, y: y(value) + 12 + shift, 'font-size': 12 },
    plain(value, record.decimals),
  ),
];

export function bestLine(best: readonly Point[], y: Place, record: NightRecord): string[] {
  const [first, ...steps] = best;
  const last = best.at(-1);
  if (!first || first.mean === null || !last || last.mean === null || steps.length === 0) return [];
  const path = steps.map(
    ({ x, mean }) => `H${Number(x.toFixed(2))}V${Number(y(mean ?? 0).toFixed(2))}`,
  );
  const apart = y(last.mean) - y(first.mean);
  const shift = Math.abs(apart) < 30 ? Math.sign(apart || 1) * 30 - apart : 0;
  return [
    tag('path', {
      class: 'best',
      d: `M${Number(first.x.toFixed(2))} ${Number(y(first.mean).toFixed(2))}${path.join('')}H${PLOT.right}`,
    }),
    ...sideLabel('best', last.mean, 'good-ink', y, record, shift),
  ];
}

export function drawn(point: Point, axis: Axis, y: Place, record: NightRecord): string {
  const mark = markOf(point.kind);
  const hover = [point.id, point.change, inWords(point.kind)]
    .filter((part) => part !== '')
    .join(' · ');
  if (point.mean === null || point.kind === 'failed')
    return titled(hover, {}, mark.draw(point.x, FAILED_AT));
  const value = plain(point.mean, record.decimals);
  const told = `${hover} · ${value} (${point.n === 1 ? 'one seed' : `${point.n} seeds`})`;
  if (point.mean > axis.high || point.mean < axis.low)
    return clipped(point, point.mean > axis.high, value, told);
  const bar = point.spread === null ? [] : errorBar(point.x, ends(point), axis, y);
  return titled(told, {}, ...bar, mark.draw(point.x, y(point.mean)));
}

/** Beyond the axis: an arrow at its edge, with the value. */
function clipped({ x }: Point, above: boolean, value: string, told: string): string {
  const [edge, way] = above ? [PLOT.top + 4, -1] : [PLOT.bottom - 4, 1];
  const at = Number(x.toFixed(2));
  return titled(
    told,
    {},
    tag('path', {
      class: 'warm line',
      d: `M${at} ${edge - way * 14}V${edge}m-4 ${-way * 5}L${at} ${edge}l4 ${-way * 5}`,
    }),
    label(
      { class: 'dim halo', x, y: edge - way * 26 + 4, 'text-anchor': 'middle', 'font-size': 11 },
      value,
    ),
  );
}

function errorBar(x: number, range: readonly number[], axis: Axis, y: Place): string[] {
  const [low = 0, high = 0] = range.map((end) => y(Math.min(axis.high, Math.max(axis.low, end))));
  return [tag('line', { class: 'bar', x1: x, x2: x, y1: low, y2: high })];
}

/**
 * What each step of the running best changed, on the side where the line does not run. The latest
 * steps come first: where there is no room, the older ones stay without a label.
 */
export function stepLabels(
  best: readonly Point[],
  y: Place,
  { objective }: NightRecord,
): readonly string[] {
  const below = objective.direction === 'minimize';
  const taken: { readonly left: number; readonly right: number; readonly at: number }[] = [];
  return best
    .slice(1)
    .toReversed()
    .flatMap(({ x, mean, spread, change }) => {
      const text = oneLine(change, 34);
      const reach = Math.abs(y(mean ?? 0) - y((mean ?? 0) + (spread ?? 0)));
      const at = y(mean ?? 0) + (below ? Math.max(reach, 8) + 15 : -Math.max(reach, 8) - 7);
      const half = (text.length * CHARACTER) / 2;
      const middle = Math.min(PLOT.right - half, Math.max(PLOT.left + half, x));
      const box = { left: middle - half - 6, right: middle + half + 6, at };
      const crowded = taken.some(
        (other) => other.left < box.right && box.left < other.right && Math.abs(other.at - at) < 15,
      );
      if (crowded) return [];
      taken.push(box);
      const place = { x: middle, y: at, 'text-anchor': 'middle', 'font-size': 11.5 };
      return label({ class: 'good-ink halo', ...place }, text);
    });
}

/** Ids under the axis, as many as there is room for; and the name of the row of failures. */
export function names(points: readonly Point[]): string[] {
  const room = (PLOT.right - PLOT.left) / Math.max(1, points.length);
  const every = Math.max(1, Math.ceil((6.5 * CHARACTER) / room));
  const shown = points.filter((_, i) => i % every === 0);
  return [
    label(
      { class: 'dim', x: PLOT.left - 8, y: FAILED_AT + 4, 'text-anchor': 'end', 'font-size': 12 },
      'no value',
    ),
    ...shown.map(({ x, id }) =>
      label({ class: 'dim', x, y: PLOT.bottom + 54, 'text-anchor': 'middle', 'font-size': 11 }, id),
    ),
    label(
      {
        class: 'ink',
        x: (PLOT.left + PLOT.right) / 2,
        y: HEIGHT - 14,
        'text-anchor': 'middle',
        'font-size': 13,
      },
      'experiments, in the order they were opened',
    ),
  ];
}

export function legend(points: readonly Point[], hasBest: boolean): string {
  const kinds = new Set(points.map(({ kind }) => kind));
  let x = 30;
  const entries = Object.entries(MARKS)
    .filter(([kind]) => kinds.has(kind))
    .map(([, mark]) => {
      const entry =
        mark.draw(x, 74) + label({ class: 'ink', x: x + 11, y: 78, 'font-size': 12 }, mark.name);
      x += 34 + mark.name.length * 6.6;
      return entry;
    });
  const line = tag('line', { class: 'best', x1: x - 5, x2: x + 15, y1: 74, y2: 74 });
  const best = hasBest
    ? [
        line,
        label({ class: 'ink', x: x + 21, y: 78, 'font-size': 12 }, 'running best (replicated)'),
      ]
    : [];
  return tag('g', {}, ...entries, ...best);
}
