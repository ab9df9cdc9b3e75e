import type { PlannerBrief, ReporterBrief, ResearcherBrief, WorkerBrief } from '../domain/brief.ts';
import type { Executor, Json, Notebook, Queue } from '../domain/ports.ts';
import { candidateValues, sampleRange } from '../knobs/knobs.ts';

/** Binds every role to the queue. Preparing shares the worker's queue and waits for no slot. */
export async function serveRoles(
  command: string,
  queue: Queue,
  executor: Executor,
  notebook: Notebook,
  slots: number,
): Promise<void> {
  const [{ createResearcher }, { plan }, { createWorker }, { createReporter }] = await Promise.all([
    import('../../agents/researcher.ts'),
    import('../../agents/planner.ts'),
    import('../../agents/worker.ts'),
    import('../../agents/reporter.ts'),
  ]);
  const research = createResearcher({ candidateValues, sampleRange });
  const work = createWorker(executor);
  const report = createReporter({ notebook, command });
  const asJson = (answer: unknown) => answer as Json;
  const told = <Brief>(input: Json) => input as unknown as Brief;
  await Promise.all([
    queue.serve('researcher', 1, async (input) =>
      asJson(await research(told<ResearcherBrief>(input))),
    ),
    queue.serve('planner', 1, async (input) => asJson(await plan(told<PlannerBrief>(input)))),
    queue.serve('worker', slots + 2, async (input, job) =>
      asJson(await work(told<WorkerBrief>(input), job)),
    ),
    queue.serve('reporter', 1, async (input) => asJson(await report(told<ReporterBrief>(input)))),
  ]);
}
