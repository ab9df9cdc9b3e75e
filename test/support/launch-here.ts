import { openNotebook } from '../../notebook/writer.ts';
import type { Author } from '../../agents/worker/author.ts';
import type { EventBody } from '../../orchestrator/domain/event.ts';
import { fold, replay } from '../../orchestrator/domain/fold.ts';
import { NO_MODEL } from '../../orchestrator/domain/model.ts';
import type { Clock, Finished, Handler, Job, Queue } from '../../orchestrator/domain/ports.ts';
import { currentNight, type State } from '../../orchestrator/domain/state.ts';
import { openExecutor } from '../../orchestrator/lab/executor.ts';
import { publish } from '../../orchestrator/lab/footprint.ts';
import { clock as systemClock, openLab, readLabPlan } from '../../orchestrator/lab/lab.ts';
import { look } from '../../orchestrator/lab/look.ts';
import { serveRoles } from '../../orchestrator/lab/roles.ts';
import { runNight } from '../../orchestrator/night.ts';
import { opening } from '../../orchestrator/opening.ts';
import { machine } from '../../workers/local.ts';
import type { FixtureLab } from './lab.ts';

/** A launch in this process: git, trainings, notebook and agents as they are, the queue a list. */

/** Answers each job once, in this process; those that `lost` names, never: their server is gone. */
function queueHere(lost: (job: Job) => boolean): Queue {
  const handlers = new Map<string, Handler>();
  const begun = new Set<string>();
  const listeners: ((finished: Finished) => void)[] = [];
  const closing = new AbortController();
  const going = new Set<Promise<void>>();
  return {
    dispatch: async (job) => {
      const { id, role, input } = job;
      if (lost(job)) return;
      begun.add(id);
      const handler = handlers.get(role);
      if (!handler) throw new Error(`nobody serves ${role}`);
      const work = handler(structuredClone(input), { id, signal: closing.signal }).then(
        (output): Finished => ({ id, role, output: structuredClone(output) }),
        (error: unknown): Finished => ({ id, role, error: String(error) }),
      );
      const told = work.then((finished) => listeners.forEach((listener) => listener(finished)));
      going.add(told);
      told.finally(() => going.delete(told)).catch(() => undefined);
    },
    serve: async (role, _, handler) => void handlers.set(role, handler),
    onFinished: (listener) => void listeners.push(listener),
    hasBegun: ({ id }) => begun.has(id),
    close: async () => {
      closing.abort('fenced');
      await Promise.allSettled(going);
    },
  };
}

class Killed extends Error {}

interface LaunchOptions {
  readonly author: Author;
  readonly dies?: (body: EventBody) => boolean;
  readonly lost?: (job: Job) => boolean;
  readonly drain?: AbortSignal;
  readonly clock?: Clock;
}

/**
 * One launch, and the lab as it leaves it; null where it died, as it does before the first record
 * for which `dies` holds.
 */
export async function launchHere(
  fixture: FixtureLab,
  {
    author,
    dies = () => false,
    lost = () => false,
    drain = new AbortController().signal,
    clock = systemClock,
  }: LaunchOptions,
): Promise<State | null> {
  const lab = await openLab(fixture.root);
  const labPlan = await readLabPlan(lab);
  const notebook = await openNotebook({ dir: lab.notebookDir, runsDir: lab.experimentsDir, clock });
  const queue = queueHere(lost);
  try {
    const executor = await openExecutor(lab);
    await executor.endOrphans();
    let state = replay(notebook.events);
    const found = await look(lab, labPlan, state, await machine(process.env));
    for (const body of await opening(state, found))
      state = fold(state, await notebook.append(body));
    await serveRoles({
      ...{ command: 'autolab', queue, executor, notebook, model: NO_MODEL, author },
      slots: currentNight(state).slots,
    });
    await runNight(
      {
        ...{ root: lab.root, notebook, queue, executor, clock },
        surroundings: { branch_prefix: await lab.repository.branchPrefix(), gpus: () => null },
        publish: (documents) => publish(lab.root, documents),
        beforeRecord: (body) => {
          if (dies(body)) throw new Killed(body.type);
        },
      },
      { drain, stop: new AbortController().signal },
    );
    return replay(notebook.events);
  } catch (error) {
    if (error instanceof Killed) return null;
    throw error;
  } finally {
    await queue.close();
    await notebook.close();
  }
}
