import { rowId, type Cell, type Name, type Passage } from './passage.ts';
import { valueOf } from './told.ts';

/** Whose a cell is, by the sentence it stands in, and what the words beside it call it. */

/** Columns that only name something. */
const NAMING = new Set([
  'id',
  'title',
  'change',
  'experiment',
  'baseline',
  'night',
  'line',
  'parent',
  'hypothesis',
  'metric',
  'source',
  'kind',
]);
/** What an experiment has without any other: beside another's name it reads as that one's. */
const LEVEL =
  /^(?:dawn_)?(?:objective|baseline)$|^(?:n|dawn_n|spread|tier|value|seconds|peak_memory_mb)$/;
const EFFECT = /effect|difference/;

export function whose(passage: Passage): readonly string[] {
  return passage.cells.flatMap((cell) =>
    NAMING.has(cell.column) || belongs(cell, passage) ? [] : [problemOf(cell)],
  );
}

const problemOf = (cell: Cell): string => {
  const id = rowId(cell);
  return id === null
    ? `${cell.fact.shown} is no number of what the sentence names before it`
    : `${cell.fact.shown} is ${id}’s, which the sentence does not name right before it`;
};

function belongs(cell: Cell, passage: Passage): boolean {
  const id = rowId(cell);
  const { owner, last } = ownerAt(cell, passage);
  if (id === null || cell.index === null)
    return owner === null || !owner.startsWith('E-') || speaksOf(cell, owner);
  const named = owner ?? passage.names[0]?.id ?? null;
  if (named === null) return cell.of.rows.length < 2;
  if (cell.column.startsWith('difference')) return isOfPair(cell, named) && inOrder(cell, passage);
  const own = named === id || valueOf(cell.row, 'experiment') === named;
  return own && (last === null || last === named || !LEVEL.test(cell.column));
}

/** The name before the cell; of `E-0007 … on the baseline E-0000 …` E-0007, and E-0000 the last. */
function ownerAt(
  { at }: Cell,
  { names, found }: Passage,
): { readonly owner: string | null; readonly last: string | null } {
  let owner: Name | null = null;
  let last: Name | null = null;
  for (const name of names) {
    if (name.at >= at) break;
    last = name;
    const its = owner;
    const isItsOwn =
      its !== null &&
      found.some(({ rows }) =>
        rows.some(
          (row) =>
            valueOf(row, 'id') === its.id &&
            [...NAMING].some((column) => column !== 'id' && valueOf(row, column) === name.id),
        ),
      );
    if (!isItsOwn) owner = name;
  }
  return { owner: owner?.id ?? null, last: last === null || isPlace(last.id) ? null : last.id };
}

const isPlace = (id: string): boolean => id.startsWith('N-') || id.startsWith('H-');

/** A count about an experiment: it was asked for, or stands in the row. */
const speaksOf = ({ row, of }: Cell, id: string): boolean =>
  JSON.stringify(of.args).includes(id) || Object.values(row).some(({ value }) => value === id);

const isOfPair = ({ of }: Cell, id: string): boolean => {
  const { a, b } = of.args as { readonly a?: string; readonly b?: string };
  return id === a || id === b;
};

/** `X minus Y`: the difference is b minus a. */
function inOrder({ of }: Cell, { words, names }: Passage): boolean {
  const minus = words.search(/\bminus\b/);
  if (minus < 0) return true;
  return names.findLast(({ at }) => at < minus)?.id === (of.args as { readonly b?: string }).b;
}

/** Cells carry their units; behind them none is to be said. */
const UNIT =
  /^\s*((?:us |american )?(?:dollars?|euros?|cents?|seconds?|minutes?|hours?|days?|[kmg]i?b|megabytes?|gigabytes?|tokens?|points?|times|fold)\b)/;
const COUNTED = /^\s*(seeds?|runs?|experiments?|nights?|calls?|flags?|notes?)\b/;

/** `a loss of {{effect}}`, `an effect of {{objective}}`, `{{objective}} dollars`. */
export function called(passage: Passage): readonly string[] {
  const { words, cells } = passage;
  return cells.flatMap((cell) => {
    const behind = words.slice(cell.at + 3);
    const [, unit] = UNIT.exec(behind) ?? [];
    const [, many] = COUNTED.exec(behind) ?? [];
    const { shown, value } = cell.fact;
    const isCount =
      typeof value !== 'number' || (Number.isInteger(value) && !LEVEL.test(cell.column));
    return [
      ...(unit && !NAMING.has(cell.column) ? [`${shown} is not in ${unit}`] : []),
      ...(many && !isCount ? [`${shown} is no number of ${many}`] : []),
      ...(EFFECT.test(cell.column) && levelBefore(cell, passage)
        ? [`${shown} is an effect, and the sentence calls it a value`]
        : []),
      ...(/objective$|^value$/.test(cell.column) && EFFECT_BEFORE.test(words.slice(0, cell.at))
        ? [`${shown} is a value, and the sentence calls it an effect`]
        : []),
    ];
  });
}

const EFFECT_BEFORE =
  /\b(?:effect|gain|improvement|difference|improved|better|worse)(?: is| was| of| by| a)*\s*$/;
const BETWEEN = /^(?:\s*(?:of|at|is|was|=|:|to|now|a))*\s*$/;

function levelBefore({ at, row }: Cell, { words, cells }: Passage): boolean {
  const before = words.slice(0, at);
  const metric = cells.findLast((one) => one.at < at);
  if (metric?.column === 'metric' && BETWEEN.test(before.slice(metric.at + 3))) return true;
  const name = String(valueOf(row, 'metric') ?? '').toLowerCase();
  const said = name === '' ? -1 : before.lastIndexOf(name);
  if (said >= 0 && BETWEEN.test(before.slice(said + name.length))) return true;
  return /\b(?:at|reach(?:es|ed)|scor(?:es|ed)|ended (?:at|with)|objective|mean|loss)(?: of| is| was| a)*\s*$/.test(
    before,
  );
}
