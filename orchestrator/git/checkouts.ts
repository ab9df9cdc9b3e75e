import { readdir, readFile, realpath } from 'node:fs/promises';
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
  const wanted = join(await physical(folder), '.git');
  const parent = join(commonDir, 'worktrees');
  for (const name of await readdir(parent).catch(() => [])) {
    const admin = join(parent, name);
    const pointer = await readFile(join(admin, 'gitdir'), 'utf8').catch(() => '');
    // Newer git may write it relative to the administration's own folder.
    if (pointer !== '' && resolve(admin, pointer.trimEnd()) === wanted) return admin;
  }
  return null;
}

/** The path with symlinks resolved in its parents, as git records it; its end may not exist yet. */
export async function physical(folder: string): Promise<string> {
  const parent = dirname(resolve(folder));
  const real = await realpath(parent).catch(() =>
    parent === dirname(parent) ? parent : physical(parent),
  );
  return join(real, basename(resolve(folder)));
}
