import { access, constants, mkdir, statfs } from 'node:fs/promises';
import { holderOf } from '../../notebook/lock.ts';
import { PLAN_FILE } from '../domain/layout.ts';
import { makeRoom } from './footprint.ts';
import type { Lab, LabPlan } from './lab.ts';
import { prospect } from './launch.ts';
import { missingProgram } from './program.ts';

/** Cheap looks at what a night needs, so that it breaks now and not at midnight. */

export interface Probe {
  readonly name: string;
  readonly result: 'ok' | 'odd' | 'bad';
  readonly text: string;
}

const LITTLE_DISK = 1e9;

/** Everything short of training. The plan has been validated: that is the first line. */
export async function probes(lab: Lab, labPlan: LabPlan): Promise<readonly Probe[]> {
  const { plan, base, remarks } = labPlan;
  const { slots, machine, dirty: all } = await prospect(lab, labPlan);
  // The plan itself counts as it lies there.
  const dirty = all.filter((path) => path !== PLAN_FILE);
  const branch = base.branch ?? 'a detached HEAD (promote will make a branch autolab-best)';
  const knobs = Object.keys(plan.search_space).length;
  return [
    ok(
      'plan',
      `research_plan.yaml is valid: knobs ${knobs}, hypotheses of yours ${plan.hypotheses.length}`,
    ),
    ...remarks.map((text) => odd('plan', text)),
    ok('base', `${branch} at ${base.commit.slice(0, 10)}`),
    dirty.length === 0
      ? ok('checkout', 'nothing uncommitted')
      : odd(
          'checkout',
          `not committed, so no part of the night, and left alone: ${dirty.length === 1 ? dirty[0] : `${dirty.length} paths`}`,
        ),
    await roomProbe(lab, base.commit),
    await diskProbe(lab),
    await queueProbe(plan.queue),
    ok('machine', `${machine}; ${slots} run${slots === 1 ? '' : 's'} at once`),
    plan.run.seed || plan.run.deterministic
      ? ok(
          'seed',
          plan.run.deterministic
            ? 'the plan calls the script deterministic'
            : 'the plan says how a run is seeded',
        )
      : odd(
          'seed',
          'run.seed is not set: repeats cannot show what is chance, so no verdict goes beyond inconclusive',
        ),
    odd(
      'sandbox',
      'none in this version: runs have your rights, their environment is cut to an allowlist',
    ),
    await lockProbe(lab),
    await programProbe(lab, labPlan),
  ];
}

const ok = (name: string, text: string): Probe => ({ name, result: 'ok', text });
const odd = (name: string, text: string): Probe => ({ name, result: 'odd', text });
const bad = (name: string, text: string): Probe => ({ name, result: 'bad', text });

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function roomProbe(lab: Lab, commit: string): Promise<Probe> {
  try {
    await makeRoom(lab.repository, commit);
    return ok(
      'room',
      'FINDINGS.md, experiments/ and data/notebook/ can be written, and git ignores them',
    );
  } catch (error) {
    return bad('room', words(error));
  }
}

async function diskProbe(lab: Lab): Promise<Probe> {
  try {
    await mkdir(lab.cacheDir, { recursive: true });
    await access(lab.cacheDir, constants.W_OK);
    const { bavail, bsize } = await statfs(lab.cacheDir);
    const gigabytes = (bavail * bsize) / 1e9;
    const text = `${gigabytes.toFixed(1)} GB free for worktrees in ${lab.cacheDir}`;
    return bavail * bsize < LITTLE_DISK ? odd('disk', text) : ok('disk', text);
  } catch (error) {
    return bad('disk', `expected a writable cache folder, found ${words(error)}`);
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

async function programProbe(lab: Lab, labPlan: LabPlan): Promise<Probe> {
  const missing = await missingProgram(lab, labPlan);
  return missing === null ? ok('program', labPlan.plan.run.command) : bad('program', missing);
}

async function lockProbe(lab: Lab): Promise<Probe> {
  const holder = await holderOf(lab.notebookDir);
  return holder
    ? odd('lock', `a night is running here (pid ${holder.pid})`)
    : ok('lock', 'no other launch holds this lab');
}
