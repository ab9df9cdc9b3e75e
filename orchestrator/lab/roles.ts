import type { PlannerBrief, ReporterBrief, ResearcherBrief, WorkerBrief } from '../domain/brief.ts';
import type { Author } from '../../agents/worker/author.ts';
import type { Desk } from '../domain/desk.ts';
import type { Model } from '../domain/model.ts';
import type { Library } from '../../agents/researcher.ts';
import type { Executor, Json, Notebook, Queue } from '../domain/ports.ts';
import { AUTHORS } from '../writing.ts';
import { candidateValues, sampleRange } from '../knobs/knobs.ts';

export interface RoleParts {
  /** How AutoLab is called in this lab. */
  readonly command: string;
  readonly queue: Queue;
  readonly executor: Executor;
  readonly notebook: Notebook;
  /** What the roles think with. */
  readonly model: Model;
  /** Who writes patches, and repairs them. */
  readonly author: Author;
  /** Where git and parsers look at patches before they are planned. Absent: nobody writes any. */
  readonly desk?: Desk;
  /** What the Researcher reads before it asks a model. Absent: nothing, and it asks none. */
  readonly library?: Library;
  readonly slots: number;
}

/** Binds every role to the queue. Preparing shares the worker's queue, and waits for no slot. */
export async function serveRoles({
  command,
  queue,
  executor,
  notebook,
  author,
  desk,
  model,
  library,
  slots,
}: RoleParts): Promise<void> {
  const [{ createResearcher }, { createPlanner }, { createWorker }, { createReporter }] =
    await Promise.all([
      import('../../agents/researcher.ts'),
      import('../../agents/planner.ts'),
      import('../../agents/worker.ts'),
      import('../../agents/reporter.ts'),
    ]);
  const research = createResearcher({ candidateValues, sampleRange }, library);
  const plan = createPlanner({ model, ...(desk && { patches: desk }) });
  const work = createWorker(executor, author);
  const report = createReporter({ notebook, command });
  const asJson = (answer: unknown) => answer as Json;
  const told = <Brief>(input: Json) => input as unknown as Brief;
  await Promise.all([
    // Moves and plans by rules go beside what a model takes its time for.
    queue.serve('researcher', 2, async (input, { signal }) =>
      asJson(await research(told<ResearcherBrief>(input), signal)),
    ),
    queue.serve('planner', 2, async (input, { signal }) =>
      asJson(await plan(told<PlannerBrief>(input), signal)),
    ),
    // Beside the slots' runs, two that are prepared.
    queue.serve('worker', slots + 2, async (input, job) =>
      asJson(await work(told<WorkerBrief>(input), job)),
    ),
    queue.serve('author', AUTHORS, async (input, job) =>
      asJson(await work(told<WorkerBrief>(input), job)),
    ),
    queue.serve('reporter', 1, async (input) => asJson(await report(told<ReporterBrief>(input)))),
  ]);
}
