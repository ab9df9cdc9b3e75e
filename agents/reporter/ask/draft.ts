import { oneLine } from '../markdown.ts';
import type { Fact, Sentence } from '../fact.ts';
import type { Found } from './tool.ts';

/** A model's prose with placeholders in the place of facts. */

const PLACEHOLDER = /\{\{\s*(q\d+)\.(?:r(\d+)|whole)\.(\w+)\s*\}\}/g;
/** An answer is no essay. */
const MOST_LINES = 20;
const LONGEST_LINE = 1000;

export interface Draft {
  readonly lines: readonly Sentence[];
  /** Placeholders that stand for nothing. */
  readonly unknown: readonly string[];
}

/** `{{q1.r0.effect}}` becomes the cell of that row, `{{q1.whole.of}}` that of the whole. */
export function readDraft(text: string, found: readonly Found[]): Draft {
  const unknown: string[] = [];
  const lines = text
    .split('\n')
    .map((line) => oneLine(line, LONGEST_LINE))
    .filter((line) => line !== '')
    .slice(0, MOST_LINES)
    .map((line) => {
      const parts: (string | Fact)[] = [];
      let at = 0;
      for (const match of line.matchAll(PLACEHOLDER)) {
        const [all, call, row, column = ''] = match;
        const one = found.find((each) => each.call === call);
        const fact = (row === undefined ? one?.whole : one?.rows[Number(row)])?.[column];
        parts.push(line.slice(at, match.index));
        if (fact) parts.push(fact);
        else unknown.push(all);
        at = match.index + all.length;
      }
      return [...parts, line.slice(at)].filter((part) => part !== '');
    });
  return { lines, unknown };
}

/** Whole sentences: facts do not end one, whatever dots they hold. */
export function sentencesOf(line: Sentence): readonly Sentence[] {
  const sentences: (string | Fact)[][] = [[]];
  for (const part of line) {
    if (typeof part !== 'string') {
      sentences.at(-1)?.push(part);
      continue;
    }
    for (const [i, piece] of part.split(/(?<=[.!?;])\s+/).entries()) {
      if (i > 0) sentences.push([]);
      if (piece !== '') sentences.at(-1)?.push(piece);
    }
  }
  return sentences.filter((sentence) => sentence.length > 0);
}
