import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import {
  researcherAnswer,
  type ResearcherAnswer,
  type ResearcherBrief,
} from '../orchestrator/domain/brief.ts';
import { changeKey, type Proposal } from '../orchestrator/domain/hypothesis.ts';
import { closureOf } from '../orchestrator/domain/words.ts';
import { isAllowed, type ValueTools } from './researcher/axis.ts';
import { findingsToStack, movesToTry, prospectOf } from './researcher/draft.ts';
import { heldChanges } from './researcher/evidence.ts';

/**
 * The Researcher states what to try next: own → draft → criticise → answer.
 *
 * For the search space it learns from this lab's own results, earlier nights included: an additive
 * Gaussian process over the knobs says what a move of one or two should gain on the incumbent, and
 * the moves with the highest expected improvement per second of a run come first. It keeps nothing
 * between briefs, and the same brief gets the same answer.
 */

const Thought = Annotation.Root({
  brief: Annotation<ResearcherBrief>,
  /** Changes that are spoken for on this incumbent. */
  held: Annotation<ReadonlySet<string>>,
  first: Annotation<readonly Proposal[]>,
  drafts: Annotation<readonly Proposal[]>,
  reply: Annotation<ResearcherAnswer>,
});
type Thought = typeof Thought.State;

/**
 * Answers with at most `brief.wanted` proposals, each one change on the incumbent; `exhausted`
 * where nothing new is left for this incumbent after them. The user's hypotheses and last night's
 * best come first, in their order, each once a night and whatever memory holds: where one was
 * tried before, the Planner tells the user so. Everything else stays within the plan's values and
 * ranges, is on no line that was closed, and no change that memory or this night holds on the
 * incumbent.
 *
 * Memory is taken at its word: a `failed` entry counts against its knob, so what the machine's
 * failures cost must not be in it.
 */
export function createResearcher(
  tools: ValueTools,
): (brief: ResearcherBrief) => Promise<ResearcherAnswer> {
  const graph = new StateGraph(Thought)
    .addNode('own', ({ brief }: Thought) => ({
      held: heldChanges(brief),
      first: unspentOwn(brief),
      drafts: [],
    }))
    // The place of a model: it drafts here, beside the search space, and is criticised like it.
    .addNode('draft', ({ brief }: Thought) => {
      const prospect = prospectOf(brief, tools);
      // One more than wanted shows whether this answer exhausts the incumbent.
      const moves = movesToTry(prospect, brief.wanted + 1);
      return { drafts: [...findingsToStack(brief, prospect), ...moves] };
    })
    .addNode('criticise', ({ brief, held, first, drafts }: Thought) => ({
      drafts: sound(drafts, brief, new Set([...held, ...first.map((p) => changeKey(p.change))])),
    }))
    .addNode('answer', ({ brief, first, drafts }: Thought) => ({
      reply: researcherAnswer.parse({
        proposals: [...first, ...drafts].slice(0, brief.wanted),
        exhausted: first.length + drafts.length <= brief.wanted && first.length < brief.wanted,
      }),
    }))
    .addEdge(START, 'own')
    .addConditionalEdges(
      'own',
      ({ brief, first }: Thought) => (first.length < brief.wanted ? 'draft' : 'answer'),
      ['draft', 'answer'],
    )
    .addEdge('draft', 'criticise')
    .addEdge('criticise', 'answer')
    .addEdge('answer', END)
    .compile();
  return async (brief) => (await graph.invoke({ brief })).reply;
}

/** The same idea under another title stays: the user should hear from the Planner that it is one. */
function unspentOwn({ own, proposed }: ResearcherBrief): readonly Proposal[] {
  const spent = new Set(proposed.map((p) => `${p.title}\n${changeKey(p.change)}`));
  return own.filter((p) => !spent.has(`${p.title}\n${changeKey(p.change)}`));
}

/** Without what is on a closed line, spoken for, said twice, unchanged, or outside of the plan. */
function sound(
  drafts: readonly Proposal[],
  { search_space, settings, closed = [] }: ResearcherBrief,
  held: Set<string>,
): readonly Proposal[] {
  return drafts.filter((draft) => {
    const { change, source } = draft;
    if (closureOf(closed, draft) !== null) return false;
    const key = changeKey(change);
    if (held.has(key)) return false;
    held.add(key);
    if (source !== 'search_space') return true;
    if (change.kind !== 'knobs') return false;
    return Object.entries(change.values).every(([name, value]) => {
      const knob = search_space[name];
      return knob && value !== settings[name] && isAllowed(knob, value);
    });
  });
}
