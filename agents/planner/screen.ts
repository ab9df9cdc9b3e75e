import type { PlannerAnswer, PlannerBrief } from '../../orchestrator/domain/brief.ts';
import { isEditable } from '../../orchestrator/domain/editable.ts';
import { changeInWords, changeKey, type Hypothesis } from '../../orchestrator/domain/hypothesis.ts';
import { readPatch } from '../../orchestrator/domain/patch.ts';
import { closureOf } from '../../orchestrator/domain/words.ts';
import { severalChanges } from './one-change.ts';
import { inClasses } from './rank.ts';
import { holdsHere, lineOf } from './ruled-out.ts';

/** What a look at the hypotheses themselves shows: rules that anybody can check. Pure. */

export type Rejection = PlannerAnswer['rejected'][number];

export interface Screened {
  /** In the order it came: waiting before newly proposed. */
  readonly accepted: readonly Hypothesis[];
  readonly rejected: readonly Rejection[];
}

export function screen(brief: PlannerBrief): Screened {
  const all = [...new Map([...brief.waiting, ...brief.proposed].map((h) => [h.id, h])).values()];
  const accepted = new Map<string, Hypothesis>();
  const rejected: Rejection[] = [];
  // By rank, so that of two twins the one stays that would be tried first.
  for (const hypothesis of inClasses(all)) {
    // What is wanted once more is nobody's twin.
    const once = hypothesis.asked?.again ? `\n${hypothesis.id}` : '';
    const key = changeKey(hypothesis.change) + once;
    const because = objection(hypothesis, key, accepted.get(key), brief);
    if (because === null) accepted.set(key, hypothesis);
    else rejected.push({ id: hypothesis.id, because });
  }
  const passed = new Set(accepted.values());
  return { accepted: all.filter((hypothesis) => passed.has(hypothesis)), rejected };
}

/** Whether a patch was written by a model or a coding agent, and not handed in by the user. */
export const isWritten = ({ change, source, written }: Hypothesis): boolean =>
  change.kind === 'patch' && (written !== undefined || source === 'model' || source === 'paper');

/** `E-0004 on E-0003 (no difference)` */
export const outcomeOf = ({
  experiment,
  parent,
  verdict,
}: Pick<PlannerBrief['memory'][number], 'experiment' | 'parent' | 'verdict'>): string =>
  `${experiment} on ${parent} (${verdict === null ? 'under way' : verdict.replaceAll('_', ' ')})`;

/** Why not, or null. */
function objection(
  hypothesis: Hypothesis,
  key: string,
  twin: Hypothesis | undefined,
  brief: PlannerBrief,
): string | null {
  const { incumbent, memory, closed = [] } = brief;
  const { source, parent, change, asked } = hypothesis;
  const closure = closureOf(closed, hypothesis);
  if (closure !== null) return closure.because;
  const odd = oddity(hypothesis, brief);
  if (odd !== null) return odd;
  // The user's own and last night's best were not thought up for a parent: they move along. What
  // was written is paid for, and does if it applies.
  const moves = source === 'yours' || source === 'incumbent' || isWritten(hypothesis);
  if (parent !== incumbent && !moves)
    return `it was thought up for ${parent}, and the search has moved on to ${incumbent}`;
  // A patch that crashed, and was repaired, is as known as the repaired one.
  const same = memory.filter(({ change: one, crashed = [] }) =>
    [one, ...crashed].some((patch) => changeKey(patch) === key),
  );
  const tried = same.find((m) => m.parent === incumbent);
  // Last night's best is tried again on purpose: nobody promoted it, and its gain should not be lost.
  if (tried && source !== 'incumbent' && !asked?.again)
    return `the same change as ${outcomeOf(tried)}`;
  const known = change.kind === 'knobs' ? configured(change.values, brief) : undefined;
  if (known && source !== 'incumbent' && !asked?.again)
    return `${known} has that configuration already`;
  if (change.kind === 'patch' && isWritten(hypothesis) && source !== 'yours') {
    const line = lineOf(incumbent, brief);
    const has = same.find(({ experiment }) => line.has(experiment));
    if (has) return `${incumbent} stands on ${has.experiment}, which is the same change`;
    const bad = same.find((m) => holdsHere(m, change.diff, brief));
    if (bad)
      return `ruled out by ${outcomeOf(bad)}: nothing that ${incumbent} has otherwise bears on it`;
  }
  return twin ? `the same change as ${twin.id} (“${twin.title}”)` : null;
}

/** What of tonight is the incumbent with these values: by another way, or one step back. */
function configured(
  values: Readonly<Record<string, string>>,
  { settings, besides = [] }: PlannerBrief,
): string | undefined {
  const wanted = Object.entries({ ...settings, ...values });
  return besides.find((one) => wanted.every(([knob, value]) => one.settings[knob] === value))
    ?.experiment;
}

/** What is wrong with a change by itself. */
function oddity(hypothesis: Hypothesis, brief: PlannerBrief): string | null {
  const { change } = hypothesis;
  switch (change.kind) {
    case 'none':
      return 'it changes nothing';
    case 'idea':
      return 'expected a patch, found words that nobody has written as one';
    case 'stack':
      return null;
    case 'knobs':
      return oddKnobs(hypothesis, change.values, brief);
    case 'patch':
      return (
        oddPatch(change.diff, brief) ??
        (isWritten(hypothesis)
          ? severalChanges(change.diff, hypothesis.written?.account ?? null)
          : null)
      );
  }
}

function oddKnobs(
  { source, change }: Hypothesis,
  values: Readonly<Record<string, string>>,
  { incumbent, settings }: PlannerBrief,
): string | null {
  const knobs = Object.entries(values);
  const unknown = knobs.find(([name]) => !Object.hasOwn(settings, name));
  if (unknown) return `the search space has no knob ${unknown[0]}`;
  if (knobs.every(([name, value]) => settings[name] === value))
    return `${incumbent} has ${changeInWords(change)} already`;
  // Last night's best may be several changes: it was measured as one. The search may join knobs.
  if (knobs.length > 1 && source !== 'incumbent' && source !== 'search_space')
    return `expected one change, found ${knobs.length} (${changeInWords(change)}): propose them one by one`;
  return null;
}

function oddPatch(diff: string, { lab }: PlannerBrief): string | null {
  if (!lab) return null;
  const read = readPatch(diff);
  if ('message' in read) return `its patch cannot be read: line ${read.line}: ${read.message}`;
  if (read.special) return 'it makes a symbolic link or a submodule, which no experiment may';
  const outside = read.files.filter((file) => !isEditable(lab.plan, file));
  return outside.length === 0 ? null : `it touches ${outside.join(', ')}, which the plan protects`;
}
