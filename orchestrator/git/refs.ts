import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../domain/errors.ts';
import { checkouts } from './checkouts.ts';
import { failed } from './hardened.ts';
import type { Git, Place } from './hardened.ts';
import { plumbing } from './home.ts';
import type { Home } from './home.ts';

/** Branches are `autolab/E-0007`; a branch named `autolab` leaves git no room for them. */
const PREFIXES = ['autolab', 'autolab-lab'] as const;
const [USUAL, OTHER] = PREFIXES;

export const refOf = (branch: string): string => `refs/heads/${branch}`;

/** The commit a branch is at, null where there is no such branch. */
export async function tipOf(git: Git, place: Place, branch: string): Promise<string | null> {
  const args = ['rev-parse', '--verify', '--quiet', `${refOf(branch)}^{commit}`];
  const found = await git.ask(place, args);
  return found.code === 0 ? found.stdout.toString('utf8').trim() : null;
}

/** The full id of a commit. Throws LabError not_found. */
export async function commitOf(git: Git, place: Place, commitish: string): Promise<string> {
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${commitish}^{commit}`];
  const found = await git.ask(place, args);
  if (found.code === 0) return found.stdout.toString('utf8').trim();
  throw new LabError('not_found', `there is no commit ${commitish} in this repository`, commitish);
}

export const branchPrefix = async (git: Git, place: Place): Promise<string> =>
  (await tipOf(git, place, USUAL)) === null ? USUAL : OTHER;

/** Both prefixes: the branch that was in the way may have come or gone since. */
export async function ourBranches(
  git: Git,
  place: Place,
): Promise<readonly { readonly branch: string; readonly commit: string }[]> {
  const patterns = PREFIXES.map((prefix) => `${refOf(prefix)}/`);
  const lines = await git.text(place, [
    'for-each-ref',
    '--format=%(objectname) %(refname)',
    ...patterns,
  ]);
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [commit = '', ref = ''] = line.split(' ');
      return { branch: ref.slice(refOf('').length), commit };
    });
}

export async function highestExperiment(git: Git, place: Place): Promise<number> {
  const numbers = (await ourBranches(git, place)).map(({ branch }) =>
    Number(/\/E-(\d+)$/.exec(branch)?.[1] ?? -1),
  );
  return Math.max(-1, ...numbers);
}

/**
 * Creates the branch. One that stands is moved from `replaces` alone: else it is at this commit
 * already, or not ours to move.
 */
export async function pointBranch(
  git: Git,
  home: Home,
  branch: string,
  commit: string,
  replaces: string | null = null,
): Promise<void> {
  const place = plumbing(home);
  // The empty old value means: must not exist yet.
  const args = ['update-ref', '-m', 'autolab', refOf(branch), commit, ''];
  let made = await git.ask(place, args);
  if (made.code !== 0 && (await removeEmpty(home, branch))) made = await git.ask(place, args);
  if (made.code === 0) return;
  const tip = await tipOf(git, place, branch);
  if (tip === commit) return;
  if (tip === null) throw failed(args, made);
  if (tip === replaces) {
    await git.text(place, ['update-ref', '-m', 'autolab', refOf(branch), commit, replaces]);
    return;
  }
  throw new LabError(
    'refused',
    `branch ${branch} stands at ${tip.slice(0, 12)}, expected it free or at ${commit.slice(0, 12)}; to keep it: git branch -m ${branch} kept/${branch}`,
    branch,
  );
}

/** A power cut can leave the file of a branch without what was written into it: it is at no commit. */
async function removeEmpty(home: Home, branch: string): Promise<boolean> {
  const file = join(home.commonDir, refOf(branch));
  const text = await readFile(file, 'latin1').catch(() => null);
  if (!isOurs(branch) || text === null || /[^\0\s]/.test(text)) return false;
  await rm(file, { force: true });
  return true;
}

/** Deletes a branch of ours; one that is gone is no error. Throws LabError refused for others. */
export async function deleteBranch(git: Git, home: Home, branch: string): Promise<void> {
  if (!isOurs(branch)) {
    throw new LabError(
      'refused',
      `expected a branch of AutoLab's (${PREFIXES.join('/…, ')}/…) to delete, found ${branch}`,
      branch,
    );
  }
  const all = await checkouts(git, home.commonDir, home.user);
  const holder = all.find((checkout) => checkout.branch === branch);
  if (holder !== undefined) {
    throw new LabError(
      'refused',
      `${branch} is checked out in ${holder.folder}: check out another branch there first`,
      branch,
    );
  }
  await git.text(plumbing(home), ['update-ref', '-d', refOf(branch)]);
}

const isOurs = (branch: string): boolean =>
  PREFIXES.some((prefix) => branch.startsWith(`${prefix}/`));
