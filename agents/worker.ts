import {
  preparedAnswer,
  repairAnswer,
  runAnswer,
  writeAnswer,
  type RepairAnswer,
  type WorkerBrief,
  type WriteAnswer,
} from '../orchestrator/domain/brief.ts';
import type { Executor, Hands, Prepared, RunOrder } from '../orchestrator/domain/ports.ts';
import type { Failure } from '../orchestrator/domain/run.ts';
import { Annotation, END, START, StateGraph } from './langgraph.ts';
import { picture } from './picture.ts';
import type { Author } from './worker/author.ts';

/**
 * The Worker takes one piece of work: it has a patch written or repaired, makes an experiment's
 * branch, carries one attempt of a run from a clean worktree to a sealed result, or looks at what is
 * held out. The steps are the executor's; the order is here,
 * in few nodes: each costs a millisecond of the time between two trainings.
 */
export type WorkerAnswer =
  | Prepared
  | { readonly sealed: true }
  | WriteAnswer
  | RepairAnswer
  | { readonly value: number | string | null; readonly failure: Failure | null };

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
  trained: Annotation<boolean>,
  reply: Annotation<WorkerAnswer>,
});
type Attempt = typeof Attempt.State;

function build(executor: Executor, author: Author) {
  return new StateGraph(Attempt)
    .addNode('write', async ({ brief, signal }: Attempt) => {
      if (brief.task !== 'write') throw wrongTask(brief);
      const said = author.write ? await author.write(brief, signal) : UNWRITTEN;
      return { reply: writeAnswer.parse(said) };
    })
    .addNode('repair', async ({ brief, signal }: Attempt) => {
      if (brief.task !== 'repair') throw wrongTask(brief);
      const said = author.repair ? await author.repair(brief, signal) : { gave_up: NOBODY };
      return { reply: repairAnswer.parse(said) };
    })
    .addNode('prepare', async ({ brief }: Attempt) => {
      if (brief.task !== 'prepare') throw wrongTask(brief);
      return { reply: preparedAnswer.parse(await executor.prepare(brief.order)) };
    })
    .addNode('hold_out', async ({ brief, signal }: Attempt) => {
      if (brief.task !== 'hold_out') throw wrongTask(brief);
      const { value, failure } = await executor.holdOut(brief.order, signal);
      // It crosses a queue, and JSON has no NaN.
      const said = value === null || Number.isFinite(value) ? value : String(value);
      return { reply: { value: said, failure } };
    })
    .addNode('ready', async ({ brief, signal }: Attempt) => {
      const order = runOrder(brief);
      if (await executor.sealed(order.run, order.attempt, order.commit)) return { reply: SEALED };
      const hands = executor.open(order, signal);
      return { hands, failure: (await hands.checkOut()) ?? (await hands.setUp()) };
    })
    .addNode('train', async ({ hands }: Attempt) => ({
      failure: await hands.train(),
      trained: true,
    }))
    .addNode('finish', async ({ hands, failure, trained }: Attempt) => {
      await hands.seal(trained ? await examined(hands, failure) : failure);
      return { reply: SEALED };
    })
    .addConditionalEdges(START, ({ brief }: Attempt) => TASKS[brief.task], [
      'write',
      'repair',
      'prepare',
      'ready',
      'hold_out',
    ])
    .addEdge('write', END)
    .addEdge('repair', END)
    .addEdge('prepare', END)
    .addEdge('hold_out', END)
    .addConditionalEdges('ready', afterReady, ['train', 'finish', END])
    .addEdge('train', 'finish')
    .addEdge('finish', END)
    .compile();
}

/**
 * A failed attempt is an answer like a good one. What is sealed already is not run again. When the
 * signal fires, the hands end the training and the rest goes its way, so that what was measured is
 * kept. What a hand throws is a bug and comes through as it was thrown; nothing is sealed then.
 */
export function createWorker(executor: Executor, author: Author = {}): Worker {
  const graph = build(executor, author);
  return async (brief, { signal }) => (await graph.invoke({ brief, signal })).reply;
}

export const drawWorker = (executor: Executor): Promise<string> => picture(build(executor, {}));

/** What a failed or killed training printed is kept, and what it wrote where it may not is named. */
async function examined(hands: Hands, failure: Failure | null): Promise<Failure | null> {
  const found = besides(failure, await hands.verify());
  const unmeasured = await hands.measure();
  return found ?? unmeasured;
}

/** The first failure counts; a run that also wrote where it may not says so. */
const besides = (failure: Failure | null, offence: Failure | null): Failure | null =>
  failure && offence
    ? { ...failure, message: `${failure.message}; besides, ${offence.message}` }
    : (failure ?? offence);

const SEALED = runAnswer.parse({ sealed: true });

const NOBODY = 'no model and no coding agent is configured';
const UNWRITTEN: WriteAnswer = { failure: { class: 'infrastructure', message: NOBODY } };

const TASKS = {
  write: 'write',
  repair: 'repair',
  prepare: 'prepare',
  run: 'ready',
  hold_out: 'hold_out',
} as const;

const afterReady = ({ reply, failure }: Attempt): 'train' | 'finish' | typeof END =>
  reply ? END : failure ? 'finish' : 'train';

function runOrder(brief: WorkerBrief): RunOrder {
  if (brief.task !== 'run') throw wrongTask(brief);
  return brief.order;
}

const wrongTask = ({ task }: WorkerBrief): Error => new Error(`no way leads here with ${task}`);
