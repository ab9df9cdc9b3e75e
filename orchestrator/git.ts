import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { LabError } from './domain/errors.ts';
import type { Base } from './domain/event.ts';
import type { Repository } from './domain/ports.ts';
import { otherCheckouts } from './git/checkouts.ts';
import { commit } from './git/commit.ts';
import { filtersOff } from './git/filters.ts';
import { complaint, createGit } from './git/hardened.ts';
import type { Git, Outcome, Place } from './git/hardened.ts';
import { plumbing } from './git/home.ts';
import type { Home } from './git/home.ts';
import { openObjects } from './git/objects.ts';
import { patient } from './git/patient.ts';
import { mergesInto, promote } from './git/promote.ts';
import { changedPaths, diff, dirtyPaths, listFiles, readText, uncommitted } from './git/read.ts';
import {
  branchPrefix,
  deleteBranch,
  highestExperiment,
  ourBranches,
  pointBranch,
  tipOf,
} from './git/refs.ts';
import { isFullId, remembered } from './git/remembered.ts';
import { checkOut, removeWorktree, worktreeChanges } from './git/worktree.ts';

/**
 * Opens the repository that `startDir` lies in. `environment` is what git processes inherit,
 * without its `GIT_*` variables. Throws LabError not_found where there is none, it is bare, or it
 * has no commit; refused where git will not read it for its owner.
 */
export async function openRepository(
  startDir: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Repository> {
  const hasty = createGit(environment);
  const home = await find(hasty, resolve(startDir));
  const git = patient(hasty, home);
  const { user } = home;
  const store = plumbing(home);
  const objects = openObjects(hasty, store);
  const slots = {
    git,
    home,
    objects,
    filtersOff: filtersOff(git, environment),
    verified: new Map(),
    stood: new Map(),
  };
  const diffs = remembered<string>(MOST_BYTES, (text) => text.length * 2);
  const diffOf = (from: string, to: string) => diff(git, store, from, to);
  const readDiff = async (from: string, to: string): Promise<string> => {
    const text = await diffOf(from, to);
    diffs.put(`${from} ${to}`, text);
    return text;
  };

  return {
    root: user.workTree,
    gitDir: home.commonDir,
    otherCheckouts: () => otherCheckouts(home),
    userName: () => userName(git, user),
    resolveBase: (base) => (base === undefined ? checkedOut(git, user) : tip(git, store, base)),
    readFile: (at, path) => readText(git, objects, at, path),
    listFiles: (at) => listFiles(git, objects, at),
    dirtyPaths: () => dirtyPaths(git, user),
    uncommitted: () => uncommitted(git, user),
    branchPrefix: () => branchPrefix(git, store),
    highestExperiment: () => highestExperiment(git, store),
    createBranch: (branch, at) => pointBranch(git, home, branch, at),
    commit: (order) => commit({ git, home, objects, readDiff }, order),
    diff: (from, to) =>
      [from, to].every(isFullId)
        ? diffs.get(`${from} ${to}`, () => diffOf(from, to))
        : diffOf(from, to),
    changedPaths: (from, to) => changedPaths(git, objects, from, to),
    checkOut: (folder, at, keep) => checkOut(slots, folder, at, keep),
    worktreeChanges: (folder, at) => worktreeChanges(slots, folder, at),
    removeWorktree: (folder) => removeWorktree(home, folder),
    branches: () => ourBranches(git, store),
    deleteBranch: (branch) => deleteBranch(git, home, branch),
    promote: (order) => promote(git, home, order),
    mergesInto: (base) => mergesInto(git, store, base),
  };
}

/** Diffs are asked for when made, and again by each round that shows them. */
const MOST_BYTES = 4 << 20;

async function find(git: Git, folder: string): Promise<Home> {
  const args = [
    'rev-parse',
    '--is-bare-repository',
    '--absolute-git-dir',
    '--git-common-dir',
    '--show-toplevel',
    'HEAD^{commit}',
  ];
  const found = await git.discover(folder, args).catch((cause: unknown) => {
    throw new LabError('not_found', `there is no folder ${folder}`, folder, cause);
  });
  const [bare, gitDir, commonDir, root, head] = found.stdout.toString('utf8').split('\n');
  if (bare === 'true') {
    throw new LabError(
      'not_found',
      `${folder} is a bare repository, expected a checkout: git worktree add ../lab, and go there`,
      folder,
    );
  }
  if (!gitDir || !commonDir || !root) throw notFound(folder, found);
  // A commit that git does not know it says again as it was asked.
  if (found.code !== 0 || !isFullId(head ?? '')) throw noCommit(root);
  const user: Place = { gitDir, workTree: root, ofUser: true };
  // A relative answer is relative to where the folder really is.
  return { user, commonDir: resolve(await realpath(folder), commonDir) };
}

function notFound(folder: string, found: Outcome): LabError {
  if (found.stderr.includes('dubious ownership')) {
    return new LabError(
      'refused',
      `git does not trust the owner of ${folder}: git config --global --add safe.directory ${folder}`,
      folder,
    );
  }
  if (found.code < 0)
    return new LabError(
      'failed',
      `git could not be started: expected it on the PATH (${complaint(found)})`,
    );
  return new LabError(
    'not_found',
    `${folder} is in no git checkout (${complaint(found)}). A lab is a git repository: git init && git add -A && git commit -m start`,
    folder,
  );
}

/** The commit that is checked out. Throws LabError not_found where there is none yet. */
async function headOf(git: Git, user: Place): Promise<string> {
  const found = await git.ask(user, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']);
  if (found.code === 0) return found.stdout.toString('utf8').trim();
  throw noCommit(user.workTree);
}

const noCommit = (root: string): LabError =>
  new LabError(
    'not_found',
    `${root} has no commit yet, and experiments need one to start from: git add -A && git commit -m start`,
    root,
  );

async function checkedOut(git: Git, user: Place): Promise<Base> {
  const commit = await headOf(git, user);
  const named = await git.ask(user, ['symbolic-ref', '--quiet', 'HEAD']);
  const ref = named.stdout.toString('utf8').trim();
  const branch = ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : null;
  return { branch, commit };
}

async function userName(git: Git, user: Place): Promise<string | null> {
  const found = await git.ask(user, ['config', '--get', 'user.name']);
  return found.stdout.toString('utf8').trim() || null;
}

async function tip(git: Git, place: Place, branch: string): Promise<Base> {
  const at = await tipOf(git, place, branch);
  if (at !== null) return { branch, commit: at };
  throw new LabError(
    'not_found',
    `there is no branch ${branch} to start from. Branches that exist: git branch --list; to make it: git branch ${branch}`,
    branch,
  );
}
