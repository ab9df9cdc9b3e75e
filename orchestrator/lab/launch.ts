import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { Event, EventBody } from '../domain/event.ts';
import type { Plan } from '../domain/plan.ts';
import { ROLES } from '../domain/plan-agents.ts';
import type { Queue } from '../domain/ports.ts';
import { fold, replay } from '../domain/fold.ts';
import { currentNight, type State } from '../domain/state.ts';
import { runNight, type Interruption, type Outcome } from '../night.ts';
import { goalRemark } from '../goal.ts';
import { opening } from '../opening.ts';
import { temporaryFolder } from '../../system/temporary.ts';
import { watchOwnRuns } from './own/watch.ts';
import { openWriting } from './writing.ts';
import { openExecutor } from './executor.ts';
import { makeRoom, publish } from './footprint.ts';
import { clock, type Lab, type LabPlan } from './lab.ts';
import { sweepLeftovers } from './leftovers.ts';
import { look } from './look.ts';
import { openModels } from './models.ts';
import { refuseBesideNeighbours } from './neighbours.ts';
import { unrecordedMerges } from './merged.ts';
import { papersFor } from './papers.ts';
import { sandboxRemarks } from './probe/sandbox.ts';
import { createNotifier, type Notifier } from './notify.ts';
import { commandIn } from './package.ts';
import { serveRoles } from './roles.ts';
import { createWatch, type Heard } from './watch.ts';

export type { Interruption };

/** Wires the real parts together and runs a night on them. */

export interface LaunchOptions {
  /** At most so many candidates, so many runs at once, so many seconds: below what the plan says. */
  readonly experiments?: number | undefined;
  readonly parallel?: number | undefined;
  readonly seconds?: number | undefined;
  /** Why the goal moved since the last night. */
  readonly because?: string | undefined;
}

export interface Launch extends Interruption {
  readonly onEvent: (state: State, event: Event) => void;
  /** Things to know that are no event: before the night begins, and what holds it up. */
  readonly onRemark: (text: string) => void;
  /** Called before each record is written. Fault tests end the process here. */
  readonly beforeRecord?: (body: EventBody) => void;
}

/** Runs the lab's next night, or goes on with the one that was cut off. Throws LabError. */
export async function launch(
  lab: Lab,
  labPlan: LabPlan,
  options: LaunchOptions,
  on: Launch,
): Promise<{ outcome: Outcome; state: State }> {
  const plan = limitedPlan(labPlan.plan, options);
  temporaryFolder(); // without one no run begins
  const { chooseSandbox } = await import('../../workers/local.ts');
  const shutting = sandboxRemarks(plan, await chooseSandbox(plan.sandbox));
  await makeRoom(lab.repository, labPlan.base.commit);
  const [{ openNotebook }, { countLostCalls }, { openKeptBriefs }] = await Promise.all([
    import('../../notebook/writer.ts'),
    import('../../notebook/calls.ts'),
    import('../../notebook/kept-briefs.ts'),
  ]);
  /** Of queue and notebook: a line at once, and an alert while a night is under way. */
  const heard: Heard[] = [];
  let hear = ({ text }: Heard): void => on.onRemark(text);
  const notebook = await openNotebook({
    ...{ dir: lab.notebookDir, runsDir: lab.experimentsDir, clock },
    onTrouble: (text) => hear({ level: 'warning', text }),
  });
  const notifier = notifierFor(lab, plan, on);
  const onEvent = (state: State, event: Event): void => {
    on.onEvent(state, event);
    notifier?.tell(state, event);
  };
  const own = watchOwnRuns(lab, notebook, on.onRemark);
  let opened: Promise<Queue> | undefined;
  try {
    await refuseBesideNeighbours(lab);
    const { openQueue } = await import('../queue.ts');
    // It opens while the rest is loaded and looked at; what it throws, the wait for it throws.
    opened = openQueue({
      url: plan.queue,
      lab: `autolab-${queueKey(lab)}`,
      launch: `${process.pid}-${clock.now().toString(36).replace('.', '')}`,
      cacheDir: lab.sharedCacheDir,
      onError: ({ message }) => hear({ level: 'warning', text: `queue: ${message}` }),
      onReturn: (seconds) =>
        hear({ level: 'info', text: `queue: back after ${Math.ceil(seconds)} s` }),
    });
    opened.catch(() => undefined);
    const [executor, { gpusFor, machine }] = await Promise.all([
      openExecutor(lab, on.onRemark),
      import('../../workers/local.ts'),
    ]);
    for (const orphan of await executor.endOrphans()) on.onRemark(orphan);
    await sweepLeftovers();
    await countLostCalls(lab.notebookDir, () => clock.now());
    await own.drainInbox();
    let state = replay(notebook.events);
    const record = async (body: EventBody): Promise<void> => {
      on.beforeRecord?.(body);
      const event = await notebook.append(body);
      state = fold(state, event);
      onEvent(state, event);
    };
    // Before the night is opened: what is in base is not offered to it again.
    for (const merged of await unrecordedMerges(lab, state)) await record(merged);
    const here = await machine(process.env);
    const because = options.because ?? null;
    const looked = await look(lab, { ...labPlan, plan }, state, here);
    const moved = goalRemark(state.night === null ? null : currentNight(state), plan, because);
    const found = {
      ...{
        ...looked,
        because,
        remarks: [...looked.remarks, ...shutting, ...(moved ? [moved] : [])],
      },
      gpus_per_run: gpusFor(1, plan, here)?.length ?? 0,
    };
    for (const remark of found.remarks) on.onRemark(remark);
    const queue = await opened;
    try {
      for (const body of await opening(state, found)) await record(body);
      const night = currentNight(state);
      const { id, calls, slots } = night;
      const model = await openModels(lab, plan, { id, spent: calls.total }, on.onRemark);
      const command = await commandIn(lab);
      const writing = await openWriting(lab, plan, model, on.onRemark);
      const papers = await papersFor(lab, plan, model);
      const library = { model, papers, code: lab.repository };
      const thinking = { model, library, ...writing };
      await serveRoles({ ...{ command, queue, executor, notebook, ...thinking }, slots });
      hear = (news) => void heard.push(news);
      const outcome = await runNight(
        {
          ...{ root: lab.root, queue, executor, clock, onEvent },
          ...(ROLES.some((role) => model.has(role))
            ? { briefs: openKeptBriefs(lab.notebookDir) }
            : {}),
          notebook: { ...notebook, drainInbox: own.drainInbox },
          surroundings: {
            branch_prefix: await lab.repository.branchPrefix(),
            gpus: (slot) => gpusFor(slot, plan, here),
          },
          publish: (documents) => publish(lab.root, documents),
          watch: createWatch({
            ...{ lab, clock, planText: labPlan.text, heard: () => heard.splice(0) },
          }),
          onTrouble: on.onRemark,
          ...(on.beforeRecord ? { beforeRecord: on.beforeRecord } : {}),
        },
        on,
      );
      return { outcome, state: replay(notebook.events) };
    } finally {
      await queue.close();
    }
  } finally {
    // Closed above already, unless something was thrown before.
    await opened?.then(
      (queue) => queue.close(),
      () => undefined,
    );
    const said = notebook.warnings.length;
    await own.close();
    // Both, whatever comes of the other.
    await Promise.all([notebook.close(), notifier?.close()]);
    const unsaid = heard.map(({ text }) => text);
    for (const text of [...unsaid, ...notebook.warnings.slice(said)]) on.onRemark(text);
  }
}

const notifierFor = (lab: Lab, plan: Plan, { onRemark }: Launch): Notifier | null =>
  plan.notify === undefined
    ? null
    : createNotifier({
        ...{ target: plan.notify, lab, project: plan.project, clock },
        onTrouble: onRemark,
      });

/** Of this lab on this machine: labs at the same path of two machines may share one Redis. */
const queueKey = ({ root }: Lab): string =>
  createHash('sha256').update(`${hostname()} ${root}`).digest('hex').slice(0, 16);

/** The plan with the limits of the command line, where they are tighter. */
function limitedPlan(plan: Plan, { experiments, parallel, seconds }: LaunchOptions): Plan {
  const tighter = (mine: number | undefined, other: number | undefined) =>
    mine === undefined ? other : Math.min(mine, other ?? Infinity);
  return {
    ...plan,
    budget: {
      ...plan.budget,
      experiments: tighter(experiments, plan.budget.experiments) ?? plan.budget.experiments,
      wall_clock: tighter(seconds, plan.budget.wall_clock),
      parallel: parallel ?? plan.budget.parallel,
    },
  };
}
