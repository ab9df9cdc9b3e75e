import { LabError } from '../domain/errors.ts';
import type { CommitOrder } from '../domain/ports.ts';
import { AUTOLAB, complaint, failed } from './hardened.ts';
import type { Git, Place } from './hardened.ts';
import type { Home } from './home.ts';
import { refuseUnsafe } from './paths.ts';
import { pointBranch } from './refs.ts';
import { treeWith, withScratch } from './scratch.ts';

/**
 * Makes an experiment's commit without any worktree. Author, committer and date are fixed: the
 * date is the parent's plus one second, so that the same order gives the same commit, however
 * often a crash makes us ask again. When it was really made stands in the journal.
 */
export function commit(git: Git, home: Home, order: CommitOrder): Promise<string> {
  return withScratch(home, async (scratch) => {
    const parent = await describe(git, scratch, order.parent);
    const tree =
      order.change.kind === 'files'
        ? await treeWith(git, scratch, parent.commit, order.change.files)
        : await patchedTree(git, scratch, parent.commit, order.change.diff);
    if (tree === parent.tree) {
      throw new LabError(
        'refused',
        `the change changes nothing on ${parent.commit.slice(0, 12)}`,
        order.branch,
      );
    }
    const date = `@${parent.committed + 1} +0000`;
    const args = ['commit-tree', tree, '-p', parent.commit, '-F', '-'];
    const made = await git.text(scratch, args, {
      input: order.message,
      env: { ...AUTOLAB, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
    });
    await pointBranch(git, home, order.branch, made.trim());
    return made.trim();
  });
}

interface Parent {
  readonly commit: string;
  readonly tree: string;
  /** Seconds since 1970. */
  readonly committed: number;
}

async function describe(git: Git, place: Place, commitish: string): Promise<Parent> {
  const args = ['cat-file', '--batch'];
  const found = await git.ask(place, args, { input: `${commitish}^{commit}\n` });
  if (found.code !== 0) throw failed(args, found);
  const text = found.stdout.toString('utf8');
  const header = text.slice(0, text.indexOf('\n\n'));
  const oid = /^([0-9a-f]+) commit /.exec(header)?.[1];
  const tree = /^tree ([0-9a-f]+)$/m.exec(header)?.[1];
  const committed = /^committer .* (\d+) [+-]\d{4}$/m.exec(header)?.[1];
  if (oid === undefined || tree === undefined || committed === undefined) {
    throw new LabError(
      'not_found',
      `there is no commit ${commitish} in this repository`,
      commitish,
    );
  }
  return { commit: oid, tree, committed: Number(committed) };
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
