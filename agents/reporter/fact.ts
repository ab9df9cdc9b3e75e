import type { RunId } from '../../orchestrator/domain/ids.ts';
import type { Json } from '../../orchestrator/domain/ports.ts';

/**
 * Every number of a report is a fact: a cell of a query's result, with the query and the runs it
 * speaks of. Sentences are made of words and facts, so that whoever words them (a template today,
 * a model later) can place a number but never make one up.
 */

/** A query that was asked: how the text calls it, and its SQL. */
export interface Source {
  readonly name: string;
  readonly sql: string;
}

/** A row of a query's result, and the runs its numbers come from. */
export interface Sourced<T> {
  readonly source: Source;
  readonly runs: readonly RunId[];
  readonly row: T;
}

export interface Fact {
  /** As it stands in the text, Markdown already. */
  readonly shown: string;
  /** The cell it was written from. */
  readonly value: Json;
  readonly source: Source;
  readonly runs: readonly RunId[];
}

/** Words and facts, in order. Words hold no digits: `unsourcedNumbers` would find them. */
export type Sentence = readonly (string | Fact)[];

/** The fact in one cell; null is written as a dash. `shown` says how people read the value. */
export function fact<T, K extends keyof T & string>(
  from: Sourced<T>,
  column: K,
  shown: (value: NonNullable<T[K]>) => string,
): Fact {
  const value = from.row[column];
  return {
    shown: value === null || value === undefined ? '—' : shown(value),
    value: value as Json,
    source: from.source,
    runs: from.runs,
  };
}

/** A sentence from a template: say`${metric} ${before} → ${after}`. */
export function say(
  words: TemplateStringsArray,
  ...parts: readonly (string | Fact | Sentence)[]
): Sentence {
  return words.flatMap((word, i) => {
    const part = parts[i];
    const inner = part === undefined ? [] : isSentence(part) ? part : [part];
    return word === '' ? inner : [word, ...inner];
  });
}

const isSentence = (part: string | Fact | Sentence): part is Sentence => Array.isArray(part);

/** Sentences one after the other with `between` between them: lists within a sentence. */
export const joined = (sentences: readonly Sentence[], between: string): Sentence =>
  sentences.flatMap((sentence, i) => (i === 0 ? sentence : [between, ...sentence]));

export const factsIn = (sentence: Sentence): readonly Fact[] =>
  sentence.filter((part) => typeof part !== 'string');

/** `E-0007`, `E-0007.4–7`, `H-0012`, `N-0003`: names, not numbers. */
const ID = /\b[EHN]-\d{4,}(?:\.\d+(?:–\d+)?)?/g;

/** Whether a fact needs its source behind the sentence: it shows a number, or speaks of runs. */
export const isClaim = ({ shown, runs }: Fact): boolean =>
  runs.length > 0 || /\d/.test(shown.replace(ID, ''));

export const claimsIn = (sentence: Sentence): readonly Fact[] => factsIn(sentence).filter(isClaim);

export const textOf = (sentence: Sentence): string =>
  sentence.map((part) => (typeof part === 'string' ? part : part.shown)).join('');

export const runsIn = (sentence: Sentence): readonly RunId[] => [
  ...new Set(factsIn(sentence).flatMap((one) => one.runs)),
];
