import { lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Git, Place } from './hardened.ts';
import type { Home } from './home.ts';

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
export function linked(commonDir: string): Promise<readonly Linked[]> {
  // At once: they are few, and a turn of a busy event loop takes longer than to read them all.
  const parent = join(commonDir, 'worktrees');
  const found = (orNull(() => readdirSync(parent)) ?? []).map((name): Linked => {
    const admin = join(parent, name);
    const pointer = orNull(() => readFileSync(join(admin, 'gitdir'), 'utf8')) ?? '';
    const ours = orNull(() => lstatSync(join(admin, OWNED))) !== null;
    // Newer git may write it relative to the administration's own folder.
    const dotGit = pointer === '' ? null : resolve(admin, pointer.trimEnd());
    const said = dotGit !== null && basename(dotGit) === '.git';
    return { admin, folder: said ? dirname(dotGit) : null, ours };
  });
  return Promise.resolve(found);
}

/**
 * Top levels of the repository's other checkouts that are there, but for worktrees that AutoLab made;
 * no git is started. Where the main checkout's .git lies elsewhere, a linked one does not know it.
 */
export async function otherCheckouts({ user, commonDir }: Home): Promise<readonly string[]> {
  const main = basename(commonDir) === '.git' ? [dirname(commonDir)] : [];
  const others = (await linked(commonDir)).flatMap(({ folder, ours }) =>
    folder === null || ours ? [] : [folder],
  );
  const real = [...main, ...others].flatMap((folder) => orNull(() => realpathSync(folder)) ?? []);
  const own = realpathSync(user.workTree);
  return real.filter((folder) => folder !== own);
}

/** The path with symlinks resolved in its parents, as git records it; its end may not exist yet. */
export async function physical(folder: string): Promise<string> {
  const parent = dirname(resolve(folder));
  const real =
    orNull(() => realpathSync(parent)) ??
    (parent === dirname(parent) ? parent : await physical(parent));
  return join(real, basename(resolve(folder)));
}

function orNull<Value>(look: () => Value): Value | null {
  try {
    return look();
  } catch {
    return null;
  }
}
