import { LabError } from '../domain/errors.ts';
import type { Merged, PromoteOrder, Promotion } from '../domain/ports.ts';
import { bringAlong, refuseUnfinished } from './advance.ts';
import { checkouts } from './checkouts.ts';
import type { Checkout } from './checkouts.ts';
import { complaint } from './hardened.ts';
import type { Git, Place } from './hardened.ts';
import type { Home } from './home.ts';
import { mergedTree } from './merge.ts';
import { askForText } from './read.ts';
import { commitOf, pointBranch, refOf, tipOf } from './refs.ts';
import { AUTOLAB } from './run.ts';
import { treeWith, withScratch } from './scratch.ts';

/** Where changes go when no branch is checked out. */
const DETACHED_BRANCH = 'autolab-best';

/** Variables that make git write somebody's name. */
type Identity = Readonly<Record<string, string>>;

/**
 * Merges an experiment into base. The merge commit is made first, beside everything; only when it
 * stands does the branch move, and with it the checkout that holds it, by a fast-forward that git
 * refuses as a whole before it writes a file. Unlike experiments' commits this one is the
 * user's, under their identity and today's date.
 */
export async function promote(git: Git, home: Home, order: PromoteOrder): Promise<Promotion> {
  const { user } = home;
  const branch = order.base.branch ?? DETACHED_BRANCH;
  const standing = await tipOf(git, user, branch);
  const tip = standing ?? (order.base.branch === null ? order.base.commit : null);
  if (tip === null) {
    throw new LabError(
      'not_found',
      `base branch ${branch} is gone: git branch ${branch} ${order.base.commit}`,
      branch,
    );
  }
  const all = await checkouts(git, home.commonDir, user);
  await Promise.all(all.map((checkout) => refuseUnfinished(checkout, branch)));

  const who = await identity(git, user);
  const experiment = await commitOf(git, user, order.commit);
  const tree = await mergedTree(git, user, { branch, tip, experiment });
  const commit = await mergeCommit(git, home, { ...order, tip, commit: experiment, tree, who });

  const holders = all.filter((checkout) => checkout.branch === branch);
  if (standing === null) await pointBranch(git, home, branch, commit);
  else if (holders.length === 0) await moveUnseen(git, user, branch, tip, commit, who);
  else await bringAlong(git, home, only(holders), commit, who);
  return { branch, commit };
}

/** See Repository.mergesInto. */
export async function mergesInto(
  git: Git,
  place: Place,
  base: string | null,
): Promise<readonly Merged[]> {
  const branch = base ?? DETACHED_BRANCH;
  if ((await tipOf(git, place, branch)) === null) return [];
  const form = ['--merges', '--first-parent', '-z', '--no-show-signature', '--format=%H %P %cn'];
  const merges = await git.items(place, ['log', '--max-count=1000', ...form, refOf(branch), '--']);
  return merges.map((line) => {
    const [commit = '', , ...rest] = line.split(' ');
    // A name may hold blanks, and look like anything but a whole hash.
    const end = rest.findIndex((word) => !/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(word));
    const brought = rest.slice(0, end < 0 ? rest.length : end);
    return { branch, commit, brought, who: rest.slice(brought.length).join(' ') };
  });
}

interface Merge extends PromoteOrder {
  readonly tip: string;
  readonly tree: string;
  readonly who: Identity;
}

async function mergeCommit(git: Git, home: Home, merge: Merge): Promise<string> {
  const texts = [...merge.files].map(async ([path, write]) => {
    const old = await askForText(git, home.user, merge.tip, path);
    return [path, write(old)] as const;
  });
  const files = new Map(await Promise.all(texts));
  return withScratch(home, async (scratch) => {
    const tree = await treeWith(git, scratch, merge.tree, files);
    const args = ['commit-tree', tree, '-p', merge.tip, '-p', merge.commit, '-F', '-'];
    return (await git.text(scratch, args, { input: merge.message, env: merge.who })).trim();
  });
}

/** The user, if git knows them; AutoLab rather than what git would guess from host and login. */
async function identity(git: Git, user: Place): Promise<Identity> {
  const names = ['GIT_AUTHOR_IDENT', 'GIT_COMMITTER_IDENT'];
  const config = ['user.useConfigOnly=true'];
  const asked = await Promise.all(names.map((name) => git.ask(user, ['var', name], { config })));
  return asked.every(({ code }) => code === 0) ? {} : AUTOLAB;
}

/** git lets two folders hold one branch only by force, and then only one of them could follow. */
function only(holders: readonly Checkout[]): Checkout {
  const [holder, other] = holders;
  if (holder !== undefined && other === undefined) return holder;
  const folders = holders.map(({ folder }) => folder).join(' and ');
  throw new LabError(
    'refused',
    `${holder?.branch} is checked out in ${folders}: check out another branch in one of them`,
    folders,
  );
}

async function moveUnseen(
  git: Git,
  user: Place,
  branch: string,
  tip: string,
  commit: string,
  who: Identity,
): Promise<void> {
  const args = ['update-ref', '-m', 'autolab: promote', refOf(branch), commit, tip];
  const moved = await git.ask(user, args, { env: who });
  if (moved.code === 0) return;
  throw new LabError(
    'conflict',
    `${branch} moved while it was promoted to, try again: ${complaint(moved)}`,
    branch,
  );
}
