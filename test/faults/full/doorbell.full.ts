import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openNotebook } from '../../../notebook/writer.ts';
import type { Finished, Queue } from '../../../orchestrator/domain/ports.ts';
import { fold, replay } from '../../../orchestrator/domain/fold.ts';
import { currentNight } from '../../../orchestrator/domain/state.ts';
import { openExecutor } from '../../../orchestrator/lab/executor.ts';
import { clock, openLab, readLabPlan } from '../../../orchestrator/lab/lab.ts';
import { look } from '../../../orchestrator/lab/look.ts';
import { publish } from '../../../orchestrator/lab/footprint.ts';
import { NO_MODEL } from '../../../orchestrator/domain/model.ts';
import { serveRoles } from '../../../orchestrator/lab/roles.ts';
import { runNight, type Outcome } from '../../../orchestrator/night.ts';
import { opening } from '../../../orchestrator/opening.ts';
import { openQueue } from '../../../orchestrator/queue.ts';
import { machine } from '../../../workers/local.ts';
import { aFaultLab, scratchOf, TINY_PLAN } from '../../support/faults.ts';
import { intact } from '../../support/faults-intact.ts';
import { checkout, type FixtureLab } from '../../support/lab.ts';

/** A night in this process, whose queue is the real one behind a faulty doorbell. */
async function nightOver(
  fixture: FixtureLab,
  faulty: (queue: Queue) => Queue,
  stop = new AbortController().signal,
): Promise<Outcome> {
  const lab = await openLab(fixture.root);
  const labPlan = await readLabPlan(lab);
  const notebook = await openNotebook({ dir: lab.notebookDir, runsDir: lab.experimentsDir, clock });
  const queue = faulty(
    await openQueue({
      ...{ url: 'embedded', lab: 'a test', launch: '1', cacheDir: lab.sharedCacheDir },
    }),
  );
  try {
    const executor = await openExecutor(lab);
    await executor.endOrphans();
    let state = replay(notebook.events);
    const found = await look(lab, labPlan, state, await machine(process.env));
    for (const body of await opening(state, found))
      state = fold(state, await notebook.append(body));
    const { slots } = currentNight(state);
    await serveRoles({
      command: 'autolab',
      queue,
      executor,
      notebook,
      model: NO_MODEL,
      author: {},
      slots,
    });
    return await runNight(
      {
        ...{ root: lab.root, notebook, queue, executor, clock },
        surroundings: { branch_prefix: await lab.repository.branchPrefix(), gpus: () => null },
        publish: (documents) => publish(lab.root, documents),
      },
      { drain: stop, stop },
    );
  } finally {
    await queue.close();
    await notebook.close();
  }
}

function aLab(): FixtureLab {
  const lab = aFaultLab('embedded', { 'research_plan.yaml': TINY_PLAN });
  const before = process.env['XDG_CACHE_HOME'];
  process.env['XDG_CACHE_HOME'] = join(lab.folder, 'cache');
  mkdirSync(scratchOf(lab));
  onTestFinished(() => {
    if (before === undefined) delete process.env['XDG_CACHE_HOME'];
    else process.env['XDG_CACHE_HOME'] = before;
    lab.remove();
  });
  return lab;
}

test('answers that are told three times, in any order, and long after others, count once', async () => {
  const lab = aLab();
  const before = checkout(lab);
  let told = 0;
  const outcome = await nightOver(lab, (queue) => ({
    ...methodsOf(queue),
    onFinished: (listener) =>
      queue.onFinished((finished) => {
        told += 1;
        for (const ms of told % 2 === 0 ? [0, 0, 400] : [150, 300, 600])
          setTimeout(() => listener(finished), ms);
      }),
  }));
  expect(outcome.kind).toBe('ended');
  expect(told).toBeGreaterThan(10);
  expect(await intact(lab, { checkout: before })).toEqual([]);
}, 120_000);

test('what an attempt says after it was fenced off is not taken', async () => {
  const lab = aLab();
  const before = checkout(lab);
  const stop = new AbortController();
  const late: Finished[] = [];
  // The first launch never hears of its runs, and is stopped.
  const first = await nightOver(
    lab,
    (queue) => ({
      ...methodsOf(queue),
      dispatch: (job) => {
        if (!job.id.startsWith('run-')) return queue.dispatch(job);
        late.push({ id: job.id, role: job.role, output: { sealed: true } });
        setTimeout(() => stop.abort(), 50);
        return Promise.resolve();
      },
    }),
    stop.signal,
  );
  expect(first.kind).toBe('interrupted');
  expect(late.length).toBeGreaterThan(0);
  // The second one hears of them, again and again.
  const second = await nightOver(lab, (queue) => ({
    ...methodsOf(queue),
    onFinished: (listener) =>
      queue.onFinished((finished) => {
        for (const each of late) listener(each);
        listener(finished);
      }),
  }));
  expect(second.kind).toBe('ended');
  expect(await intact(lab, { checkout: before })).toEqual([]);
}, 120_000);

const methodsOf = (queue: Queue): Queue => ({
  dispatch: (job) => queue.dispatch(job),
  serve: (role, concurrency, handler) => queue.serve(role, concurrency, handler),
  onFinished: (listener) => queue.onFinished(listener),
  hasBegun: (job) => queue.hasBegun(job),
  close: () => queue.close(),
});
