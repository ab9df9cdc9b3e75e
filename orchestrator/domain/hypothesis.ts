import type { Asked } from './asked.ts';
import type { ExperimentId, HypothesisId, NightId } from './ids.ts';
import type { Criterion } from './plan.ts';

/** Who thought of it. `incumbent` is last night's best, offered again because nobody promoted it. */
export type Source =
  | 'baseline'
  | 'yours'
  | 'search_space'
  | 'incumbent'
  | 'paper'
  | 'model'
  /** Dawn's: a confirmed stack without one of its changes. */
  | 'attribution'
  /** Work of the plan’s own, and no change. */
  | 'plan';

/** What an experiment changes on its parent. */
export type Change =
  | { readonly kind: 'none' }
  /** Knob name → the new literal, as source text. One change means one knob. */
  | { readonly kind: 'knobs'; readonly values: Readonly<Record<string, string>> }
  /** A unified diff with headers relative to the repository's top; `file` is where it came from. */
  | { readonly kind: 'patch'; readonly file: string | null; readonly diff: string }
  /** Several changes, one after the other: a stack of which one was left out. */
  | { readonly kind: 'stack'; readonly changes: readonly SingleChange[] };

export type SingleChange = Extract<Change, { readonly kind: 'knobs' | 'patch' }>;

/** A falsifiable claim: one change, and the objective it should move the good way. */
export interface Hypothesis {
  readonly id: HypothesisId;
  readonly night: NightId;
  readonly title: string;
  readonly because: string;
  readonly source: Source;
  /** The line of inquiry it belongs to. */
  readonly line: string;
  readonly change: Change;
  /** The incumbent it was thought up for; the Planner rejects what was overtaken. */
  readonly parent: ExperimentId;
  readonly success_criteria: readonly Criterion[];
  /** Where the user asked for it by hand: it is tried before all others. */
  readonly asked?: Asked;
}

/** What a proposer hands over; the orchestrator gives it its id, night and parent. */
export type Proposal = Omit<Hypothesis, 'id' | 'night' | 'parent' | 'asked'>;

/** `{"learning_rate":"0.03"}`, `{"patch":"ideas/tie.diff"}` or `{}`: a change as screens and tables show it. */
export function changeAsData(change: Change): Readonly<Record<string, string>> {
  switch (change.kind) {
    case 'none':
      return {};
    case 'knobs':
      return change.values;
    case 'patch':
      return { patch: change.file ?? 'inline' };
    case 'stack':
      return Object.assign({}, ...change.changes.map(changeAsData)) as Record<string, string>;
  }
}

/** `learning_rate=0.03`: a change in a line of text. */
export const changeInWords = (change: Change): string =>
  change.kind === 'none'
    ? 'unchanged'
    : Object.entries(changeAsData(change))
        .map(([knob, value]) => `${knob}=${value}`)
        .join(', ');

/** Two changes with one key are the same change, whatever their titles say. */
export function changeKey(change: Change): string {
  if (change.kind === 'patch') return `patch\n${normalisedPatch(change.diff)}`;
  if (change.kind === 'none') return 'none';
  if (change.kind === 'stack') return ['stack', ...change.changes.map(changeKey)].join('\n');
  const knobs = Object.entries(change.values).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `knobs\n${JSON.stringify(knobs)}`;
}

/** A diff without what does not change its meaning: line numbers, index lines, context, blanks. */
const normalisedPatch = (diff: string): string =>
  diff
    .split('\n')
    .filter((line) => /^(?:\+|-)/.test(line))
    .map((line) => line.replace(/^(\+\+\+|---) (?:[ab]\/)?(\S+).*$/, '$1 $2').trimEnd())
    .filter((line) => line.length > 1)
    .join('\n');
