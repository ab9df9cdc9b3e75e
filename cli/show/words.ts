import { experimentOf, isRunId, type Subject } from '../../orchestrator/domain/ids.ts';
import type { State } from '../../orchestrator/domain/state.ts';
import { closedLines, type Decision, type Note } from '../../orchestrator/domain/words.ts';
import { dim, fact, oneLine } from '../output.ts';
import { asItStands } from './diff.ts';

/** What people said of something, on its page. */

export interface WordsOn {
  /** On it; of an experiment on its runs, too. */
  readonly notes: readonly Note[];
  /** Those whose evidence names it. */
  readonly decisions: readonly Decision[];
}

export function wordsOn(state: State, id: Subject): WordsOn {
  const about = (target: Subject | null): boolean =>
    target === id || (target !== null && isRunId(target) && experimentOf(target) === id);
  return {
    notes: [...state.notes.values()].filter(({ target }) => about(target)),
    decisions: [...state.decisions.values()].filter(({ evidence }) => evidence.includes(id)),
  };
}

/** Flags, tags, notes and decisions as they were written, and whether its line is closed. */
export function showWords(state: State, id: Subject, line?: string): void {
  for (const { label, because, who } of state.flags.filter(({ target }) => target === id))
    fact('flag', `${label} (${oneLine(because)}; ${oneLine(who)})`);
  const tags = state.tags.get(id) ?? [];
  if (tags.length > 0) fact('tags', tags.map(({ tag }) => oneLine(tag)).join(' '));
  const { notes, decisions } = wordsOn(state, id);
  for (const { who, at, target, text } of notes) {
    const on = target === id ? '' : `, on ${target}`;
    said('note', text, `${who}, ${at.slice(0, 10)}${on}`);
  }
  for (const { who, at, text, because } of decisions)
    said('decision', `${text}\nbecause ${because}`, `${who}, ${at.slice(0, 10)}`);
  const closed = line === undefined ? undefined : closedLines(state.decisions.values()).get(line);
  if (closed)
    fact('line', `closed by ${oneLine(closed.who)}: ${oneLine(closed.text)} (${closed.id})`);
}

function said(name: string, text: string, by: string): void {
  for (const [i, line] of text.split('\n').entries()) fact(i === 0 ? name : '', asItStands(line));
  fact('', dim(oneLine(by)));
}
