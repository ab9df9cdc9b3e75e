import type { HypothesisId } from './domain/ids.ts';
import type { Night, State } from './domain/state.ts';
import { closedLines, closureOf, type ClosedLine } from './domain/words.ts';

/** Lines of inquiry that somebody's decision closed: nothing new is begun on them. Pure. */

/** Enough of a reason to know it again; the decision has all of it. */
const LONGEST_REASON = 160;

/** Every line that is closed now, with the night's knobs that belong to it. */
export function closedIn(state: State, night: Night): readonly ClosedLine[] {
  if (state.decisions.size === 0) return [];
  const knobs = Object.entries(night.plan.search_space);
  return [...closedLines(state.decisions.values())].map(([line, { who, text, because }]) => ({
    line,
    knobs: knobs.flatMap(([name, knob]) => ((knob.line ?? name) === line ? [name] : [])),
    because: `${who} closed the line ${line}: ${inShort(text)} (${inShort(because)})`,
  }));
}

/** Whether any of them waits, and is on a line that was closed since. */
export function anyClosed(state: State, night: Night, ids: readonly HypothesisId[]): boolean {
  const closed = closedIn(state, night);
  return ids.some((id) => {
    const idea = state.hypotheses.get(id);
    return idea !== undefined && closureOf(closed, idea) !== null;
  });
}

const inShort = (text: string): string => {
  const characters = [...text.replace(/[\p{Cc}\s]+/gu, ' ').trim()];
  return characters.length <= LONGEST_REASON
    ? characters.join('')
    : `${characters
        .slice(0, LONGEST_REASON - 1)
        .join('')
        .trimEnd()}…`;
};
