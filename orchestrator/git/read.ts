import { isUtf8 } from 'node:buffer';
import { EXPERIMENTS_DIR, NOTEBOOK_DIR } from '../domain/layout.ts';
import { failed } from './hardened.ts';
import type { Git, Place } from './hardened.ts';
import { Missing } from './objects.ts';
import type { Objects } from './objects.ts';
import { parseTreeEntry, REGULAR } from './paths.ts';
import type { TreeEntry } from './paths.ts';
import { Ended } from './standing.ts';
import { differing, itemAt } from './trees.ts';

/** Without processes of their own; what the objects can't tell, git is asked for, and complains of. */
async function orAsk<Answer>(
  known: () => Promise<Answer>,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  return known().catch((error: unknown) => {
    if (error instanceof Missing || error instanceof Ended) return ask();
    throw error;
  });
}

async function treeOf(objects: Objects, commit: string): Promise<string> {
  const found = await objects.commit(commit);
  if (found === null) throw new Missing(commit);
  return found.tree;
}

/**
 * Text of a regular file at a commit. Null where there is none, and for bytes that are no UTF-8:
 * as a string they would not come back the same.
 */
export async function readText(
  git: Git,
  objects: Objects,
  commit: string,
  path: string,
): Promise<string | null> {
  const bytes = await orAsk(
    async () => {
      const item = await itemAt(objects.tree, await treeOf(objects, commit), path);
      return item !== null && REGULAR.has(item.mode) ? objects.blob(item.oid) : null;
    },
    () => askForFile(git, objects.store, commit, path),
  );
  return textOf(bytes);
}

const textOf = (bytes: Buffer | null): string | null =>
  bytes !== null && isUtf8(bytes) ? bytes.toString('utf8') : null;

/** The same, for a place of the user's. */
export const askForText = async (
  git: Git,
  place: Place,
  commit: string,
  path: string,
): Promise<string | null> => textOf(await askForFile(git, place, commit, path));

async function askForFile(
  git: Git,
  place: Place,
  commit: string,
  path: string,
): Promise<Buffer | null> {
  const found = await git.items(place, ['ls-tree', '-z', '--full-tree', commit, '--', path]);
  const entry = found.map(parseTreeEntry).find((each) => each.path === path);
  if (entry === undefined || !REGULAR.has(entry.mode)) return null;
  // Not `text`: it decodes, and here the bytes are wanted.
  const args = ['cat-file', 'blob', entry.oid];
  const blob = await git.ask(place, args);
  if (blob.code !== 0) throw failed(args, blob);
  return blob.stdout;
}

/** Everything in a commit's tree that is no folder. */
export const listEntries = (
  git: Git,
  objects: Objects,
  commit: string,
): Promise<readonly TreeEntry[]> =>
  orAsk(
    async () => objects.listing(await treeOf(objects, commit)),
    async () => {
      const args = ['ls-tree', '-r', '-z', '--full-tree', commit];
      return (await git.items(objects.store, args)).map(parseTreeEntry);
    },
  );

/** Paths of a commit's regular files. */
export const listFiles = async (
  git: Git,
  objects: Objects,
  commit: string,
): Promise<readonly string[]> =>
  (await listEntries(git, objects, commit))
    .filter(({ mode }) => REGULAR.has(mode))
    .map(({ path }) => path);

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
  objects: Objects,
  from: string,
  to: string,
): Promise<readonly string[]> =>
  orAsk(
    async () => {
      const trees = await Promise.all([from, to].map((commit) => treeOf(objects, commit)));
      return differing(objects.tree, trees[0] ?? '', trees[1] ?? '');
    },
    () => {
      const args = PLAIN_DIFF.toSpliced(2, 0, '-z', '--name-only', '--no-renames');
      return git.items(objects.store, [...args, from, to]);
    },
  );

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

/**
 * AutoLab's own folders are left out, ignored or not: what lies there is no part of the user's code.
 * Nor is a folder of which all is ignored.
 */
const OTHERS = [
  ...['ls-files', '-z', '--others', '--exclude-standard', '--directory', '--no-empty-directory'],
  ...[NOTEBOOK_DIR, EXPERIMENTS_DIR].map((folder) => `--exclude=/${folder}/`),
];

/** Bytes of the diff as git says them: a text of another encoding would not come back the same. */
export async function uncommitted(
  git: Git,
  user: Place,
): Promise<{ readonly diff: Buffer; readonly untracked: readonly string[] }> {
  const args = ['diff', '--no-color', '--no-ext-diff', '--no-textconv', '--binary', '--full-index'];
  const [found, untracked] = await Promise.all([
    git.ask(user, [...args, '--no-renames', '--ignore-submodules=dirty', 'HEAD', '--']),
    git.items(user, OTHERS),
  ]);
  if (found.code !== 0) throw failed(args, found);
  return { diff: found.stdout, untracked };
}
