import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../domain/errors.ts';
import type { CommitOrder } from '../domain/ports.ts';
import { complaint, failed } from './hardened.ts';
import type { Git, Place } from './hardened.ts';
import type { Home } from './home.ts';
import type { CommitObject, Objects } from './objects.ts';
import { refuseUnsafe } from './paths.ts';
import { editedTree, plainCommit } from './quick.ts';
import { pointBranch } from './refs.ts';
import { AUTOLAB } from './run.ts';
import { treeWith, withScratch } from './scratch.ts';
import { Ended } from './standing.ts';

/**
 * Makes an experiment's commit without any worktree. Author, committer and date are fixed: the
 * date is the parent's plus one second, so that the same order gives the same commit, however
 * often a crash makes us ask again. When it was really made stands in the journal.
 */
export async function commit(store: Store, order: CommitOrder): Promise<string> {
  for (let left = TRIES; ; left--) {
    try {
      const made = await write(store, order);
      // Reads back what the commit changes. Until the branch stood, a `git gc --prune=now` of the
      // user's could take the new objects away; and one that was there may be damaged.
      await store.readDiff(made.parent, made.commit);
      return made.commit;
    } catch (error) {
      if (left === 0 || !(error instanceof LabError) || error.code !== 'damaged') throw error;
      // An object that is there, but empty, git would not write again.
      await removeEmptyObject(store.home, error.message);
      store.objects.renew();
    }
  }
}

/** What a commit is written with. */
export interface Store {
  readonly git: Git;
  readonly home: Home;
  readonly objects: Objects;
  /** Has a git of its own read both commits, and all in which they differ. */
  readDiff(from: string, to: string): Promise<string>;
}

/** Objects that a power cut left empty come to light one by one. */
const TRIES = 8;

interface Made {
  readonly parent: string;
  readonly commit: string;
}

function write(store: Store, order: CommitOrder): Promise<Made> {
  const { git, home, objects } = store;
  return withScratch(home, async (scratch) => {
    const parent = await describe(objects, order.parent);
    const { change } = order;
    const tree =
      change.kind === 'files'
        ? ((await editedTree(objects, parent.tree, change.files, scratch.workTree)) ??
          (await treeWith(git, scratch, parent.oid, change.files)))
        : await patchedTree(git, scratch, parent.oid, change.diff);
    if (tree === parent.tree) {
      throw new LabError(
        'refused',
        `the change changes nothing on ${parent.oid.slice(0, 12)}`,
        order.branch ?? undefined,
      );
    }
    const commit =
      (await plainCommit(objects, parent, tree, order.message, scratch.workTree)) ??
      (await commitTree(git, scratch, parent, tree, order.message));
    if (order.branch !== null) await pointBranch(git, home, order.branch, commit, order.replaces);
    return { parent: parent.oid, commit };
  });
}

async function commitTree(
  git: Git,
  scratch: Place,
  parent: CommitObject,
  tree: string,
  message: string,
): Promise<string> {
  const date = `@${parent.committed + 1} +0000`;
  const made = await git.text(scratch, ['commit-tree', tree, '-p', parent.oid, '-F', '-'], {
    input: message,
    env: { ...AUTOLAB, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
  });
  return made.trim();
}

/** An empty object is none: removing its file loses nothing, and lets it be written again. */
async function removeEmptyObject(home: Home, words: string): Promise<void> {
  const said = /object file (\S.*?objects\/[0-9a-f]{2}\/[0-9a-f]{38,62}) is empty/.exec(words)?.[1];
  if (said === undefined) return;
  const file = join(home.commonDir, 'objects', ...said.split('/').slice(-2));
  if ((await stat(file).catch(() => null))?.size === 0) await rm(file, { force: true });
}

async function describe(objects: Objects, commitish: string): Promise<CommitObject> {
  const found = await objects.commit(commitish).catch((error: unknown) => {
    if (error instanceof Ended) throw failed(['cat-file'], error.outcome);
    throw error;
  });
  if (found !== null) return found;
  throw new LabError('not_found', `there is no commit ${commitish} in this repository`, commitish);
}

/** The tree that a patch makes of the parent's, whatever the patch's headers call it. */
async function patchedTree(
  git: Git,
  scratch: Place,
  parent: string,
  diff: string,
): Promise<string> {
  await git.text(scratch, ['read-tree', parent]);
  const args = ['apply', '--cached', '--whitespace=nowarn', '-p1', '-'];
  const applied = await git.ask(scratch, args, {
    input: diff.endsWith('\n') ? diff : `${diff}\n`,
    config: ['apply.ignoreWhitespace=no'],
  });
  if (applied.code !== 0) throw notApplied(complaint(applied), parent);
  // What the patch did, not what it says: a mode or a name can hide in several kinds of header.
  const changes = await git.items(scratch, [
    'diff-index',
    '--cached',
    '--raw',
    '-z',
    '--no-renames',
    parent,
  ]);
  for (let n = 0; n + 1 < changes.length; n += 2) {
    const mode = (changes[n] ?? '').split(' ')[1] ?? '';
    refuseUnsafe(changes[n + 1] ?? '', mode);
  }
  return (await git.text(scratch, ['write-tree'])).trim();
}

function notApplied(reason: string, parent: string): LabError {
  const outside = /invalid path '(.*)'/.exec(reason)?.[1];
  return outside === undefined
    ? new LabError('conflict', `the patch does not apply to ${parent.slice(0, 12)}: ${reason}`)
    : new LabError(
        'refused',
        `the patch names a path that is not the repository's: ${outside}`,
        outside,
      );
}
