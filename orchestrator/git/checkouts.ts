import { lstat, readdir, readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Git, Place } from './hardened.ts';

/** A folder in which a commit of this repository is checked out: the user's, or a slot's. */
export interface Checkout {
  readonly folder: string;
  /** Where its HEAD and index lie. */
  readonly gitDir: string;
  /** Null where HEAD is detached. */
  readonly branch: string | null;
}

/** All checkouts of the repository whose common .git folder is `commonDir`; `user` is one of them. */
export async function checkouts(
  git: Git,
  commonDir: string,
  user: Place,
): Promise<readonly Checkout[]> {
  const listed = await git.text(user, ['worktree', 'list', '--porcelain']);
  const found = listed.split('\n\n').map(async (block, n): Promise<readonly Checkout[]> => {
    const folder = /^worktree (.+)$/m.exec(block)?.[1];
    if (folder === undefined || /^bare$/m.test(block)) return [];
    // git lists the main checkout first, and guesses its folder from that of .git.
    const gitDir = n === 0 ? commonDir : await administration(commonDir, folder);
    if (gitDir === null) return [];
    const branch = /^branch refs\/heads\/(.+)$/m.exec(block)?.[1] ?? null;
    return [{ folder: gitDir === user.gitDir ? user.workTree : folder, gitDir, branch }];
  });
  return (await Promise.all(found)).flat();
}

/**
 * The folder in which git administers the linked worktree at `folder`, from the common .git
 * folder alone: what lies in the worktree may have been replaced. Null where there is none.
 */
export async function administration(commonDir: string, folder: string): Promise<string | null> {
  const wanted = await physical(folder);
  return (await linked(commonDir)).find((each) => each.folder === wanted)?.admin ?? null;
}

/** An empty file in the administration of each worktree that AutoLab made. git does not mind it. */
export const OWNED = 'autolab';

/** A linked worktree by its administration. */
interface Linked {
  readonly admin: string;
  /** Where it is, or was; null where the administration does not say. */
  readonly folder: string | null;
  readonly ours: boolean;
}

/** All linked worktrees, also those that are half made, half removed, or gone. */
export async function linked(commonDir: string): Promise<readonly Linked[]> {
  const parent = join(commonDir, 'worktrees');
  const names = await readdir(parent).catch(() => []);
  return Promise.all(
    names.map(async (name) => {
      const admin = join(parent, name);
      const pointer = await readFile(join(admin, 'gitdir'), 'utf8').catch(() => '');
      const ours = (await lstat(join(admin, OWNED)).catch(() => null)) !== null;
      // Newer git may write it relative to the administration's own folder.
      const dotGit = pointer === '' ? null : resolve(admin, pointer.trimEnd());
      const said = dotGit !== null && basename(dotGit) === '.git';
      return { admin, folder: said ? dirname(dotGit) : null, ours };
    }),
  );
}

/** The path with symlinks resolved in its parents, as git records it; its end may not exist yet. */
export async function physical(folder: string): Promise<string> {
  const parent = dirname(resolve(folder));
  const real = await realpath(parent).catch(() =>
    parent === dirname(parent) ? parent : physical(parent),
  );
  return join(real, basename(resolve(folder)));
}
