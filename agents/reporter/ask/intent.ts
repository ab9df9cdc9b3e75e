import type { Sentence } from '../fact.ts';
import type { Kind } from './lexicon.ts';
import type { Question } from './reading.ts';
import type { Scope } from './sql.ts';
import type { Found } from './tool.ts';
import type { Call } from './tools.ts';

/** A kind of question that is understood without a model. */
export interface Intent {
  readonly name: Kind;
  /** One of its questions, for the documentation. */
  readonly like: string;
  /** Whether the question is of this kind, by its words. */
  readonly when: (question: Question) => boolean;
  /** How many experiments it is about: named, or meant by `it` or `the best`. */
  readonly needs?: 1 | 2;
  readonly calls: (question: Question) => readonly Call[];
  /** What else it takes in of this question: a phrase of it, read as a whole. */
  readonly takes?: (question: Question) => string;
  /** The answer; `found` are the calls' rows, in their order. */
  readonly tells: (found: readonly Found[], question: Question) => readonly Sentence[];
}

export const saying =
  (pattern: RegExp) =>
  ({ said }: Question): boolean =>
    pattern.test(said);

/** The night or the days that a question is about. */
export function scopeOf({ said, nights, periods }: Question): Scope {
  const last = /\b(?:last|latest|newest|recent|this|the) night\b|\btonight\b|\bovernight\b/.test(
    said,
  )
    ? 'last'
    : null;
  return { night: nights[0] ?? last, when: periods[0] ?? null };
}

/** Where in the ranking: `the second best` leaves one out. */
export const skipIn = ({ said }: Question): number => {
  const at = ['second', 'third', 'fourth', 'fifth'].findIndex((word) =>
    new RegExp(`\\b${word}\\b`).test(said),
  );
  return at + 1;
};

const RANK =
  /\b(?:best|worst|top|winner|winners|won|leading|leader|incumbent|most promising|(?:biggest|largest|greatest) (?:gain|improvement|effect)|lowered .* most)\b/;
export const ranks = ({ said, extreme }: Pick<Question, 'said' | 'extreme'>): boolean =>
  RANK.test(said) || extreme !== null;
export const VERDICT =
  /\b(improved|promising|worse|no difference|inconclusive|failed|pruned|invalid)\b(?! than)/;

/** The call's rows. Throws where there was no such call: a bug of ours. */
export function at(found: readonly Found[], i: number): Found {
  const one = found[i];
  if (!one) throw new Error(`expected ${i + 1} calls, found ${found.length}`);
  return one;
}
