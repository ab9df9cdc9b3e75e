import { bold, dim, print } from '../output.ts';
import { fitted, short } from '../table.ts';
import { counted } from '../words.ts';
import { footnotes, type Side, type Value } from './side.ts';

/** One or more than two sides next to each other. */

interface Line {
  readonly key: string;
  /** One for each side, null where it has none. */
  readonly values: readonly (Value | null)[];
}

const linesOf = (sides: readonly Side[], part: 'params' | 'metrics'): readonly Line[] =>
  [...new Set(sides.flatMap((side) => [...side[part].keys()]))].toSorted().map((key) => ({
    key,
    values: sides.map((side) => side[part].get(key) ?? null),
  }));

/** Values by the id of their side. */
export const asData = (sides: readonly Side[]) => {
  const byId = ({ key, values }: Line) => ({
    key,
    values: Object.fromEntries(sides.map(({ id }, i) => [id, values[i] ?? null])),
  });
  return {
    subjects: sides.map(({ id, n }) => ({ id, n })),
    params: linesOf(sides, 'params').map(byId),
    metrics: linesOf(sides, 'metrics').map(byId),
  };
};

export function printSides(sides: readonly Side[]): void {
  const params = linesOf(sides, 'params');
  const differ = params.filter(({ values }) => values.some((value) => value !== values[0]));
  print(bold(`parameters that differ (of ${params.length})`));
  printLines(differ, sides);
  print();
  const of = sides.map(({ id, n, unfinished }) => `${id} (${unfinished ?? counted(n, 'run')})`);
  print(bold(`metrics of ${of.join(', ')}`));
  printLines(linesOf(sides, 'metrics'), sides);
  for (const line of footnotes(sides)) print(dim(line));
}

function printLines(lines: readonly Line[], sides: readonly Side[]): void {
  const {
    head,
    lines: rows,
    left_out,
  } = fitted(
    [
      { title: '', cell: (line: Line) => line.key, flexible: true, importance: 100 },
      ...sides.map(({ id }, i) => ({
        ...{ title: id, right: true, importance: sides.length - i },
        cell: (line: Line) => short(line.values[i]),
      })),
    ],
    lines,
  );
  print([head, ...rows].join('\n'));
  if (lines.length === 0) print(dim('(none)'));
  if (left_out.length > 0) print(dim(`no room for: ${left_out.join(', ')}`));
}
