import { rm, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { LabError } from '../domain/errors.ts';
import { linked, OWNED } from './checkouts.ts';
import type { Outcome, Place } from './hardened.ts';
import { holdersOf } from './holders.ts';
import type { Holder } from './holders.ts';
import type { Home } from './home.ts';

/**
 * git makes `<file>.lock` for what it is about to write, and gives up where it finds one. A git that
 * was killed leaves its own for ever, and writes nowhere whose it was.
 */

/** So long a living holder is waited for: git holds a lock for milliseconds, seconds at a checkout. */
const PATIENCE_MS = 3_000;
/** A lock without a holder in sight is nobody's when it is this old: one may run in a container. */
const UNSEEN_MS = 1_000;
/** The same where the system does not let us look for a holder. */
const BLIND_MS = 10_000;

/** The lock that kept git from its work; null where it was something else. */
export function lockInTheWay({ stderr }: Outcome, place: Place): string | null {
  const path = /[Uu]nable to create (?:file )?'?([^'\n]+\.(?:lock|new))'?: File exists/.exec(
    stderr,
  );
  return path?.[1] === undefined ? null : resolve(place.workTree, path[1]);
}

/**
 * Resolves when the lock is gone: given up by who held it, or removed because it is one that AutoLab
 * uses and no living process holds it. Locks of the user's checkout are never removed. Throws
 * LabError, refused where the user called for it and failed at night, naming lock, holder, way out.
 */
export async function outlast(home: Home, lock: string, place: Place): Promise<void> {
  if ((await stat(lock).catch(() => null)) === null) return;
  const begun = performance.now();
  const mayGo = await isOurs(home, lock);
  const worksThere = await placesOf(home, lock);
  for (;;) {
    const found = await stat(lock).catch(() => null);
    if (found === null) return;
    const holders = await holdersOf(lock, found.mtimeMs, worksThere);
    const waited = performance.now() - begun;
    const age = Math.max(waited, Date.now() - found.mtimeMs);
    const alive = holders !== null && holders.length > 0;
    const dead = !alive && age > (holders === null ? BLIND_MS : UNSEEN_MS);
    // Whoever shares the repository with us may run where we can't look.
    const own = found.uid === process.getuid?.() || process.getuid?.() === 0;
    if (dead && mayGo && own) return remove(lock, found.ino);
    const enough = alive ? PATIENCE_MS : holders === null && mayGo ? BLIND_MS : UNSEEN_MS;
    if (waited > enough) throw inTheWay(lock, holders ?? [], place);
    for (const holder of holders ?? []) endLeftover(home, lock, holder);
    await wait(100);
  }
}

/**
 * A git of an AutoLab that was killed may be at work in a slot's worktree still. Only AutoLab tells
 * git of that administration, and one caller per worktree at a time is the rule.
 */
function endLeftover({ commonDir }: Home, lock: string, { pid, told }: Holder): void {
  if (told === null || dirname(told) !== join(commonDir, 'worktrees') || !isIn(told, lock)) return;
  try {
    // Unlike a kill this lets git remove its locks.
    process.kill(pid, 'SIGTERM');
  } catch {
    // It ended by itself.
  }
}

async function remove(lock: string, inode: number): Promise<void> {
  if ((await stat(lock).catch(() => null))?.ino !== inode) return;
  await rm(lock, { force: true });
  // git writes the packed branches beside their lock, and stumbles over what is left of that, too.
  if (lock.endsWith('packed-refs.lock')) await rm(lock.replace(/lock$/, 'new'), { force: true });
}

/** Is it a lock of a file that AutoLab writes unasked? */
async function isOurs({ commonDir }: Home, lock: string): Promise<boolean> {
  const path = relative(commonDir, lock);
  if (/^refs\/heads\/autolab(?:-lab)?\/.+\.lock$/.test(path)) return true;
  if (/^packed-refs\.(?:lock|new)$/.test(path)) return true;
  const name = /^worktrees\/([^/]+)\/.+\.lock$/.exec(path)?.[1];
  if (name === undefined) return false;
  return (await stat(join(commonDir, 'worktrees', name, OWNED)).catch(() => null)) !== null;
}

/** Whether a git that works at a path could hold the lock. */
async function placesOf(
  { commonDir, user }: Home,
  lock: string,
): Promise<(path: string) => boolean> {
  const worktrees = await linked(commonDir);
  const mine = worktrees.find(({ admin }) => isIn(admin, lock));
  if (mine !== undefined)
    return (path) => isIn(mine.admin, path) || (mine.folder !== null && isIn(mine.folder, path));
  const folders = worktrees.flatMap(({ folder }) => folder ?? []);
  const all = [commonDir, user.workTree, ...folders];
  // What AutoLab's own gits do in its slots touches nothing that all checkouts share.
  return (path) =>
    all.some((folder) => isIn(folder, path)) && !worktrees.some(({ admin }) => admin === path);
}

const isIn = (folder: string, path: string): boolean => {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`);
};

function inTheWay(lock: string, holders: readonly Holder[], place: Place): LabError {
  const names = holders.map(({ pid, command }) => `${command}, process ${pid}`).join('; ');
  const found =
    names === ''
      ? `no process is seen to hold it, so a git that was killed may have left it. If none is at work here: rm '${lock}', and try again`
      : `it is held (${names}): let that finish, or end it, and try again`;
  return new LabError(
    place.ofUser ? 'refused' : 'failed',
    `git is locked by ${lock}: ${found}`,
    lock,
  );
}
