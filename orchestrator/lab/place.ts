import { createHash } from 'node:crypto';
import { lstat, realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { EXPERIMENTS_DIR, NOTEBOOK_DIR } from '../domain/layout.ts';

/** Where a lab lies, and where its things are. */
export interface LabPlace {
  /** Absolute path of the repository's top level. */
  readonly root: string;
  readonly notebookDir: string;
  readonly experimentsDir: string;
  /** Worktrees and caches of this lab: outside of it, where no test runner or linter finds them. */
  readonly cacheDir: string;
  /** What all labs of this user share. */
  readonly sharedCacheDir: string;
}

/** Of the repository whose top level is at `root`, a real path. */
export function placeOf(root: string): LabPlace {
  const shared = join(userCacheDir(process.env), 'autolab');
  const key = createHash('sha256').update(root).digest('hex').slice(0, 16);
  return {
    root,
    notebookDir: join(root, NOTEBOOK_DIR),
    experimentsDir: join(root, EXPERIMENTS_DIR),
    cacheDir: join(shared, 'labs', key),
    sharedCacheDir: shared,
  };
}

function userCacheDir(environment: NodeJS.ProcessEnv): string {
  const given = environment['XDG_CACHE_HOME'];
  if (given?.startsWith('/')) return given;
  return process.platform === 'darwin'
    ? join(homedir(), 'Library', 'Caches')
    : join(homedir(), '.cache');
}

/**
 * The lab that `startDir` lies in, found without git: whoever only reads a notebook need not load
 * and start it. Null where git should say: nothing is recorded there, or it is another user's, which
 * git refuses unless it was told that they are trusted.
 */
export async function knownPlace(startDir: string): Promise<LabPlace | null> {
  try {
    const top = await topAbove(await realpath(startDir));
    if (top === null) return null;
    const place = placeOf(top);
    const owners = [await lstat(join(top, '.git')), await stat(top)].map(({ uid }) => uid);
    const journal = await stat(join(place.notebookDir, 'journal'));
    const me = process.geteuid?.();
    return journal.isDirectory() && owners.every((owner) => owner === me) ? place : null;
  } catch {
    return null;
  }
}

async function topAbove(folder: string): Promise<string | null> {
  const found = await lstat(join(folder, '.git')).catch(() => null);
  if (found) return folder;
  const above = dirname(folder);
  return above === folder ? null : topAbove(above);
}
