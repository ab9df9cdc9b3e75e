import { isNegated, placesAt, placesOf, subjectAt, type Passage, type Place } from './passage.ts';
import { gainOf, valueOf } from './told.ts';

/** `better`, `hurts`, `lower`: what an effect says, and of two experiments their difference. */

interface Way {
  readonly pattern: RegExp;
  readonly sign: 1 | -1;
  /** By the objective's direction; false: by the number as it stands. */
  readonly gain: boolean;
}
const WAYS: readonly Way[] = [
  {
    pattern: /\b(?:improv\w*|better|gain\w*|help\w*|outperform\w*|beats?|wins?|won|superior)\b/g,
    sign: 1,
    gain: true,
  },
  {
    pattern:
      /\b(?:wors[et]\w*|hurts?|hurting|degrad\w*|harm\w*|regress\w*|beaten|loses|inferior)\b/g,
    sign: -1,
    gain: true,
  },
  {
    pattern: /\b(?:lower\w*|decreas\w*|reduc\w*|fell|falls|dropp?\w*|shrank|smaller|below)\b/g,
    sign: -1,
    gain: false,
  },
  {
    pattern: /\b(?:higher|increas\w*|rose|rises|rais\w*|grew|larger|greater|above)\b/g,
    sign: 1,
    gain: false,
  },
];

export const directions = (passage: Passage): readonly string[] =>
  WAYS.flatMap((way) =>
    [...passage.words.matchAll(way.pattern)].flatMap(({ 0: word, index }) =>
      isSaid(passage, word, index, way)
        ? []
        : [
            `“${word}” is not what an effect in the sentence says${others(passage, index).length === 0 ? '' : ': of two experiments only their difference counts, in the order of their names'}`,
          ],
    ),
  );

function isSaid(passage: Passage, word: string, at: number, { sign, gain }: Way): boolean {
  const { cells } = passage;
  const places = placesAt(passage, at);
  if (cells.some(({ column }) => column === word)) return true;
  if (places.some(({ row }) => valueOf(row, 'verdict') === word)) return true;
  const negated = isNegated(passage, at);
  const right = effectsAt(passage, at, places, gain).some((value) =>
    negated ? value * sign <= 0 : value * sign > 0,
  );
  if (right || !negated) return right;
  const open = places.some(
    ({ row }) => row['dawn_confirmed'] !== undefined && valueOf(row, 'dawn_confirmed') !== true,
  );
  return cells.some(({ of }) => of.rows.length === 0) || (open && sign > 0);
}

const isExperiment = (id: string): boolean => /^E-\d+$/.test(id);

/** The other experiments of the sentence, the one behind the word first. */
function others({ names, ...passage }: Passage, at: number): readonly string[] {
  const subject = subjectAt({ names, ...passage }, at);
  return [...names.filter((name) => name.at > at), ...names.filter((name) => name.at < at)]
    .map(({ id }) => id)
    .filter((id) => isExperiment(id) && id !== subject);
}

function effectsAt(
  passage: Passage,
  at: number,
  places: readonly Place[],
  gain: boolean,
): readonly number[] {
  const [other] = others(passage, at);
  const subject = subjectAt(passage, at);
  if (other !== undefined && subject !== null)
    return betweenTwo(placesOf(passage.found), subject, other, gain);
  const cited = new Set(passage.cells.map(({ column }) => column));
  const columns = ['effect', 'dawn_effect', 'effect_on_parent', 'difference'].filter((column) =>
    cited.has(column),
  );
  return places.flatMap(({ row }) =>
    (columns.length === 0 ? ['effect'] : columns).flatMap((column) => one(row, column, gain)),
  );
}

const one = (row: Place['row'], column: string, gain: boolean): readonly number[] => {
  const value = gain ? gainOf(row, column) : valueOf(row, column);
  return typeof value === 'number' ? [value] : [];
};

/** `a` minus `b`, as a comparison says it, or as the effect on the other as baseline or parent. */
function betweenTwo(
  places: readonly Place[],
  a: string,
  b: string,
  gain: boolean,
): readonly number[] {
  const of = (x: string, y: string): readonly number[] =>
    places.flatMap(({ row, of: { args } }) => {
      if (valueOf(row, 'id') !== x) return [];
      const compared = (args as { readonly a?: string }).a === y;
      return [
        ...(compared ? one(row, 'difference', gain) : []),
        ...(valueOf(row, 'baseline') === y ? one(row, 'effect', gain) : []),
        ...(valueOf(row, 'parent') === y ? one(row, 'effect_on_parent', gain) : []),
      ];
    });
  return [...of(a, b), ...of(b, a).map((value) => -value)];
}
