import type { Change, Source } from './hypothesis.ts';
import type { Subject } from './ids.ts';

/** What people say of the lab in their own words: kept as it was written, and never acted out. */

/** Given when it is written, so that it is the same in the inbox and in the journal. */
export type NoteId = `note-${string}`;
export type DecisionId = `decision-${string}`;

export interface Note {
  readonly id: NoteId;
  /** Null where it is on the lab. */
  readonly target: Subject | null;
  readonly text: string;
  readonly who: string;
  readonly at: string;
}

export interface Decision {
  readonly id: DecisionId;
  readonly text: string;
  readonly because: string;
  /** The line of inquiry on which nothing more is to be proposed. */
  readonly closes: string | null;
  /** The line that is worked on again. */
  readonly opens: string | null;
  readonly evidence: readonly Subject[];
  readonly who: string;
  readonly at: string;
}

export interface Tag {
  readonly tag: string;
  readonly who: string;
  readonly at: string;
}

export type WordsBody =
  | ({ readonly type: 'noted' } & Omit<Note, 'at'>)
  | ({ readonly type: 'decided' } & Omit<Decision, 'at'>)
  | {
      readonly type: 'tagged';
      readonly target: Subject;
      readonly tags: readonly string[];
      readonly who: string;
    }
  | {
      readonly type: 'untagged';
      readonly target: Subject;
      readonly tag: string;
      readonly who: string;
    };

/** Their types; like marks they are no sign that a night worked. */
const WORDS: ReadonlySet<string> = new Set<WordsBody['type']>([
  'noted',
  'decided',
  'tagged',
  'untagged',
]);

export const isWords = <E extends { readonly type: string }>(
  event: E,
): event is Extract<E, WordsBody> => WORDS.has(event.type);

/** Lines that a decision closed and none opened since, each with that decision. */
export function closedLines(decisions: Iterable<Decision>): ReadonlyMap<string, Decision> {
  const closed = new Map<string, Decision>();
  for (const decision of decisions) {
    if (decision.opens !== null) closed.delete(decision.opens);
    if (decision.closes !== null) closed.set(decision.closes, decision);
  }
  return closed;
}

/** A closed line as an agent is told of it. */
export interface ClosedLine {
  readonly line: string;
  /** The knobs that belong to it: a change of several at once is on all of their lines. */
  readonly knobs: readonly string[];
  /** Who closed it and why, in a line for people. */
  readonly because: string;
}

interface Idea {
  readonly source: Source;
  readonly line: string;
  readonly change: Change;
}

/**
 * The closed line that an idea is on, or null where nothing keeps it from being tried. A decision
 * binds what AutoLab thinks of by itself; what people write into the plan or propose is their word
 * as much as the decision is, and is tried, whichever of the two came first.
 */
export function closureOf(
  closed: readonly ClosedLine[],
  { source, line, change }: Idea,
): ClosedLine | null {
  if (source === 'yours') return null;
  const set = change.kind === 'knobs' ? Object.keys(change.values) : [];
  return (
    closed.find((one) => one.line === line || set.some((knob) => one.knobs.includes(knob))) ?? null
  );
}
