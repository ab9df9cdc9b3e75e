import { type Fact, type Sentence } from '../fact.ts';
import type { FactRow, Found } from './tool.ts';

/** A sentence of a draft as the rules read it: its words, its cells, and the names in it. */

export interface Passage {
  /** In lower case, a gap for each fact and each known id. */
  readonly words: string;
  readonly cells: readonly Cell[];
  readonly names: readonly Name[];
  readonly found: readonly Found[];
}
/** A row of a call, or its whole. */
export interface Place {
  readonly row: FactRow;
  /** Place among the call's rows; null for the whole. */
  readonly index: number | null;
  readonly of: Found;
}
export interface Cell extends Place {
  readonly fact: Fact;
  readonly column: string;
  /** Where in the words its gap begins. */
  readonly at: number;
}
/** An id that the sentence says, by a placeholder or written out. */
export interface Name {
  readonly id: string;
  readonly at: number;
}

const GAP = ' ¤ ';
const ID = /\b(?:[EHN]-\d{4,}(?:\.\d+)?|R-\d{4,})/gi;
/** Turns of speech that say no number and no direction. */
const IDLE = /\b95 % interval\b|\b(?:lower|higher) is better\b/g;
/** Columns that stand for their row. */
const OWN = new Set(['id', 'title', 'change']);

export function passagesIn(
  sentences: readonly Sentence[],
  found: readonly Found[],
): readonly Passage[] {
  const places = placesOf(found);
  const known = new Set(places.flatMap(({ row }) => Object.values(row).flatMap(idsIn)));
  return sentences.map((sentence) => passageOf(sentence, places, known, found));
}

export const placesOf = (found: readonly Found[]): readonly Place[] =>
  found.flatMap((of) => [
    ...of.rows.map((row, index) => ({ row, index, of })),
    ...(of.whole ? [{ row: of.whole, index: null, of }] : []),
  ]);

const idsIn = ({ value }: Fact): readonly string[] =>
  typeof value === 'string' ? (value.match(ID) ?? []) : [];

function passageOf(
  sentence: Sentence,
  places: readonly Place[],
  known: ReadonlySet<string>,
  found: readonly Found[],
): Passage {
  let words = '';
  const cells: Cell[] = [];
  const names: Name[] = [];
  for (const part of sentence) {
    if (typeof part !== 'string') {
      const cell = cellOf(part, places, words.length);
      const id = cell && nameIn(cell);
      if (cell) cells.push(cell);
      if (id) names.push({ id, at: words.length });
      words += GAP;
      continue;
    }
    let from = 0;
    for (const { 0: id, index } of part.matchAll(ID)) {
      if (!known.has(id.toUpperCase())) continue;
      words += plain(part.slice(from, index));
      names.push({ id: id.toUpperCase(), at: words.length });
      words += GAP;
      from = index + id.length;
    }
    words += plain(part.slice(from));
  }
  return { words: words.replace(IDLE, (turn) => ' '.repeat(turn.length)), cells, names, found };
}

const plain = (words: string): string => words.toLowerCase().replaceAll('’', "'");

function cellOf(fact: Fact, places: readonly Place[], at: number): Cell | null {
  for (const place of places)
    for (const [column, one] of Object.entries(place.row))
      if (one === fact) return { ...place, fact, column, at };
  return null;
}

/** `{{q1.r0.title}}` names its row, `{{q1.r0.baseline}}` the baseline. */
function nameIn({ column, fact, row }: Cell): string | null {
  const value = OWN.has(column) ? row['id']?.value : fact.value;
  return typeof value === 'string' && new RegExp(`^${ID.source}$`).test(value) ? value : null;
}

export const rowId = ({ row }: Place): string | null => {
  const id = row['id']?.value;
  return typeof id === 'string' ? id : null;
};

/** What a word there is said of: the last name before it, else the first one behind it. */
export function subjectAt({ names }: Passage, at: number): string | null {
  return (names.findLast((name) => name.at < at) ?? names[0])?.id ?? null;
}

/** The rows that a word there is about; of a sentence that names none, those of its cells. */
export function placesAt(passage: Passage, at: number): readonly Place[] {
  const subject = subjectAt(passage, at);
  if (subject === null || !subject.startsWith('E-')) return passage.cells;
  return placesOf(passage.found).filter((place) => rowId(place) === subject);
}

/** A negation just before a word is meant for it; further off, or behind a comma, it is not. */
const NEGATION =
  /\b(?:not(?! (?:only|merely|just|simply))|no|none|nothing|never|neither|nor|without|cannot|nobody)\b|n't\b/g;
const REACH = 4;

export function isNegated({ words }: Passage, at: number): boolean {
  const clause =
    words
      .slice(0, at)
      .split(/[,;:()—–]|\b(?:but|and|or)\b/)
      .at(-1) ?? '';
  const near = clause.trim().split(/\s+/).slice(-REACH).join(' ');
  // Two of them are none.
  return (near.match(NEGATION) ?? []).length % 2 === 1;
}
