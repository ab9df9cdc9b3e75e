import type { HypothesisId } from './domain/ids.ts';
import type { HypothesisRecord, Night, State } from './domain/state.ts';
import { closedLines, closureOf, type ClosedLine, type Decision } from './domain/words.ts';

/** Lines of inquiry that somebody's decision closed: nothing new is begun on them. Pure. */

/** Enough of a reason to know it again; the decision has all of it. */
const LONGEST_REASON = 160;

/** Every line that is closed now, with the night's knobs that belong to it. */
export function closedIn(state: State, { plan }: Night): readonly ClosedLine[] {
  if (state.decisions.size === 0) return [];
  const knobs = Object.entries(plan.search_space);
  return [...closedLines(state.decisions.values())].map(([line, decision]) => ({
    line,
    knobs: knobs.flatMap(([name, knob]) => ((knob.line ?? name) === line ? [name] : [])),
    because: inWords(decision),
  }));
}

/** What the Planner says of an idea on the line that a decision closed. */
const inWords = ({ who, closes, text, because }: Decision): string =>
  `${who} closed the line ${closes}: ${inShort(text)} (${inShort(because)})`;

/** Whether an idea was turned down for a line that is open again: it may be had once more. */
export function isFreeAgain(state: State, { rejected_because }: HypothesisRecord): boolean {
  if (rejected_because === null || state.decisions.size === 0) return false;
  const closed = closedLines(state.decisions.values());
  return [...state.decisions.values()].some(
    (decision) =>
      decision.closes !== null &&
      !closed.has(decision.closes) &&
      inWords(decision) === rejected_because,
  );
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
