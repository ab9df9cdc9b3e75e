import { z } from 'zod';
import type { ResearcherBrief } from '../../orchestrator/domain/brief.ts';
import { fromTop, isEditable, tidyPath } from '../../orchestrator/domain/editable.ts';
import { changeKey, type Change, type Proposal } from '../../orchestrator/domain/hypothesis.ts';
import { closureOf } from '../../orchestrator/domain/words.ts';
import type { Paper } from '../papers/source.ts';
import { isAllowed, sameValue } from './axis.ts';

/** A model's ideas: their form, and the rules that each has to pass before anybody reads it. */

export const IDEAS = z.object({
  hypotheses: z.array(
    z.object({
      title: z.string(),
      change: z.string(),
      files: z.array(z.string()),
      knob: z.object({ name: z.string(), value: z.string() }).nullable(),
      because: z.string(),
      expected_gain: z.number().nullable(),
      paper: z.string().nullable(),
      refuted_by: z.string(),
      line: z.string().nullable(),
    }),
  ),
});
export type Idea = z.output<typeof IDEAS>['hypotheses'][number];

/** Turned down, in words for people and for the model that thought of it. */
export interface Dropped {
  readonly title: string;
  readonly because: string;
}

/** The idea as a hypothesis of `by`, or what speaks against it. `paper`: seen to exist, or null. */
export function considered(
  idea: Idea,
  by: string,
  paper: Paper | null,
  brief: ResearcherBrief,
): Proposal | Dropped {
  const title = plain(idea.title, 100);
  const dropped = (because: string): Dropped => ({ title: title || 'untitled', because });
  const text = plain(idea.change, 2000);
  const because = plain(idea.because, 600);
  if (title === '' || text === '' || because === '')
    return dropped('expected a title, a change and a reason, found less');
  const change = changeOf(idea, text, brief);
  if (typeof change === 'string') return dropped(change);
  const line = lineOf(idea, change, brief);
  const proposal: Proposal = {
    ...{ title, because, line, change, by, success_criteria: [] },
    source: paper ? 'paper' : 'model',
    ...(change.kind === 'idea' ? { idea: text } : {}),
    expected: { effect: effectOf(idea, brief) },
    ...(plain(idea.refuted_by, 300) === '' ? {} : { refuted_by: plain(idea.refuted_by, 300) }),
    ...(paper ? { link: paper.link } : {}),
  };
  const objection = rule(proposal, `${title}\n${text}`, idea.files, brief);
  return objection === null ? proposal : dropped(objection);
}

/** One knob, where that is all there is to it; otherwise words. A string says why it is neither. */
function changeOf({ knob }: Idea, text: string, brief: ResearcherBrief): Change | string {
  const known = knob && brief.search_space[knob.name];
  if (!knob || !known) return { kind: 'idea', text };
  const value = knob.value.trim();
  if (!isAllowed(known, value)) return `${knob.name}: ${value} is not among what the plan allows`;
  const current = brief.settings[knob.name];
  if (current !== undefined && sameValue(current) === sameValue(value))
    return `${brief.incumbent} has ${knob.name}=${value} already`;
  return { kind: 'knobs', values: { [knob.name]: value } };
}

function lineOf({ knob, line }: Idea, change: Change, brief: ResearcherBrief): string {
  if (change.kind === 'knobs' && knob) return brief.search_space[knob.name]?.line ?? knob.name;
  return plain(line ?? '', 40).toLowerCase() || 'ideas';
}

/** A gain is good, whichever way the objective goes: signs are what models get wrong. */
function effectOf({ expected_gain }: Idea, { objective }: ResearcherBrief): number | null {
  if (expected_gain === null || !Number.isFinite(expected_gain) || expected_gain <= 0) return null;
  return objective.direction === 'minimize' ? -expected_gain : expected_gain;
}

function rule(
  proposal: Proposal,
  words: string,
  files: readonly string[],
  brief: ResearcherBrief,
): string | null {
  const closure = closureOf(brief.closed ?? [], proposal);
  if (closure) return closure.because;
  const twin = saidBefore(proposal, brief);
  if (twin !== null) return twin;
  const { lab } = brief;
  const outside = lab && files.find((path) => !mayEdit({ workspace: lab }, path));
  if (outside) return `it edits ${plain(outside, 100)}, which the plan does not let it`;
  const aim = GOAL_POSTS.find(({ pattern }) => pattern.test(words));
  return aim ? `it is about ${aim.what}, which no experiment may change` : null;
}

type Workspace = Parameters<typeof isEditable>[0];

/** Paths are asked for from the top, and come from the working directory as often. */
const mayEdit = (plan: Workspace, path: string): boolean =>
  isEditable(plan, tidyPath(path)) || isEditable(plan, fromTop(plan, path));

function saidBefore({ title, change }: Proposal, brief: ResearcherBrief): string | null {
  const key = changeKey(change);
  const same = (other: string): boolean => sameWords(other) === sameWords(title);
  const here = brief.proposed.filter(
    (one) => one.parent === brief.incumbent || one.change.kind === 'idea',
  );
  const twin = here.find((one) => same(one.title) || changeKey(one.change) === key);
  if (twin) return `“${twin.title}” was proposed already`;
  const rejected = brief.lab?.rejected.find((one) => same(one.title));
  if (rejected) return `it was rejected before: ${rejected.because}`;
  const tried = brief.memory.find(
    (one) => one.parent === brief.incumbent && changeKey(one.change) === key,
  );
  return tried ? `${tried.experiment} has tried it on ${brief.incumbent}` : null;
}

const sameWords = (text: string): string =>
  (text.toLowerCase().match(/[\p{L}\p{N}.]+/gu) ?? []).join(' ');

/**
 * Words of ideas that move the goal posts. They spare such an idea its patch; what keeps it from
 * winning is that protected files are restored before every run, and that dawn draws fresh seeds.
 */
const GOAL_POSTS: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  { what: 'the seed', pattern: /\bseeds?\b/i },
  { what: 'the time limit', pattern: /\btime[- ]?(?:out|limit|budget)s?\b|\bwall[- ]?clock\b/i },
  {
    what: 'the evaluation',
    pattern:
      /\b(?:evaluator|eval(?:uation)? (?:code|script|function|loop|data|set|split|batch(?:es)?))\b|\b(?:test|validation|held-?out) (?:set|data|labels?|split)\b/i,
  },
  {
    what: 'how the metric is reported',
    pattern:
      /\b(?:print|report|log|compute)(?:s|ed|ing)? (?:the |a )?(?:final |best |lower )?(?:metric|objective|score)\b/i,
  },
];

/** One line, nothing that a terminal would act on, cut to size. */
const plain = (text: string, most: number): string => {
  const tidy = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  return tidy.length <= most ? tidy : `${tidy.slice(0, most - 1)}…`;
};
