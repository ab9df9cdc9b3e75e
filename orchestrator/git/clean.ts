import { readdirSync } from 'node:fs';
import { chmod, lstat, readdir, rm } from 'node:fs/promises';
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

/** Removes a file, symlink or folder; folders that a run made read-only too. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 2 });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    await makeWritable(path);
    await rm(path, { recursive: true, force: true });
  }
}

async function makeWritable(path: string): Promise<void> {
  if (!(await lstat(path)).isDirectory()) return;
  await chmod(path, 0o700);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(join(path, entry.name));
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
