import { lstat, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Git, Place } from './hardened.ts';
import { ancestors } from './paths.ts';

/** What moving a checkout to a commit would change, and nobody has unsaved work in. */
export interface Untouched {
  /** Files of HEAD that are in the index and on disk as HEAD has them. */
  readonly clean: readonly string[];
  /** Paths that only the commit has, with nothing in their place. */
  readonly free: readonly string[];
}

const PLAIN = ['--name-only', '-z', '--no-ext-diff', '--ignore-submodules=all'];
const REFRESH = ['diff.autoRefreshIndex=true'];
const BETWEEN = ['diff-tree', '-r', '--no-renames', ...PLAIN];

export async function untouched(git: Git, place: Place, commit: string): Promise<Untouched> {
  const [changed, added, unsaved, staged] = await Promise.all([
    git.items(place, [...BETWEEN, '--diff-filter=a', 'HEAD', commit]),
    git.items(place, [...BETWEEN, '--diff-filter=A', 'HEAD', commit]),
    // Not diff-files: it takes a file with another inode for a changed one.
    git.items(place, ['diff', '--no-renames', '--no-textconv', ...PLAIN], { config: REFRESH }),
    staging(git, place),
  ]);
  const touched = new Set([...unsaved, ...staged]);
  const there = await Promise.all(
    added.map((path) => lstat(join(place.workTree, path)).catch(() => null)),
  );
  return {
    clean: changed.filter((path) => !touched.has(path)),
    free: added.filter((path, n) => there[n] === null && !touched.has(path)),
  };
}

/**
 * Brings those paths back to HEAD after a move that broke off: the disk was full, or git was killed.
 * Everything else stays. Throws LabError where that does not work either.
 */
export async function putBack(git: Git, place: Place, { clean, free }: Untouched): Promise<void> {
  await Promise.all(free.map((path) => rm(join(place.workTree, path), { force: true })));
  const folders = new Set(free.flatMap(ancestors));
  // Deepest first; one that holds something stays.
  for (const folder of [...folders].toSorted().toReversed())
    await rmdir(join(place.workTree, folder)).catch(() => undefined);
  const ours = new Set([...clean, ...free]);
  const moved = (await staging(git, place)).filter((path) => ours.has(path));
  const lines = (paths: readonly string[]): string => paths.map((path) => `${path}\0`).join('');
  if (moved.length > 0) {
    const unstage = ['reset', '--quiet', '--pathspec-from-file=-', '--pathspec-file-nul', 'HEAD'];
    await git.text(place, unstage, { input: lines(moved) });
  }
  const write = ['checkout-index', '--force', '-z', '--stdin'];
  if (clean.length > 0) await git.text(place, write, { input: lines(clean) });
}

const staging = (git: Git, place: Place): Promise<readonly string[]> =>
  git.items(place, ['diff-index', '--cached', '--no-renames', ...PLAIN, 'HEAD']);
