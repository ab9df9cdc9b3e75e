import { mkdir, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { EXPERIMENTS_DIR, NOTEBOOK_DIR } from '../../domain/layout.ts';
import { isDead, nameOfProcess } from '../../../workers/processes.ts';
import { openExecutor } from '../executor.ts';
import type { Lab } from '../lab.ts';

/**
 * Where a rehearsal takes place: the user's repository with a notebook, experiments, worktrees and
 * branches that are nobody else's, so that a night which runs meanwhile does not notice. All of it
 * goes at the end; what a killed one left, the next one removes.
 */
export interface Scratch {
  /** The lab, but for where it writes. */
  readonly lab: Lab;
  /** Stands for the lab's top where results and documents are written. */
  readonly top: string;
  /** The scratch branch of an experiment: no `E-…`, so that it uses up no id. */
  readonly branchOf: (experiment: string) => string;
  close(): Promise<void>;
}

const PREFIX = 'check-';
/** What is worth keeping between rehearsals and nights: hashes of data, lists of packages. */
const SHARED_CACHES = ['identities', 'packages'];

export async function openScratch(lab: Lab): Promise<Scratch> {
  const name = `${PREFIX}${(nameOfProcess(process.pid) ?? String(process.pid)).replaceAll(':', '-')}`;
  await sweep(lab);
  const top = join(lab.cacheDir, name);
  const cacheDir = join(top, 'cache');
  const around = `${await lab.repository.branchPrefix()}/${name}`;
  const scratch: Lab = {
    ...{ ...lab, cacheDir },
    notebookDir: join(top, NOTEBOOK_DIR),
    experimentsDir: join(top, EXPERIMENTS_DIR),
  };
  await Promise.all([cacheDir, scratch.experimentsDir].map((at) => mkdir(at, { recursive: true })));
  for (const shared of SHARED_CACHES) {
    await mkdir(join(lab.cacheDir, shared), { recursive: true });
    await symlink(join(lab.cacheDir, shared), join(cacheDir, shared));
  }
  return {
    ...{ lab: scratch, top },
    branchOf: (experiment) => `${around}-${experiment.replace(/^E-0*/, '') || '0'}`,
    close: () => remove(lab, top, around),
  };
}

/** What rehearsals that died left. One that runs is left alone. */
async function sweep(lab: Lab): Promise<void> {
  const dead = (name: string): boolean =>
    name.startsWith(PREFIX) && isDead(name.slice(PREFIX.length).replaceAll('-', ':'));
  for (const name of await readdir(lab.cacheDir).catch((): string[] => [])) {
    if (!dead(name)) continue;
    const top = join(lab.cacheDir, name);
    await (await openExecutor({ ...lab, cacheDir: join(top, 'cache') })).endOrphans();
    await removeFolder(lab, top);
  }
  for (const { branch } of await lab.repository.branches()) {
    const name = branch.slice(branch.lastIndexOf('/') + 1).replace(/-\d+$/, '');
    if (dead(name)) await lab.repository.deleteBranch(branch);
  }
}

async function remove(lab: Lab, top: string, around: string): Promise<void> {
  await removeFolder(lab, top);
  for (const { branch } of await lab.repository.branches())
    if (branch.startsWith(`${around}-`)) await lab.repository.deleteBranch(branch);
}

async function removeFolder({ repository }: Lab, top: string): Promise<void> {
  const worktrees = join(top, 'cache', 'worktrees');
  for (const name of await readdir(worktrees).catch((): string[] => []))
    if (!name.endsWith('.json')) await repository.removeWorktree(join(worktrees, name));
  await rm(top, { recursive: true, force: true, maxRetries: 3 });
  await forget(repository.gitDir, top);
}

/** A kill amid `git worktree add` leaves the worktree known by a name that no one asks for again. */
async function forget(gitDir: string, top: string): Promise<void> {
  const administrations = join(gitDir, 'worktrees');
  for (const name of await readdir(administrations).catch((): string[] => [])) {
    const admin = join(administrations, name);
    const pointer = await readFile(join(admin, 'gitdir'), 'utf8').catch(() => '');
    if (pointer.includes(`/${basename(top)}/`)) await rm(admin, { recursive: true, force: true });
  }
}
