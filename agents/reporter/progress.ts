import { axisFor } from './axis.ts';
import {
  baselineBand,
  bestLine,
  drawn,
  ends,
  frame,
  HEIGHT,
  legend,
  names,
  PLOT,
  stepLabels,
  WIDTH,
  type Point,
} from './drawing.ts';
import { oneLine } from './markdown.ts';
import { plain } from './numbers.ts';
import { betterWay } from './phrases.ts';
import type { NightRecord } from './records.ts';
import { label, tag, xml } from './svg.ts';
import { STYLE } from './theme.ts';

/**
 * experiments/progress.svg: every experiment's objective in order, the baseline with its spread,
 * and the running best. Deterministic; what failed or is not finite never moves the axis.
 */

/** Draws a night. */
export function progressSvg(record: NightRecord): string {
  const points = pointsOf(record);
  const best = runningBest(record, points);
  const base = points.find(({ kind }) => kind === 'baseline');
  // Three deviations around the baseline: its noise shows as noise, however little was found.
  const always = [...ends(base, 3), ...best.flatMap((point) => ends(point))];
  const axis = axisFor(
    points.flatMap(({ mean }) => mean ?? []),
    always,
  );
  const y = (value: number): number =>
    PLOT.bottom - ((value - axis.low) / (axis.high - axis.low)) * (PLOT.bottom - PLOT.top);
  const off = points.some(({ mean }) => mean !== null && (mean < axis.low || mean > axis.high));
  const arrows = off ? ' Arrows: off the scale.' : '';
  const { project, metric, id } = record.night.row;
  const title = `${oneLine(project, 40)}: ${oneLine(metric, 40)} of every experiment`;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-labelledby="title desc">`,
    tag('title', { id: 'title' }, xml(title)),
    tag('desc', { id: 'desc' }, xml(described(record, points, best))),
    `<style>${STYLE}</style>`,
    tag('rect', { class: 'paper', width: WIDTH, height: HEIGHT, rx: 8 }),
    label({ class: 'ink strong', x: 24, y: 34, 'font-size': 17 }, title),
    label(
      { class: 'dim', x: 24, y: 54, 'font-size': 12.5 },
      `Night ${id}; ${betterWay(record)}. Bars: ± standard deviation over seeds.${arrows}`,
    ),
    legend(points, best.length > 1),
    ...frame(axis, y, record),
    ...baselineBand(base, axis, y, record),
    ...bestLine(best, y, record),
    ...stepLabels(best, y, record),
    ...points.map((point) => drawn(point, axis, y, record)),
    ...names(points),
    '</svg>',
  ].join('\n')}\n`;
}

function pointsOf(record: NightRecord): readonly Point[] {
  // An arm of dawn that leaves a change out is no step of the search.
  const all = [...record.experiments.values()].filter(({ row }) => row.left_out === null);
  const room = PLOT.right - PLOT.left;
  return all.map(({ row }, i) => {
    const arm = record.arms.get(row.id)?.row;
    return {
      id: row.id,
      kind: row.id === row.baseline ? 'baseline' : (row.verdict ?? 'under_way'),
      change: Object.entries(row.change)
        .map(([knob, value]) => `${knob}=${value}`)
        .join(', '),
      ...{ n: arm?.n ?? 0, mean: arm?.mean ?? null, spread: arm?.spread ?? null },
      x: PLOT.left + (room * (i + 0.5)) / all.length,
    };
  });
}

/** From the baseline through what replicated: a single lucky run never carries the line. */
function runningBest({ objective }: NightRecord, points: readonly Point[]): readonly Point[] {
  const base = points.find(({ kind, mean }) => kind === 'baseline' && mean !== null);
  if (!base) return [];
  const best = [base];
  for (const point of points) {
    if (point.kind !== 'promising' && point.kind !== 'improved') continue;
    // Of a deterministic script one run settles it, for the baseline as for the candidate.
    const present = best.at(-1)?.mean;
    if (point.n < Math.min(3, base.n) || point.mean === null || typeof present !== 'number')
      continue;
    if (objective.direction === 'minimize' ? point.mean < present : point.mean > present)
      best.push(point);
  }
  return best;
}

function described(record: NightRecord, points: readonly Point[], best: readonly Point[]): string {
  const [base, last] = [best[0], best.at(-1)];
  const failed = points.filter(({ mean }) => mean === null).length;
  const value = (point: Point | undefined) =>
    point?.mean == null ? 'unknown' : plain(point.mean, record.decimals);
  return `${points.length} experiments in order, ${failed} without a value. Baseline ${value(base)}; replicated best ${value(last)} (${last?.id ?? 'none'}).`;
}
