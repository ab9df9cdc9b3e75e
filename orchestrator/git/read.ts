import { isUtf8 } from 'node:buffer';
import { failed } from './hardened.ts';
import type { Git, Place } from './hardened.ts';
import { parseTreeEntry, REGULAR } from './paths.ts';

/**
 * Text of a regular file at a commit. Null where there is none, and for bytes that are no UTF-8:
 * as a string they would not come back the same.
 */
export async function readText(
  git: Git,
  place: Place,
  commit: string,
  path: string,
): Promise<string | null> {
  const found = await git.items(place, ['ls-tree', '-z', '--full-tree', commit, '--', path]);
  const entry = found.map(parseTreeEntry).find((each) => each.path === path);
  if (entry === undefined || !REGULAR.has(entry.mode)) return null;
  // Not `text`: it decodes, and here the bytes are wanted first.
  const args = ['cat-file', 'blob', entry.oid];
  const blob = await git.ask(place, args);
  if (blob.code !== 0) throw failed(args, blob);
  return isUtf8(blob.stdout) ? blob.stdout.toString('utf8') : null;
}

/** Paths of a commit's regular files. */
export async function listFiles(
  git: Git,
  place: Place,
  commit: string,
): Promise<readonly string[]> {
  const entries = await git.items(place, ['ls-tree', '-r', '-z', '--full-tree', commit]);
  return entries
    .map(parseTreeEntry)
    .filter(({ mode }) => REGULAR.has(mode))
    .map(({ path }) => path);
}

const PLAIN_DIFF = [
  'diff-tree',
  '-r',
  '--no-color',
  '--no-ext-diff',
  '--no-textconv',
  '--end-of-options',
];

/** Binary files included, so that the diff can be applied again; renames as such, for people. */
export const diff = (git: Git, place: Place, from: string, to: string): Promise<string> =>
  git.text(place, [
    ...PLAIN_DIFF.toSpliced(2, 0, '-p', '--binary', '--full-index', '--find-renames'),
    from,
    to,
  ]);

/** Both names of a renamed file. */
export const changedPaths = (
  git: Git,
  place: Place,
  from: string,
  to: string,
): Promise<readonly string[]> =>
  git.items(place, [...PLAIN_DIFF.toSpliced(2, 0, '-z', '--name-only', '--no-renames'), from, to]);

/** An untracked folder is one path, ending in `/`. Ignored paths are not dirty. */
export async function dirtyPaths(git: Git, user: Place): Promise<readonly string[]> {
  const items = await git.items(user, [
    'status',
    '--porcelain=v1',
    '-z',
    '--untracked-files=normal',
    '--no-renames',
    '--ignore-submodules=dirty',
  ]);
  return items.map((item) => item.slice('XY '.length));
}
