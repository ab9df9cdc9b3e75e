import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { chmod, lstat, readdir, rename, rm, rmdir, unlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { LabError } from '../domain/errors.ts';
import { ancestors } from './paths.ts';

/** Folders read between two turns of the event loop. */
const BATCH = 100;

/**
 * Removes from a worktree what neither the commit tracks nor `keep` names: what `git clean -ffdx`
 * would, but with `keep` as plain paths, and without asking files in the worktree (ignore rules,
 * nested repositories) how to go about it. Symlinks are removed, never followed. A folder or
 * symlink in the place of a tracked file goes too, so that a reset finds nothing in its way.
 */
export async function clean(
  folder: string,
  tracked: readonly string[],
  keep: readonly string[],
): Promise<void> {
  const kept = new Set(keep.map(plain));
  const files = new Set(tracked);
  const folders = new Set([...tracked, ...kept].flatMap(ancestors));

  let seen = 0;
  const sweep = async (prefix: string): Promise<void> => {
    // Not beside: a turn of a busy event loop takes longer than to read a folder.
    const entries = readdirSync(join(folder, prefix), { withFileTypes: true });
    if (++seen % BATCH === 0) await setImmediate();
    for (const entry of entries) {
      const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      if (kept.has(path) || path === '.git') continue;
      // A tracked symlink may be one here; anything else of another kind has no place.
      if (files.has(path) && !entry.isDirectory()) continue;
      if (folders.has(path) && entry.isDirectory()) await sweep(path);
      else await removeTree(join(folder, path));
    }
  };
  await sweep('');
}

/**
 * Removes a file, symlink or folder, whatever a run made of it: folders that are read-only, and
 * such that lie so deep that no path to them is short enough for the system.
 */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 2 });
  } catch (error) {
    const found = await unlessGone(lstat(path));
    if (found?.isDirectory() === false) throw error;
    if (found !== null) await removeFlat(path);
  }
}

/**
 * Each folder within is moved to the top before it is looked into, so that no path grows. Node's
 * `rm` goes on in the background after it has rejected: what is gone meanwhile is no error.
 */
async function removeFlat(top: string): Promise<void> {
  const waiting = [top];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    await unlessGone(chmod(folder, 0o700));
    for (const entry of (await unlessGone(entriesOf(folder))) ?? []) {
      // As bytes: a name need not be UTF-8.
      const path = Buffer.concat([Buffer.from(`${folder}/`), entry.name]);
      if (!entry.isDirectory()) {
        await unlessGone(unlink(path));
        continue;
      }
      const aside = join(top, randomUUID());
      await unlessGone(chmod(path, 0o700).then(() => rename(path, aside)));
      waiting.push(aside);
    }
    if (folder !== top) await unlessGone(rmdir(folder));
  }
  await unlessGone(rmdir(top));
}

const entriesOf = (folder: string) => readdir(folder, { withFileTypes: true, encoding: 'buffer' });

async function unlessGone<Result>(done: Promise<Result>): Promise<Result | null> {
  try {
    return await done;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** `./data/corpus/` → `data/corpus`. */
function plain(path: string): string {
  const normal = posix.normalize(path).replace(/\/+$/, '');
  if (
    normal === '' ||
    normal === '.' ||
    normal === '..' ||
    normal.startsWith('../') ||
    posix.isAbsolute(normal)
  ) {
    throw new LabError('refused', `a path to keep has to lie in the worktree, found ${path}`, path);
  }
  return normal;
}
