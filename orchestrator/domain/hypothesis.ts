import type { Asked } from './asked.ts';
import type { ExperimentId, HypothesisId, NightId } from './ids.ts';
import { blocksOf } from './patch-blocks.ts';
import type { Criterion } from './plan.ts';
import type { Account } from './writing.ts';

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
  /** In words: a Worker with a model, or a coding agent, has yet to write it as a patch. */
  | { readonly kind: 'idea'; readonly text: string }
  /** Several changes, one after the other: a stack of which one was left out. */
  | { readonly kind: 'stack'; readonly changes: readonly SingleChange[] };

/** What somebody may ask a night to try. */
export type Proposable = Extract<Change, { readonly kind: 'knobs' | 'patch' | 'idea' }>;

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
  /** What a patch was written from, in the words of who thought of it. */
  readonly idea?: string | undefined;
  /** What it is expected to do to the objective: effect on its parent, sign as it would be measured. */
  readonly expected?: { readonly effect: number | null } | undefined;
  /** What would show that it is wrong. */
  readonly refuted_by?: string | undefined;
  /** Where it comes from, an address that was seen to exist. */
  readonly link?: string | undefined;
  /** The model that thought of it. */
  readonly by?: string | undefined;
  /** Of a patch that was written from `idea`: its author, and what that says it changed. */
  readonly written?: { readonly account: Account; readonly by: string } | undefined;
}

/** What a proposer hands over; the orchestrator gives it its id, night and parent. */
export type Proposal = Omit<Hypothesis, 'id' | 'night' | 'parent' | 'asked'>;

/** What tables call a patch without a file. */
const INLINE = 'inline';

/** `{"learning_rate":"0.03"}`, `{"patch":"ideas/tie.diff"}` or `{}`: a change as screens and tables show it. */
export function changeAsData(change: Change): Readonly<Record<string, string>> {
  switch (change.kind) {
    case 'none':
      return {};
    case 'knobs':
      return change.values;
    case 'patch':
      return { patch: change.file ?? INLINE };
    case 'idea':
      return { idea: change.text };
    case 'stack':
      return Object.assign({}, ...change.changes.map(changeAsData)) as Record<string, string>;
  }
}

/** `learning_rate=0.03`: a change in a line of text. */
export const changeInWords = (change: Change): string => dataInWords(changeAsData(change));

/** The same of a change as data; of a patch without a file its name there says nothing. */
export const dataInWords = (data: Readonly<Record<string, string>>): string =>
  Object.entries(data)
    .map(([knob, value]) => (knob === 'patch' && value === INLINE ? 'a patch' : `${knob}=${value}`))
    .join(', ') || 'unchanged';

/** Two changes with one key are the same change, whatever their titles say. */
export function changeKey(change: Change): string {
  if (change.kind === 'patch') return `patch\n${normalisedPatch(change.diff)}`;
  if (change.kind === 'none') return 'none';
  if (change.kind === 'idea') return `idea\n${normalisedWords(change.text)}`;
  if (change.kind === 'stack') return ['stack', ...change.changes.map(changeKey)].join('\n');
  const knobs = Object.entries(change.values).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `knobs\n${JSON.stringify(knobs)}`;
}

/** Signs stay: `> 1` is not `< 1`, and most scripts have no word that `\w` knows. */
const normalisedWords = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\s+/gu, ' ')
    .replace(/^ |[ .!。]+$/gu, '');

/**
 * A diff without what does not change its meaning: line numbers, index lines, blanks, lines that it
 * removes and adds again, the order of its files, and context, but for the line that it adds below.
 */
function normalisedPatch(diff: string): string {
  if (/^(?:GIT binary patch|Binary files )/m.test(diff)) return diff;
  const changes = blocksOf(diff).flatMap(({ file, ...block }) => {
    const [head, removed, added] = withoutCommon(lines(block.removed), lines(block.added));
    if (removed.length + added.length === 0) return [];
    // What only adds is another change elsewhere; what removes says by that where it stands.
    const place = removed.length > 0 ? null : (head ?? block.above);
    return [
      [
        file,
        ...(place === null ? [] : [` ${place}`]),
        ...removed.map((line) => `-${line}`),
        ...added.map((line) => `+${line}`),
      ],
    ];
  });
  const moved = diff.match(/^(?:rename|copy|old mode|new mode) .*$/gm) ?? [];
  if (changes.length + moved.length === 0) return diff.trim();
  const sorted = changes.toSorted(([a = ''], [b = '']) => (a < b ? -1 : a > b ? 1 : 0));
  return [...moved, ...sorted.flat()].join('\n');
}

const lines = (some: readonly string[]): readonly string[] =>
  some.map((line) => line.trimEnd()).filter((line) => line !== '');

/** Writers of diffs differ in how many lines they give anew. `head`: the last such line above. */
function withoutCommon(
  removed: readonly string[],
  added: readonly string[],
): readonly [head: string | null, removed: readonly string[], added: readonly string[]] {
  let head = 0;
  while (head < removed.length && head < added.length && removed[head] === added[head]) head += 1;
  let tail = 0;
  const left = Math.min(removed.length, added.length) - head;
  while (tail < left && removed.at(-1 - tail) === added.at(-1 - tail)) tail += 1;
  return [
    removed[head - 1] ?? null,
    removed.slice(head, removed.length - tail),
    added.slice(head, added.length - tail),
  ];
}
