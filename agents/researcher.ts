import {
  researcherAnswer,
  type ResearcherAnswer,
  type ResearcherBrief,
} from '../orchestrator/domain/brief.ts';
import { changeKey, type Proposal } from '../orchestrator/domain/hypothesis.ts';
import { NO_MODEL, type Model } from '../orchestrator/domain/model.ts';
import { closureOf } from '../orchestrator/domain/words.ts';
import { Annotation, END, START, StateGraph } from './langgraph.ts';
import type { Paper, PaperSource } from './papers/source.ts';
import { picture } from './picture.ts';
import { isAllowed, type ValueTools } from './researcher/axis.ts';
import { editableFiles, type Code, type CodeFile } from './researcher/code.ts';
import { findingsToStack, movesToTry, prospectOf } from './researcher/draft.ts';
import { heldChanges } from './researcher/evidence.ts';
import { ideasWanted } from './researcher/ideas.ts';
import { invent } from './researcher/invent.ts';
import { lookUp } from './researcher/look-up.ts';
import { reviewed } from './researcher/review.ts';
import type { Told } from './researcher/told.ts';

/**
 * The Researcher states what to try next: own → search → answer; with a model, between the last
 * two, read → look up → draft → criticise.
 *
 * For the search space it learns from this lab's own results, earlier nights included: an additive
 * Gaussian process over the knobs says what a move of one or two should gain on the incumbent, and
 * the moves with the highest expected improvement per second of a run come first. It keeps nothing
 * between briefs, and the same brief gets the same answer, if the model's and the papers' are.
 */

const Thought = Annotation.Root({
  brief: Annotation<ResearcherBrief>,
  /** Changes that are spoken for on this incumbent. */
  held: Annotation<ReadonlySet<string>>,
  first: Annotation<readonly Proposal[]>,
  /** Of the search space, and of earlier nights. */
  moves: Annotation<readonly Proposal[]>,
  /** How many ideas the model is asked for. */
  wanted: Annotation<number>,
  code: Annotation<readonly CodeFile[]>,
  papers: Annotation<readonly Paper[]>,
  ideas: Annotation<readonly Proposal[]>,
  signal: Annotation<AbortSignal | undefined>,
  reply: Annotation<ResearcherAnswer>,
});
type Thought = typeof Thought.State;

/** What a Researcher with a model thinks with. */
export interface Library {
  readonly model: Model;
  /** Null: none are looked up, and none is cited. */
  readonly papers: PaperSource | null;
  readonly code: Code;
}

const NO_LIBRARY: Library = {
  model: NO_MODEL,
  papers: null,
  code: { listFiles: () => Promise.resolve([]), readFile: () => Promise.resolve(null) },
};

function build(tools: ValueTools, { model, papers, code }: Library) {
  return new StateGraph(Thought)
    .addNode('own', ({ brief }: Thought) => ({
      held: heldChanges(brief),
      first: brief.ideas ? [] : unspentOwn(brief),
      moves: [],
      ideas: [],
    }))
    .addNode('search', (thought: Thought) => {
      const moves = movesOf(thought, tools);
      return { moves, wanted: model.has('researcher') ? ideasWanted(thought.brief) : 0 };
    })
    .addNode('read', async ({ brief: { lab } }: Thought) => ({
      code: lab ? await editableFiles(code, lab) : [],
    }))
    .addNode('look_up', async (thought: Thought) => ({
      papers: papers ? await lookUp(told(thought), { model, papers }, thought.signal) : [],
    }))
    .addNode('draft', async (thought: Thought) => {
      const wish = { most: thought.wanted, last: thought.moves.length === 0 };
      return { ideas: await invent(told(thought), wish, { model, papers }, thought.signal) };
    })
    .addNode('criticise', async (thought: Thought) => ({
      ideas: await reviewed(thought.ideas, told(thought), model, thought.signal),
    }))
    .addNode('answer', (thought: Thought) => ({ reply: answer(thought) }))
    .addEdge(START, 'own')
    .addConditionalEdges('own', (thought: Thought) => (left(thought) > 0 ? 'search' : 'answer'), [
      'search',
      'answer',
    ])
    .addConditionalEdges('search', ({ wanted }: Thought) => (wanted > 0 ? 'read' : 'answer'), [
      'read',
      'answer',
    ])
    .addConditionalEdges('read', () => (papers ? 'look_up' : 'draft'), ['look_up', 'draft'])
    .addEdge('look_up', 'draft')
    .addEdge('draft', 'criticise')
    .addEdge('criticise', 'answer')
    .addEdge('answer', END)
    .compile();
}

/**
 * Answers with at most `brief.wanted` proposals, each one change on the incumbent; `exhausted`
 * where nothing new is left for this incumbent after them. The user's hypotheses and last night's
 * best come first, in their order, each once a night and whatever memory holds: where one was
 * tried before, the Planner tells the user so. Everything else stays within the plan's values and
 * ranges, is on no line that was closed, and no change that memory or this night holds on the
 * incumbent. A model's ideas and the search space's moves take turns; without an answer of the
 * model the answer is what it would be without a model.
 *
 * Memory is taken at its word: a `failed` entry counts against its knob, so what the machine's
 * failures cost must not be in it. Rejects with the signal's reason where it fires while a model is
 * asked.
 */
export function createResearcher(
  tools: ValueTools,
  library: Library = NO_LIBRARY,
): (brief: ResearcherBrief, signal?: AbortSignal) => Promise<ResearcherAnswer> {
  const graph = build(tools, library);
  return async (brief, signal) => (await graph.invoke({ brief, signal })).reply;
}

export const drawResearcher = (tools: ValueTools): Promise<string> =>
  picture(build(tools, NO_LIBRARY));

/** What the user's own leave of what is wanted. */
const left = ({ brief, first }: Pick<Thought, 'brief' | 'first'>): number =>
  brief.wanted - first.length;

/** Findings to stack and moves of knobs that passed the rules, as many as could be needed. */
function movesOf({ brief, held, first }: Thought, tools: ValueTools): readonly Proposal[] {
  const prospect = prospectOf(brief, tools);
  // One more than wanted shows whether this answer exhausts the incumbent.
  const moves = movesToTry(prospect, brief.wanted + 1);
  const spoken = new Set([...held, ...first.map(({ change }) => changeKey(change))]);
  return sound([...findingsToStack(brief, prospect), ...moves], brief, spoken);
}

/** What there is to tell of; the edges see to it that the brief has a lab. */
function told({ brief, code, papers = [] }: Thought): Told {
  if (!brief.lab) throw new Error('expected a brief that tells of the lab');
  return { brief, lab: brief.lab, code, papers };
}

function answer(thought: Thought): ResearcherAnswer {
  const { brief, held, first, moves, ideas } = thought;
  if (!brief.ideas)
    return researcherAnswer.parse({
      proposals: [...first, ...moves].slice(0, brief.wanted),
      exhausted: left(thought) > 0 && moves.length <= left(thought),
    });
  const spoken = new Set([...held, ...unspentOwn(brief).map(({ change }) => changeKey(change))]);
  const fresh = ideas.filter(({ change }) => !spoken.has(changeKey(change)));
  // A model that had an idea may have another.
  return researcherAnswer.parse({
    proposals: fresh.slice(0, brief.wanted),
    exhausted: fresh.length === 0,
  });
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
