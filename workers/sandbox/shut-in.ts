import { LabError } from '../../orchestrator/domain/errors.ts';
import type { SandboxKind } from '../../orchestrator/domain/plan-sandbox.ts';
import { temporaryFolderIfAny } from '../../system/temporary.ts';
import type { Attempt } from '../attempt.ts';
import { ranOutOfMemory, type Bounds, type Passed } from '../bounds.ts';
import { confinementOf, groundOf, programWords, type Wish } from './attempt-confinement.ts';
import { byAllNames, limitsOf, trustedOn } from './ground.ts';
import type { Mount, Sandbox, Shut } from './confinement.ts';
import { otherInside } from './interpreter.ts';
import { makeScratch, removeScratch } from './scratch.ts';

/** A command of an attempt as it is spawned: shut in where the plan and the machine have it so. */
export interface Ready extends Pick<Shut, 'argv' | 'env' | 'keeper' | 'began' | 'release'> {
  /** Of a command that has ended, before its release: the bound that the kernel held it to. */
  passed(): Passed | null;
  readonly kind: SandboxKind;
  readonly bounds: Bounds | undefined;
  /** Shut in without a network. */
  readonly offline: boolean;
}

/** Throws LabError failed where the plan insists on a sandbox that cannot be had, or it would show another interpreter. */
export async function shutIn(attempt: Attempt, wish: Wish): Promise<Ready> {
  const { plan } = attempt.order;
  const { argv, env } = wish;
  // Its environment names the same; and what is not there is given no place of its own.
  temporaryFolderIfAny();
  const choice = await attempt.workshop.chooseSandbox(plan.sandbox);
  const { sandbox } = choice;
  if (sandbox !== null) return shut(attempt, wish, sandbox);
  if (plan.sandbox.mode === 'required')
    throw new LabError('failed', `expected a sandbox (sandbox: required), found ${choice.because}`);
  const watched = plan.sandbox.mode === 'off' ? undefined : boundsOf(attempt, NOBODY, null);
  return {
    kind: 'none',
    offline: false,
    argv,
    env,
    keeper: false,
    bounds: watched,
    began: () => true,
    passed: () => null,
    release: async () => undefined,
  };
}

const NOBODY = { memory: false, processes: false };

async function shut(attempt: Attempt, wish: Wish, sandbox: Sandbox): Promise<Ready> {
  const scratch = wish.asks === true ? null : makeScratch(attempt.workshop.cacheDir);
  const remove = async (): Promise<void> => {
    if (scratch !== null) await removeScratch(scratch);
  };
  try {
    const ready = await shutWith(attempt, wish, sandbox, scratch);
    return { ...ready, release: () => ready.release().finally(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function shutWith(
  attempt: Attempt,
  wish: Wish,
  sandbox: Sandbox,
  scratch: string | null,
): Promise<Ready> {
  const confinement = await confinementOf(attempt, wish, scratch);
  if (wish.asks !== true) {
    const other = await otherInside({
      words: programWords(attempt.order.plan, wish.argv),
      sandbox,
      confinement: {
        ...confinement,
        ...{ seals: [], scratch: null, mounts: confinement.mounts.map(toRead) },
      },
      checkout: attempt.workshop.root,
      own: ownOf(attempt),
      isTrusted: trustedOn(groundOf(attempt)),
    });
    if (other !== null) throw new LabError('failed', other);
  }
  const { held, ranOut, ...rest } = await sandbox.shutIn(confinement);
  const offline = !wish.network;
  const passed = (): Passed | null => (ranOut() ? ranOutOfMemory(confinement.limits.memory) : null);
  return { ...rest, kind: sandbox.kind, bounds: boundsOf(attempt, held, scratch), offline, passed };
}

/** Of this attempt and the like of it: its places, git's own of its worktree, and what ran before it. */
const ownOf = ({ worktree, folder, workshop }: Attempt): readonly string[] => {
  const { cacheDir, experimentsDir, repository } = workshop;
  const places = [cacheDir, experimentsDir, repository.gitDir, worktree, folder];
  return [...new Set(places.flatMap(byAllNames))];
};

const toRead = (mount: Mount): Mount =>
  mount.kind === 'write' ? { ...mount, kind: 'read' } : mount;

/** What nobody holds is watched. */
function boundsOf(
  { order, worktree, folder }: Attempt,
  held: Shut['held'],
  scratch: string | null,
): Bounds {
  const { memory, processes, disk } = limitsOf(order.plan.sandbox);
  return {
    memory: held.memory ? null : memory,
    processes: held.processes ? null : processes,
    disk: { bytes: disk, folders: [worktree, folder, ...(scratch === null ? [] : [scratch])] },
  };
}
