import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { PlannerBrief, ReporterBrief, ResearcherBrief, WorkerBrief } from '../domain/brief.ts';
import type { Event } from '../domain/event.ts';
import type { Proposal } from '../domain/hypothesis.ts';
import { isExperimentId, numberOf } from '../domain/ids.ts';
import { PLAN_FILE } from '../domain/layout.ts';
import type { Plan } from '../domain/plan.ts';
import type { Executor, Json, Notebook, Queue } from '../domain/ports.ts';
import { currentNight, experimentIn, fold, replay, type State } from '../domain/state.ts';
import {
  candidateValues,
  knobSettings,
  rewriteKnob,
  rewriteRun,
  sampleRange,
} from '../knobs/knobs.ts';
import { commandIn, packageRoot } from './package.ts';
import { runNight, type Interruption, type Outcome } from '../night.ts';
import { opening, type Found } from '../opening.ts';
import { makeRoom, publish } from './footprint.ts';
import { clock, type Lab, type LabPlan } from './lab.ts';

/** Wires the real parts together and runs a night on them. */

export interface LaunchOptions {
  /** At most so many candidates, so many runs at once, so many seconds: below what the plan says. */
  readonly experiments?: number | undefined;
  readonly parallel?: number | undefined;
  readonly seconds?: number | undefined;
}

export interface Launch extends Interruption {
  readonly onEvent: (state: State, event: Event) => void;
  /** Things to know before the night begins, in words. */
  readonly onRemark: (text: string) => void;
}

/** What `launch` would do, without doing it. */
export interface Prospect {
  readonly plan: Plan;
  readonly slots: number;
  /** Hardware and toolchain, in words. */
  readonly machine: string;
  readonly dirty: readonly string[];
}

/** Runs the lab's next night, or goes on with the one that was cut off. Throws LabError. */
export async function launch(
  lab: Lab,
  labPlan: LabPlan,
  options: LaunchOptions,
  on: Launch,
): Promise<{ outcome: Outcome; state: State }> {
  const plan = limitedPlan(labPlan.plan, options);
  await makeRoom(lab.repository, labPlan.base.commit);
  const { openNotebook } = await import('../../notebook/writer.ts');
  const notebook = await openNotebook({ dir: lab.notebookDir, runsDir: lab.experimentsDir, clock });
  try {
    const [executor, { openQueue }] = await Promise.all([openExecutor(lab), import('../queue.ts')]);
    for (const orphan of await executor.endOrphans()) on.onRemark(orphan);
    await notebook.drainInbox();
    let state = replay(notebook.events);
    const found = await look(lab, { ...labPlan, plan }, state);
    for (const remark of found.remarks) on.onRemark(remark);
    const queue = await openQueue({
      url: plan.queue,
      lab: `autolab-${queueKey(lab)}`,
      launch: `${process.pid}-${clock.now().toString(36)}`,
      cacheDir: lab.sharedCacheDir,
      onError: (error) => on.onRemark(`queue: ${error.message}`),
    });
    try {
      for (const body of await opening(state, found)) {
        const event = await notebook.append(body);
        state = fold(state, event);
        on.onEvent(state, event);
      }
      const night = currentNight(state);
      await serveRoles(await commandIn(lab), queue, executor, notebook, night.slots);
      const { gpusFor, machine } = await import('../../workers/local.ts');
      const here = await machine(process.env);
      const outcome = await runNight(
        {
          ...{ root: lab.root, notebook, queue, executor, clock },
          surroundings: {
            branch_prefix: await lab.repository.branchPrefix(),
            gpus: (slot) => gpusFor(slot, plan, here),
          },
          publish: (documents) => publish(lab.root, documents),
          onEvent: on.onEvent,
        },
        on,
      );
      return { outcome, state: replay(notebook.events) };
    } finally {
      await queue.close();
    }
  } finally {
    await notebook.close();
  }
}

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

/** What stands in the way of nothing and is still worth knowing. */
export async function prospect(lab: Lab, { plan }: LabPlan): Promise<Prospect> {
  const { machine, machineInWords, slotsFor } = await import('../../workers/local.ts');
  const here = await machine(process.env);
  const dirty = await lab.repository.dirtyPaths();
  return { plan, slots: slotsFor(plan, here), machine: machineInWords(here), dirty };
}

async function look(lab: Lab, labPlan: LabPlan, state: State): Promise<Found> {
  const { plan, text, base, remarks } = labPlan;
  const { repository, root } = lab;
  const { dataIdentity } = await import('../../workers/local.ts');
  const { slots, machine, dirty } = await prospect(lab, labPlan);
  return {
    ...{ plan, plan_text: text, base, slots, machine },
    settings: await settingsAt(lab, plan, base.commit),
    data: await Promise.all(
      plan.workspace.link.map((path) => dataIdentity(root, path, lab.cacheDir)),
    ),
    own: await ownProposals(plan, root),
    diffOf: async (id) => {
      const experiment = experimentIn(state, id);
      const from = experimentIn(state, experiment.baseline).commit;
      if (from === null || experiment.commit === null) return '';
      // Its commit may be gone: the branch was deleted, and git collected it.
      return repository.diff(from, experiment.commit).catch(() => '');
    },
    highest_number: Math.max(await repository.highestExperiment(), await highestFolder(lab)),
    remarks: [...remarks, ...dirtyRemark(dirty)],
  };
}

/** Every knob's value at a commit. Throws LabError plan where one cannot be read. */
async function settingsAt({ repository }: Lab, plan: Plan, commit: string) {
  const read = (path: string) => repository.readFile(commit, path);
  return knobSettings(plan, await read(PLAN_FILE), read);
}

/** Folders of experiments outlive a deleted notebook: no new experiment writes into an old one's. */
async function highestFolder({ experimentsDir }: Lab): Promise<number> {
  const names: string[] = await readdir(experimentsDir).catch(() => []);
  return Math.max(-1, ...names.filter(isExperimentId).map((id) => numberOf(id)));
}

/** A night builds on commits: what is not committed is not in it, and is not touched either. */
const dirtyRemark = (all: readonly string[]): string[] => {
  const dirty = all.filter((path) => path !== PLAN_FILE);
  const plan =
    all.length > dirty.length ? [`${PLAN_FILE} is not committed; it is used as it is`] : [];
  if (dirty.length === 0) return plan;
  const some = dirty.slice(0, 5).join(', ') + (dirty.length > 5 ? ', …' : '');
  return [...plan, `uncommitted changes are left alone and take no part in the night: ${some}`];
};

async function ownProposals(plan: Plan, root: string): Promise<Proposal[]> {
  return Promise.all(
    plan.hypotheses.map(async (own): Promise<Proposal> => ({
      title: own.title,
      because: own.because ?? 'you asked for it',
      source: 'yours',
      line: own.line ?? Object.keys(own.change ?? {})[0] ?? 'patch',
      change:
        own.patch === undefined
          ? { kind: 'knobs', values: own.change ?? {} }
          : { kind: 'patch', file: own.patch, diff: await readFile(join(root, own.patch), 'utf8') },
      success_criteria: own.success_criteria ?? [],
    })),
  );
}

const versionOf = async (): Promise<string> => {
  const text = await readFile(join(await packageRoot(), 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
};

async function openExecutor(lab: Lab): Promise<Executor> {
  const [{ openLocalExecutor }, { writeLargeParquet }] = await Promise.all([
    import('../../workers/local.ts'),
    import('../../notebook/large-parquet.ts'),
  ]);
  const { root, cacheDir, experimentsDir, repository } = lab;
  return openLocalExecutor({
    ...{ root, cacheDir, experimentsDir, repository, clock },
    ...{ rewriteKnob, rewriteRun, writeLargeParquet, version: await versionOf() },
    // A patch may have taken a knob's line away: that is no fault of the patch.
    readSettings: (plan, commit) => settingsAt(lab, plan, commit).catch(() => null),
  });
}

/** Binds every role to the queue. Preparing shares the worker's queue and waits for no slot. */
async function serveRoles(
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
