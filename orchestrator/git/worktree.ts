import { lstat, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { LabError } from '../domain/errors.ts';
import { administration, physical } from './checkouts.ts';
import { clean, removeTree } from './clean.ts';
import { filtersOff } from './filters.ts';
import type { Git, Place } from './hardened.ts';
import { plumbing } from './home.ts';
import type { Home } from './home.ts';

/**
 * Worktrees of slots. A run may have done anything to the folder, so git is told from outside
 * where its administration lies (`<common .git>/worktrees/<name>`, which runs can't write); the
 * worktree's own `.git` file is written for the training script's use and never read.
 *
 * A folder handed to these functions is AutoLab's: what is in it goes. They still refuse the
 * user's checkout, folders around or inside it, worktrees it did not make, and other repositories.
 */

const LOCKS = ['index.lock', 'HEAD.lock'];
/** An empty file in the administration of each worktree that AutoLab made. git does not mind it. */
const OWNED = 'autolab';

/** Brings the worktree to `commit`; one caller per folder at a time. See Repository.checkOut. */
export async function checkOut(
  git: Git,
  home: Home,
  folder: string,
  commit: string,
  keep: readonly string[],
): Promise<void> {
  const tracked = await git.items(plumbing(home), [
    'ls-tree',
    '-r',
    '-z',
    '--name-only',
    '--full-tree',
    commit,
  ]);
  const place = await stand(git, home, folder, commit);
  const config = await filtersOff(git, place);
  // Before the reset, so that it meets no attribute and no folder that a run put there.
  await clean(place.workTree, tracked, keep);
  // We are the only writer here: a lock belongs to a git that died with an earlier AutoLab.
  await Promise.all(LOCKS.map((lock) => rm(join(place.gitDir, lock), { force: true })));
  const reset = ['reset', '--hard', '--quiet', commit];
  const done = await git.ask(place, reset, { config });
  if (done.code === 0) return;
  // An index that a power cut left half written can't be reset; made anew it can.
  await rm(join(place.gitDir, 'index'), { force: true });
  await git.text(place, reset, { config });
}

/** See Repository.worktreeChanges. Throws LabError not_found where there is no such worktree. */
export async function worktreeChanges(
  git: Git,
  home: Home,
  folder: string,
  commit: string,
): Promise<{ readonly tracked: readonly string[]; readonly untracked: readonly string[] }> {
  const admin = await administration(home.commonDir, folder);
  const found = await lstat(folder).catch(() => null);
  if (admin === null || found?.isDirectory() !== true)
    throw new LabError('not_found', `there is no worktree of this repository at ${folder}`, folder);
  const place: Place = { gitDir: admin, workTree: folder, ofUser: false };
  const config = await filtersOff(git, place);
  const [tracked, untracked] = await Promise.all([
    git.items(
      place,
      [
        'diff',
        '--name-only',
        '-z',
        '--no-renames',
        '--no-ext-diff',
        '--no-textconv',
        '--ignore-submodules=all',
        commit,
        '--',
      ],
      { config },
    ),
    git.items(place, ['ls-files', '--others', '--exclude-standard', '-z'], { config }),
  ]);
  // A nested repository is one entry, `name/`.
  return { tracked, untracked: untracked.map((path) => path.replace(/\/$/, '')) };
}

/** Removes folder and administration; one that is gone is no error. */
export async function removeWorktree(home: Home, folder: string): Promise<void> {
  const admin = await administration(home.commonDir, folder);
  await refuseForeign(home, folder, admin);
  await removeTree(resolve(folder));
  if (admin !== null) await rm(admin, { recursive: true, force: true });
}

/** The worktree as git has to be told of it, made or repaired where need be; files not yet as committed. */
async function stand(git: Git, home: Home, folder: string, commit: string): Promise<Place> {
  const known = await administration(home.commonDir, folder);
  await refuseForeign(home, folder, known);
  await mkdir(dirname(resolve(folder)), { recursive: true });
  const admin =
    known !== null && (await isWhole(known))
      ? known
      : await inTurn(home.commonDir, () => administer(git, home, folder, commit, known));

  const workTree = await physical(folder);
  const found = await lstat(workTree).catch(() => null);
  if (found !== null && !found.isDirectory()) await rm(workTree, { force: true });
  await mkdir(workTree, { recursive: true });
  await writePointer(join(workTree, '.git'), `gitdir: ${admin}\n`);
  return { gitDir: admin, workTree, ofUser: false };
}

/** git falls over its own feet where two `worktree add` of one repository run at once. */
const turns = new Map<string, Promise<unknown>>();
function inTurn<Result>(key: string, act: () => Promise<Result>): Promise<Result> {
  const mine = (turns.get(key) ?? Promise.resolve()).then(act, act);
  turns.set(key, mine);
  return mine;
}

/**
 * Has git set up the administration of a worktree at `folder`, whatever the folder holds:
 * `git worktree add` wants an empty one, so it gets one, and the result is pointed at ours.
 */
async function administer(
  git: Git,
  home: Home,
  folder: string,
  commit: string,
  broken: string | null,
): Promise<string> {
  if (broken !== null) await rm(broken, { recursive: true, force: true });
  const target = await physical(folder);
  const around = await mkdtemp(join(dirname(target), '.autolab-'));
  try {
    const made = join(around, basename(target));
    await git.text(
      plumbing(home),
      ['worktree', 'add', '--detach', '--no-checkout', '--quiet', made, commit],
      {
        config: ['worktree.useRelativePaths=false'],
      },
    );
    const admin = await administration(home.commonDir, made);
    if (admin === null) throw new Error(`git worktree add made no administration for ${made}`);
    await writeFile(join(admin, OWNED), '');
    await writeFile(join(admin, 'gitdir'), `${join(target, '.git')}\n`);
    return admin;
  } finally {
    await rm(around, { recursive: true, force: true });
  }
}

/** A HEAD on a branch is damage, too: a script checked it out, and a reset would move the branch. */
const isWhole = async (admin: string): Promise<boolean> => {
  const [head, commonDir] = await Promise.all(
    ['HEAD', 'commondir'].map((name) => readFile(join(admin, name), 'utf8').catch(() => '')),
  );
  return /^[0-9a-f]{40,64}\s*$/.test(head ?? '') && commonDir !== '';
};

/** Makes `.git` the file it has to be; a run may have left a repository or a symlink in its place. */
async function writePointer(file: string, text: string): Promise<void> {
  const found = await lstat(file).catch(() => null);
  if (found?.isFile() === true && (await readFile(file, 'utf8').catch(() => '')) === text) return;
  await removeTree(file);
  await writeFile(file, text, { flag: 'wx' });
}

async function refuseForeign(home: Home, folder: string, admin: string | null): Promise<void> {
  const target = await physical(folder);
  const theirs = await Promise.all(
    [home.user.workTree, home.commonDir].map((path) => realpath(path)),
  );
  if (theirs.some((path) => contains(path, target) || contains(target, path))) {
    throw new LabError(
      'refused',
      `a worktree has to lie outside the repository, found ${folder}: choose another cache folder`,
      folder,
    );
  }
  if (admin === null) {
    if ((await lstat(join(target, '.git')).catch(() => null))?.isDirectory() === true) {
      throw new LabError(
        'refused',
        `${folder} is a repository that AutoLab did not make: move it away, or choose another cache folder`,
        folder,
      );
    }
    return;
  }
  if ((await lstat(join(admin, OWNED)).catch(() => null)) === null) {
    throw new LabError(
      'refused',
      `${folder} is a worktree that AutoLab did not make: choose another cache folder`,
      folder,
    );
  }
}

function contains(outer: string, inner: string): boolean {
  const way = relative(outer, inner);
  return way !== '..' && !way.startsWith(`..${sep}`) && resolve(outer, way) === resolve(inner);
}
