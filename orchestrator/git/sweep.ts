import { lstat, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { linked, physical } from './checkouts.ts';
import { removeTree } from './clean.ts';
import type { Home } from './home.ts';

/** How folders begin in which a worktree is made; in one place only one at a time is. */
export const MAKING = '.autolab-';

/**
 * Removes an administration. First what makes git list it, and what makes git keep it: if a kill
 * cuts this off, the rest is nothing to git, and `sweep` or git's own pruning takes it away.
 */
export async function forget(admin: string): Promise<void> {
  for (const name of ['gitdir', 'locked']) await rm(join(admin, name), { force: true });
  await rm(admin, { recursive: true, force: true });
}

/**
 * Takes away what an AutoLab that was killed left among git's worktrees beside `folder`: half made
 * ones, half removed ones, and those whose folder is gone.
 */
export async function sweep(home: Home, folder: string): Promise<void> {
  const target = await physical(folder);
  const beside = dirname(target);
  for (const { admin, folder: at, ours } of await linked(home.commonDir)) {
    const halfMade = at !== null && isOfMaking(beside, at);
    const halfGone = at === null && (ours || (await isAbandoned(admin, basename(target))));
    const gone =
      ours && at !== null && at !== target && dirname(at) === beside && !(await isThere(at));
    if (halfMade || halfGone || gone) await forget(admin);
  }
  const left = (await readdir(beside)).filter((name) => name.startsWith(MAKING));
  await Promise.all(left.map((name) => removeTree(join(beside, name))));
}

const isOfMaking = (beside: string, path: string): boolean =>
  dirname(dirname(path)) === beside && basename(dirname(path)).startsWith(MAKING);

/** A `git worktree add` of our kind that ended before it wrote for which folder. */
async function isAbandoned(admin: string, name: string): Promise<boolean> {
  const known =
    basename(admin).replace(/\d+$/, '') === name.replaceAll(/[^\w.-]+/g, '-').replace(/\d+$/, '');
  const found = await lstat(admin).catch(() => null);
  return known && found !== null && Date.now() - found.mtimeMs > ABANDONED_MS;
}
/** git needs milliseconds for it. */
const ABANDONED_MS = 10_000;

const isThere = async (path: string): Promise<boolean> =>
  (await lstat(path).catch(() => null)) !== null;
