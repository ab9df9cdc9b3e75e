import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../domain/errors.ts';
import type { Checkout } from './checkouts.ts';
import { complaint } from './hardened.ts';
import type { Git, Place } from './hardened.ts';
import type { Home } from './home.ts';
import { outlast } from './locks.ts';
import { commitOf, refOf } from './refs.ts';
import { putBack, untouched } from './undo.ts';

const UNFINISHED = [
  ['MERGE_HEAD', 'merge'],
  ['CHERRY_PICK_HEAD', 'cherry-pick'],
  ['REVERT_HEAD', 'revert'],
  ['rebase-merge', 'rebase'],
  ['rebase-apply', 'rebase'],
] as const;

/** Where a rebase notes the branch that it will put back on top. */
const REBASED = ['rebase-merge/head-name', 'rebase-apply/head-name'];

/** Throws LabError refused where somebody is halfway through something that involves the branch. */
export async function refuseUnfinished(checkout: Checkout, branch: string): Promise<void> {
  const notes = REBASED.map((name) =>
    readFile(join(checkout.gitDir, name), 'utf8').catch(() => ''),
  );
  const rebased = (await Promise.all(notes)).some((ref) => ref.trim() === `refs/heads/${branch}`);
  if (checkout.branch !== branch && !rebased) return;
  for (const [name, what] of UNFINISHED) {
    if (!(await exists(join(checkout.gitDir, name)))) continue;
    throw new LabError(
      'refused',
      `a ${what} on ${branch} is under way in ${checkout.folder}: finish it, or git ${what} --abort`,
      checkout.folder,
    );
  }
}

/**
 * Moves a checkout of a branch, its index and its files on to `commit`, a descendant. Paths that
 * do not differ stay as they are, dirty or staged; where one that differs is dirty, or something
 * untracked or ignored lies in its place, nothing is written. Throws LabError refused, naming them,
 * or the lock that somebody holds; where git broke off, the checkout is put back first.
 */
export async function bringAlong(
  git: Git,
  home: Home,
  checkout: Checkout,
  commit: string,
  identity: Readonly<Record<string, string>>,
): Promise<void> {
  // Also where git only guessed the folder, as it does for a .git that lies elsewhere.
  if (!(await exists(join(checkout.folder, '.git')))) {
    throw new LabError(
      'refused',
      `${checkout.branch} is checked out in ${checkout.folder}, which is gone or elsewhere: promote from that checkout, or git worktree prune`,
      checkout.folder,
    );
  }
  const place = { gitDir: checkout.gitDir, workTree: checkout.folder, ofUser: true };
  const deleted = await deletedInTheWay(git, place, commit);
  if (deleted.length > 0) throw inTheWay(checkout, deleted);
  // The last that git takes is the branch's lock: by then it would have written the files.
  const locks = [join(checkout.gitDir, 'index'), join(checkout.gitDir, 'HEAD')];
  for (const file of [...locks, join(home.commonDir, refOf(checkout.branch ?? ''))])
    await outlast(home, `${file}.lock`, place);
  const before = await untouched(git, place, commit);
  const args = ['merge', '--ff-only', '--no-overwrite-ignore', ...PLAIN_MERGE, commit];
  const moved = await git.ask(place, args, { env: identity });
  // The branch is the last that git moves: killed after that, it has done all it was asked for, and
  // putting files back would take them from under the new commit.
  if (moved.code === 0 || (await commitOf(git, place, 'HEAD')) === commit) return;
  // git lists the paths of each complaint indented by a tab, and has written nothing then.
  const listed = moved.stderr.split('\n').filter((line) => line.startsWith('\t'));
  if (listed.length > 0)
    throw inTheWay(
      checkout,
      listed.map((line) => line.trim()),
    );
  const kept = await putBack(git, place, before).then(
    () => 'it is as it was',
    ({ message }: Error) => `and could not put it back (${message}): see git status there`,
  );
  throw new LabError(
    'refused',
    `git would not bring ${checkout.folder} along, ${kept}: ${complaint(moved)}`,
    checkout.folder,
  );
}

/** To git a missing file holds nothing to lose, and it would put it back; but deleting is work, too. */
async function deletedInTheWay(git: Git, place: Place, commit: string): Promise<readonly string[]> {
  const plain = ['--name-only', '-z', '--no-ext-diff', '--ignore-submodules=all'];
  const [deleted, written] = await Promise.all([
    git.items(place, ['diff-files', ...plain, '--diff-filter=D']),
    git.items(place, [
      'diff-tree',
      '-r',
      '--no-renames',
      ...plain,
      '--diff-filter=d',
      'HEAD',
      commit,
    ]),
  ]);
  return deleted.filter((path) => written.includes(path));
}

const inTheWay = (checkout: Checkout, paths: readonly string[]): LabError =>
  new LabError(
    'refused',
    `promoting would overwrite what is not committed in ${checkout.folder}: ${paths.join(', ')}. Commit, stash or move it, then promote again`,
    paths[0],
  );

/** Against what `merge.*` and `branch.*.mergeOptions` may ask for. */
const PLAIN_MERGE = [
  '--commit',
  '--no-squash',
  '--no-stat',
  '--quiet',
  '--no-autostash',
  '--no-verify-signatures',
];

const exists = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => null)) !== null;
