import { LabError } from '../../domain/errors.ts';
import type { EventBody } from '../../domain/event.ts';
import { runId, type ExperimentId } from '../../domain/ids.ts';
import type { Finished, Json, Notebook } from '../../domain/ports.ts';
import type { RunResult } from '../../domain/run.ts';
import { fold, replay } from '../../domain/fold.ts';
import { currentNight, experimentIn, type State } from '../../domain/state.ts';
import type { Work } from '../../actions.ts';
import { understand } from '../../answers.ts';
import { briefFor } from '../../briefs.ts';
import { opening } from '../../opening.ts';
import { publish } from '../footprint.ts';
import { openExecutor } from '../executor.ts';
import { clock, type Lab, type LabPlan } from '../lab.ts';
import { look } from '../look.ts';
import { commandIn } from '../package.ts';
import { serveRoles } from '../roles.ts';
import { NO_MODEL } from '../../domain/model.ts';
import type { Scratch } from './scratch.ts';
import { watched, type Watch } from './watched.ts';

/**
 * A night without its decisions: the same queue, roles, briefs, answers and journal, and somebody
 * else who says what comes next.
 */
export interface Drive {
  readonly notebook: Notebook;
  state(): State;
  record(body: EventBody): Promise<void>;
  /** Sends work through the queue to its role, and takes its answer in. Throws LabError failed. */
  carry(work: Work): Promise<void>;
  /** One run of a prepared experiment, from its order to its result in the notebook. */
  run(experiment: ExperimentId, n: number, seed: number | null): Promise<RunResult>;
  close(): Promise<void>;
}

/** Thrown where the user wants it to end. */
export class Interrupted extends Error {}

export async function openDrive(
  lab: Lab,
  labPlan: LabPlan,
  scratch: Scratch,
  watch: Watch,
  signal: AbortSignal,
): Promise<Drive> {
  const [{ openNotebook }, { openQueue }, { gpusFor, machine }] = await Promise.all([
    import('../../../notebook/writer.ts'),
    import('../../queue.ts'),
    import('../../../workers/local.ts'),
  ]);
  const { plan } = labPlan;
  const { notebookDir, experimentsDir } = scratch.lab;
  const notebook = await openNotebook({ dir: notebookDir, runsDir: experimentsDir, clock });
  const troubles: string[] = [];
  const queue = await openQueue({
    url: plan.queue,
    // A night of this lab may have its own on the same Redis.
    lab: `autolab-${scratch.branchOf('E-0').replaceAll('/', '-')}`,
    launch: Math.round(clock.now()).toString(36),
    cacheDir: lab.sharedCacheDir,
    onError: (error) => troubles.push(error.message),
  }).catch(async (error: unknown) => {
    await notebook.close();
    throw error;
  });
  const close = async (): Promise<void> => {
    try {
      await queue.close();
    } finally {
      await notebook.close();
    }
  };
  try {
    const executor = watched(await openExecutor(scratch.lab), watch);
    const command = await commandIn(lab);
    await serveRoles({
      ...{ command, queue, executor, notebook, model: NO_MODEL, author: {} },
      slots: 1,
    });
    const here = await machine(process.env);
    const surroundings = {
      branch_prefix: await lab.repository.branchPrefix(),
      gpus: (slot: number) => gpusFor(slot, plan, here),
    };
    const parts = {
      ...{ root: scratch.top, notebook, executor, surroundings },
      publish: (documents: Parameters<typeof publish>[1]) => publish(scratch.top, documents),
    };
    await notebook.drainInbox();
    let state = replay(notebook.events);
    const waiting = new Map<string, (finished: Finished) => void>();
    queue.onFinished((finished) => waiting.get(finished.id)?.(finished));

    const record = async (body: EventBody): Promise<void> => {
      state = fold(state, await notebook.append(body));
    };
    const carry = async (work: Work): Promise<void> => {
      const input = briefFor(state, work, surroundings) as unknown as Json;
      const finished = await new Promise<Finished>((resolve, reject) => {
        const stop = () => reject(new Interrupted());
        if (signal.aborted) return stop();
        signal.addEventListener('abort', stop, { once: true });
        waiting.set(work.id, (answer) => {
          signal.removeEventListener('abort', stop);
          resolve(answer);
        });
        queue.dispatch({ id: work.id, role: work.role, input }).catch(reject);
      });
      const answer = await understand(parts, state, work, finished);
      if ('error' in answer) throw new LabError('failed', [answer.error, ...troubles].join('; '));
      for (const body of answer.bodies) await record(forGood(body));
    };
    const run: Drive['run'] = async (experiment, n, seed) => {
      const id = runId(experiment, n);
      const purpose = experimentIn(state, experiment).hypothesis === null ? 'baseline' : 'screen';
      const started = { run: id, experiment, seed, purpose, attempt: 1, slot: 1 } as const;
      await record({ type: 'run_started', ...started });
      await carry({ kind: 'run', id: `run-${id}-1`, role: 'worker', run: id, attempt: 1 });
      const result = state.runs.get(id)?.result;
      if (!result) throw new LabError('failed', `expected a result of ${id}, found none`);
      return result;
    };
    const found = await look(scratch.lab, labPlan, state, here);
    for (const body of await opening(state, { ...found, slots: 1, highest_number: -1 }))
      await record(body);
    currentNight(state);
    return { notebook, state: () => state, record, carry, run, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A rehearsal waits for no machine: what fails has failed. */
function forGood(body: EventBody): EventBody {
  if (body.type !== 'experiment_unprepared') return body;
  const { again: _, ...failed } = body;
  return failed;
}
