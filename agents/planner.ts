import {
  plannerAnswer,
  type PlannerAnswer,
  type PlannerBrief,
} from '../orchestrator/domain/brief.ts';
import type { Desk } from '../orchestrator/domain/desk.ts';
import type { Hypothesis } from '../orchestrator/domain/hypothesis.ts';
import { NO_MODEL, type Model } from '../orchestrator/domain/model.ts';
import { Annotation, END, START, StateGraph } from './langgraph.ts';
import { picture } from './picture.ts';
import { inspect } from './planner/inspect.ts';
import { rank } from './planner/rank.ts';
import { sameInOtherWords } from './planner/same.ts';
import { screen, type Rejection } from './planner/screen.ts';

/**
 * The Planner keeps the queue: screen → inspect → compare → rank → answer. It decides what is worth
 * a slot by rules that anybody can check, and says why it turned something down. A model may say
 * that a patch is one that is known in other words; it cannot let anything through.
 */

const Thought = Annotation.Root({
  brief: Annotation<PlannerBrief>,
  /** What passed so far, in the order it came: waiting before newly proposed. */
  accepted: Annotation<readonly Hypothesis[]>,
  rejected: Annotation<readonly Rejection[]>,
  signal: Annotation<AbortSignal | undefined>,
  reply: Annotation<PlannerAnswer>,
});
type Thought = typeof Thought.State;

/** What the Planner judges patches with; each is done without where it is not there. */
export interface PlannerTools {
  readonly model?: Model;
  readonly patches?: Pick<Desk, 'patched' | 'syntax'> | undefined;
}

function build({ model = NO_MODEL, patches }: PlannerTools) {
  return new StateGraph(Thought)
    .addNode('screen', ({ brief }: Thought) => screen(brief))
    .addNode('inspect', async (thought: Thought) =>
      without(thought, patches ? await inspect(thought.brief, thought.accepted, patches) : []),
    )
    .addNode('compare', async (thought: Thought) =>
      without(
        thought,
        await sameInOtherWords(thought.brief, thought.accepted, model, thought.signal),
      ),
    )
    .addNode('rank', ({ brief, accepted }: Thought) => ({ accepted: rank(brief, accepted) }))
    .addNode('answer', ({ accepted, rejected }: Thought) => ({
      reply: plannerAnswer.parse({ queue: accepted.map(({ id }) => id), rejected }),
    }))
    .addEdge(START, 'screen')
    .addEdge('screen', 'inspect')
    .addConditionalEdges(
      'inspect',
      ({ brief }: Thought) => (model.has('planner') && !brief.by_rules ? 'compare' : 'rank'),
      ['compare', 'rank'],
    )
    .addEdge('compare', 'rank')
    .addEdge('rank', 'answer')
    .addEdge('answer', END)
    .compile();
}

/**
 * Every hypothesis that waits or was proposed is in exactly one of `queue` (the order to try them
 * in) and `rejected` (with a reason for people). All of them are judged as changes of
 * `brief.incumbent`, since that is what they would be tried on.
 *
 * Memory is taken at its word: it cannot tell a failure of the machine from one of the idea, so a
 * change that should be tried again must not be in it. Rejects with the signal's reason where it
 * fires while a model is asked.
 */
export function createPlanner(
  tools: PlannerTools = {},
): (brief: PlannerBrief, signal?: AbortSignal) => Promise<PlannerAnswer> {
  const graph = build(tools);
  return async (brief, signal) => (await graph.invoke({ brief, signal })).reply;
}

export const drawPlanner = (): Promise<string> => picture(build({}));

function without(
  { accepted, rejected }: Thought,
  more: readonly Rejection[],
): Pick<Thought, 'accepted' | 'rejected'> {
  const gone = new Set(more.map(({ id }) => id));
  return {
    accepted: accepted.filter(({ id }) => !gone.has(id)),
    rejected: [...rejected, ...more],
  };
}
