import { tag } from './svg.ts';

/** One mark per verdict: told apart by shape as well as by colour. */

export interface Mark {
  readonly name: string;
  readonly draw: (x: number, y: number) => string;
}

const R = 5.5;

const polygon =
  (kind: string, points: readonly (readonly [number, number])[]) => (x: number, y: number) =>
    tag('polygon', {
      class: kind,
      points: points
        .map(([dx, dy]) => `${Number((x + dx).toFixed(2))},${Number((y + dy).toFixed(2))}`)
        .join(' '),
    });

const star = Array.from({ length: 10 }, (_, i): readonly [number, number] => {
  const [radius, angle] = [i % 2 === 0 ? 10 : 4.4, (i * Math.PI) / 5 - Math.PI / 2];
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
});

const circle = (kind: string, r: number) => (x: number, y: number) =>
  tag('circle', { class: kind, cx: x, cy: y, r });
const strokes = (kind: string, d: (x: number, y: number) => string) => (x: number, y: number) =>
  tag('path', { class: kind, d: d(Number(x.toFixed(2)), Number(y.toFixed(2))) });

const CROSS = strokes('bad line', (x, y) => `M${x - 5} ${y - 5}l10 10m0 -10l-10 10`);

export const MARKS: Readonly<Record<string, Mark>> = {
  baseline: { name: 'baseline', draw: circle('base', R) },
  improved: { name: 'improved', draw: polygon('good', star) },
  promising: {
    name: 'promising',
    draw: polygon('good', [
      [0, -7.5],
      [7.5, 0],
      [0, 7.5],
      [-7.5, 0],
    ]),
  },
  inconclusive: { name: 'inconclusive', draw: circle('open', R - 0.5) },
  no_difference: {
    name: 'no difference',
    draw: polygon('calm', [
      [-4.5, -4.5],
      [4.5, -4.5],
      [4.5, 4.5],
      [-4.5, 4.5],
    ]),
  },
  worse: {
    name: 'worse',
    draw: polygon('warm', [
      [-6, -5],
      [6, -5],
      [0, 6],
    ]),
  },
  pruned: { name: 'pruned', draw: strokes('dim line', (x, y) => `M${x - 5} ${y}h10`) },
  failed: { name: 'failed', draw: CROSS },
  invalid: {
    name: 'invalid',
    draw: strokes('bad line', (x, y) => `M${x - 5} ${y - 5}h10v10h-10zl10 10`),
  },
  under_way: { name: 'under way', draw: circle('open dotted', R - 0.5) },
};

export const markOf = (verdict: string): Mark =>
  MARKS[verdict] ?? { name: verdict, draw: circle('open', R - 0.5) };
