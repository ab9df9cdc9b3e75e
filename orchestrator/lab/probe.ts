import { temporaryFolder } from '../../system/temporary.ts';
import { holderOf } from '../../notebook/lock.ts';
import { fromTop, tidyPath } from '../domain/editable.ts';
import { overlap } from '../domain/labels.ts';
import { PLAN_FILE } from '../domain/layout.ts';
import { plannedWork } from '../domain/planned-work.ts';
import type { Machine } from '../../workers/local.ts';
import { makeRoom } from './footprint.ts';
import type { Lab, LabPlan } from './lab.ts';
import { prospect, type Prospect } from './look.ts';
import { neighbours } from './neighbours.ts';
import { missingProgram } from './program.ts';
import { agentSeesItself } from './writing.ts';
import { codingAgentProbes } from './probe/coding-agent.ts';
import { diskProbes } from './probe/disk.ts';
import { gitProbe } from './probe/git.ts';
import { gpuProbes } from './probe/gpu.ts';
import { bad, odd, ok, words, type Probe } from './probe/probe.ts';
import { modelProbes } from './probe/models.ts';
import { pythonProbes } from './probe/python.ts';
import { interpreterProbe, sandboxProbes } from './probe/sandbox.ts';

export type { Probe } from './probe/probe.ts';
export { estimate, measuredIn, type Estimate } from './probe/estimate.ts';
export { inTime } from './probe/quantities.ts';
export { touches } from './probe/touches.ts';

/** Cheap looks at what a night needs, so that it breaks now and not at midnight. */

/** The machine, and what `launch` would do on it. */
export interface Ground extends Prospect {
  readonly here: Machine;
}

export async function groundOf(lab: Lab, labPlan: LabPlan): Promise<Ground> {
  const { machine } = await import('../../workers/local.ts');
  const here = await machine(process.env);
  return { here, ...(await prospect(lab, labPlan, here)) };
}

/** Everything short of training. The plan has been validated: that is the first line. */
export async function probes(
  lab: Lab,
  labPlan: LabPlan,
  { here, slots, machine, dirty }: Ground,
): Promise<readonly Probe[]> {
  const { plan, base, remarks } = labPlan;
  const branch = base.branch ?? 'a detached HEAD (promote will make a branch autolab-best)';
  const knobs = Object.keys(plan.search_space).length;
  const own = plannedWork(plan).length;
  const missing = await programProbe(lab, labPlan);
  const { chooseSandbox } = await import('../../workers/local.ts');
  const choice = await chooseSandbox(plan.sandbox);
  return [
    ok(
      'plan',
      `research_plan.yaml is valid: knobs ${knobs}, hypotheses of yours ${plan.hypotheses.length}${own === 0 ? '' : `, experiments of its own ${own}`}`,
    ),
    ...remarks.map((text) => odd('plan', text)),
    await gitProbe(),
    ok('base', `${branch} at ${base.commit.slice(0, 10)}`),
    checkoutProbe(dirty),
    await roomProbe(lab, base.commit),
    ...(await diskProbes(lab, labPlan, slots * (1 + measuringOf(plan)))),
    await queueProbe(plan.queue),
    ok('machine', `${machine}; ${slots} run${slots === 1 ? '' : 's'} at once`),
    ...(await gpuProbes(lab, labPlan, here, slots)),
    seedProbe(plan),
    ...(await modelProbes(plan, process.env)),
    ...(await codingAgentProbes(plan, process.env, () => agentSeesItself(lab, plan))),
    tierProbe(plan, await lab.repository.listFiles(base.commit), choice.sandbox !== null),
    ...sandboxProbes(plan, choice),
    ...interpreterProbe(lab, plan, choice, process.env),
    await lockProbe(lab),
    missing,
    ...(missing.result === 'ok' ? await pythonProbes(lab, labPlan) : []),
  ];
}

/** Worktrees that a slot needs besides the one it trains in. */
const measuringOf = ({ evaluate, score }: LabPlan['plan']): number =>
  [evaluate, score].filter((key) => key !== undefined).length;

/** The plan itself counts as it lies there. */
export function checkoutProbe(all: readonly string[]): Probe {
  const dirty = all.filter((path) => path !== PLAN_FILE);
  if (dirty.length === 0)
    return all.length === 0
      ? ok('checkout', 'nothing uncommitted')
      : ok('checkout', `${PLAN_FILE} is not committed; it is used as it is`);
  const shown = dirty.length === 1 ? dirty[0] : `${dirty.length} paths`;
  return odd('checkout', `not committed, so no part of the night, and left alone: ${shown}`);
}

async function roomProbe(lab: Lab, commit: string): Promise<Probe> {
  try {
    await makeRoom(lab.repository, commit);
    temporaryFolder();
    return ok(
      'room',
      'FINDINGS.md, experiments/ and data/notebook/ can be written, and git ignores them',
    );
  } catch (error) {
    return bad('room', words(error));
  }
}

async function queueProbe(url: string): Promise<Probe> {
  if (url === 'embedded') return ok('queue', 'embedded');
  const { addressOf, reachRedis } = await import('../queue/redis-store.ts');
  try {
    return ok('queue', `${addressOf(url)} answers: Redis ${await reachRedis(url)}`);
  } catch (error) {
    return bad('queue', words(error));
  }
}

function seedProbe({ run }: LabPlan['plan']): Probe {
  if (run.deterministic) return ok('seed', 'the plan calls the script deterministic');
  return run.seed
    ? ok('seed', 'the plan says how a run is seeded')
    : odd(
        'seed',
        'run.seed is not set: repeats cannot show what is chance, so no verdict goes beyond inconclusive',
      );
}

/** What is known of where the labels lie is said where nothing shuts a training in. */
function tierProbe(
  { evaluate, score, workspace }: LabPlan['plan'],
  files: readonly string[],
  shutIn: boolean,
): Probe {
  if (score !== undefined) {
    const inGit = score.labels
      .map(tidyPath)
      .filter((path) => files.some((file) => overlap(file, path)));
    const open =
      inGit.length === 0
        ? 'no worktree of a training has them, nor does git'
        : `no worktree of a training has them, but git’s objects hold ${inGit.join(', ')}, which a training can read: labels that git does not know are further away`;
    const reach = shutIn
      ? 'no training sees them: the sandbox shows it neither your checkout nor git’s objects'
      : `${open}; without a sandbox, a script that looks for them in your checkout finds them`;
    return ok(
      'tier',
      `verified: ${score.command} measures each run by ${fromTop({ workspace }, score.predictions)} alone, with ${score.labels.join(', ')} (${reach})`,
    );
  }
  return evaluate === undefined
    ? ok('tier', 'self_reported: each number is the script’s own word; `evaluate` would check it')
    : ok('tier', `checked: ${evaluate.command}, from a clean checkout of base, measures each run`);
}

async function programProbe(lab: Lab, labPlan: LabPlan): Promise<Probe> {
  const missing = await missingProgram(lab, labPlan);
  return missing === null ? ok('program', labPlan.plan.run.command) : bad('program', missing);
}

async function lockProbe(lab: Lab): Promise<Probe> {
  const holder = await holderOf(lab.notebookDir);
  if (holder) return odd('lock', `a night is running here (pid ${holder.pid})`);
  const [beside] = await neighbours(lab);
  return beside
    ? odd(
        'lock',
        `a night is running in another worktree of this repository, ${beside.root} (pid ${beside.holder.pid}): launch refuses to share its branches`,
      )
    : ok('lock', 'no other launch holds this lab');
}
