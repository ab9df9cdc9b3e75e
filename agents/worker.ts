import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import { preparedAnswer, runAnswer, type WorkerBrief } from '../orchestrator/domain/brief.ts';
import type { Executor, Hands, Prepared, RunOrder } from '../orchestrator/domain/ports.ts';
import type { Failure } from '../orchestrator/domain/run.ts';

/**
 * The Worker takes one piece of work: it makes an experiment's branch, or carries one attempt of a
 * run from a clean worktree to a sealed result. The steps are the executor's; the order is here.
 */
export type WorkerAnswer = Prepared | { readonly sealed: true };

export type Worker = (
  brief: WorkerBrief,
  job: { readonly signal: AbortSignal },
) => Promise<WorkerAnswer>;

const Attempt = Annotation.Root({
  brief: Annotation<WorkerBrief>,
  signal: Annotation<AbortSignal>,
  hands: Annotation<Hands>,
  /** What ends the attempt: the first failure counts, the ones that follow from it do not. */
  failure: Annotation<Failure | null>,
  reply: Annotation<WorkerAnswer>,
});
type Attempt = typeof Attempt.State;

/**
 * A failed attempt is an answer like a good one. What is sealed already is not run again. When the
 * signal fires, the hands end the training and the rest goes its way, so that what was measured is
 * kept. What a hand throws is a bug and comes through as it was thrown; nothing is sealed then.
 */
export function createWorker(executor: Executor): Worker {
  const graph = new StateGraph(Attempt)
    // A model's patch will be written here, from the hypothesis, and prepared like any other.
    .addNode('prepare', async ({ brief }: Attempt) => {
      if (brief.task !== 'prepare') throw wrongTask(brief);
      return { reply: preparedAnswer.parse(await executor.prepare(brief.order)) };
    })
    .addNode('recall', async ({ brief, signal }: Attempt) => {
      const order = runOrder(brief);
      return (await executor.sealed(order.run, order.attempt, order.commit))
        ? { reply: SEALED }
        : { hands: executor.open(order, signal), failure: null };
    })
    .addNode('checkOut', async ({ hands }: Attempt) => ({ failure: await hands.checkOut() }))
    .addNode('setUp', async ({ hands }: Attempt) => ({ failure: await hands.setUp() }))
    .addNode('train', async ({ hands }: Attempt) => ({ failure: await hands.train() }))
    .addNode('verify', async ({ hands }: Attempt) => ({ failure: await hands.verify() }))
    .addNode('measure', async ({ hands, failure }: Attempt) => {
      const unmeasured = await hands.measure();
      return { failure: failure ?? unmeasured };
    })
    // A model's diagnosis and repair of a failed run will stand between measure and seal.
    .addNode('seal', async ({ hands, failure }: Attempt) => {
      await hands.seal(failure);
      return { reply: SEALED };
    })
    .addConditionalEdges(START, ({ brief }: Attempt) => TASKS[brief.task], ['prepare', 'recall'])
    .addEdge('prepare', END)
    .addConditionalEdges('recall', ({ reply }: Attempt) => (reply ? END : 'checkOut'), [
      'checkOut',
      END,
    ])
    .addConditionalEdges('checkOut', unlessFailed('setUp', 'seal'), ['setUp', 'seal'])
    .addConditionalEdges('setUp', unlessFailed('train', 'seal'), ['train', 'seal'])
    // What a failed or killed training printed is kept; only a good number needs to be verified.
    .addConditionalEdges('train', unlessFailed('verify', 'measure'), ['verify', 'measure'])
    .addEdge('verify', 'measure')
    .addEdge('measure', 'seal')
    .addEdge('seal', END)
    .compile();
  return async (brief, { signal }) => (await graph.invoke({ brief, signal })).reply;
}

const SEALED = runAnswer.parse({ sealed: true });

const TASKS = { prepare: 'prepare', run: 'recall' } as const;

const unlessFailed =
  <A, B>(next: A, otherwise: B) =>
  ({ failure }: Attempt): A | B =>
    failure ? otherwise : next;

function runOrder(brief: WorkerBrief): RunOrder {
  if (brief.task !== 'run') throw wrongTask(brief);
  return brief.order;
}

const wrongTask = ({ task }: WorkerBrief): Error => new Error(`no way leads here with ${task}`);
