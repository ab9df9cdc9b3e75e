import { lstat, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { LabError } from '../domain/errors.ts';
import { administration, OWNED, physical } from './checkouts.ts';
import { clean, removeTree } from './clean.ts';
import type { FiltersOff } from './filters.ts';
import { failed } from './hardened.ts';
import type { Git, Place } from './hardened.ts';
import { plumbing } from './home.ts';
import type { Home } from './home.ts';
import { changeInPlace, stoodAt } from './in-place.ts';
import type { Stood } from './in-place.ts';
import { leavesOut } from './index-file.ts';
import { outlast } from './locks.ts';
import type { Objects } from './objects.ts';
import type { TreeEntry } from './paths.ts';
import { listEntries } from './read.ts';
import { forget, MAKING, sweep } from './sweep.ts';
import { isAsCommitted } from './verified.ts';
import type { Verified } from './verified.ts';

/**
 * Worktrees of slots. A run may have done anything to the folder, so git is told from outside
 * where its administration lies (`<common .git>/worktrees/<name>`, which runs can't write); the
 * worktree's own `.git` file is written for the training script's use and never read.
 *
 * A folder handed to these functions is AutoLab's: what is in it goes. They still refuse the
 * user's checkout, folders around or inside it, worktrees it did not make, and other repositories.
 */

/** What worktrees are kept with. */
export interface Slots {
  readonly git: Git;
  readonly home: Home;
  readonly objects: Objects;
  readonly filtersOff: FiltersOff;
  /** By the worktree's administration. */
  readonly verified: Map<string, Verified>;
  /** Worktrees that git brought to a commit since we run, by their folder. */
  readonly stood: Map<string, Stood>;
}

/** Brings the worktree to `commit`; one caller per folder at a time. See Repository.checkOut. */
export async function checkOut(
  slots: Slots,
  folder: string,
  commit: string,
  keep: readonly string[],
): Promise<void> {
  const { git, home, objects, stood } = slots;
  const entries = await listEntries(git, objects, commit);
  const standing = stood.get(resolve(folder));
  if (standing !== undefined) {
    const verified = verifiedAt(slots, standing.place.gitDir);
    if (await changeInPlace(home, objects, standing, { commit, entries, keep, verified })) return;
  }
  stood.delete(resolve(folder));
  stood.set(
    resolve(folder),
    stoodAt(home, folder, await checkOutByGit(slots, folder, commit, entries, keep)),
  );
}

async function checkOutByGit(
  slots: Slots,
  folder: string,
  commit: string,
  entries: readonly TreeEntry[],
  keep: readonly string[],
): Promise<Place> {
  const { git, home } = slots;
  const tracked = entries.map(({ path }) => path);
  const place = await stand(git, home, folder, commit);
  const broken = await reset(slots, place, { commit, tracked, keep });
  if (broken === null) return place;
  // Whatever is wrong with it: what git keeps of it, and each file of the commit, is made anew, once.
  await forget(place.gitDir);
  const again = await stand(git, home, folder, commit);
  const failure = await reset(slots, again, { commit, tracked: [], keep });
  if (failure !== null) throw failure;
  return again;
}

/** What is known of the files of the worktree with that administration. */
function verifiedAt({ verified }: Slots, admin: string): Verified {
  const known = verified.get(admin) ?? new Map();
  verified.set(admin, known);
  return known;
}

/** A worktree can be made again: nothing in it need outlast a power cut. */
const NO_SYNC = 'core.fsync=none';

interface Goal {
  readonly commit: string;
  readonly tracked: readonly string[];
  readonly keep: readonly string[];
}

/** Why the worktree could not be brought to the commit; null where it was. Throws where a git lives on that locks it. */
async function reset(slots: Slots, place: Place, to: Goal): Promise<LabError | null> {
  const { git, home } = slots;
  const config = await slots.filtersOff(place);
  // A git that an AutoLab left behind may be writing here still: what it writes is to be cleaned, too.
  await outlast(home, join(place.gitDir, 'index.lock'), place);
  // A run may have told git to leave a file as it is: without an index it writes them all.
  const index = join(place.gitDir, 'index');
  if (leavesOut(await readFile(index).catch(() => Buffer.alloc(0)))) await rm(index);
  // Before the reset, so that it meets no attribute and no folder that a run put there.
  await clean(place.workTree, to.tracked, to.keep);
  const args = ['reset', '--hard', '--quiet', to.commit];
  const done = await git.ask(place, args, { config: [...config, NO_SYNC] });
  return done.code === 0 ? null : failed(args, done);
}

/** See Repository.worktreeChanges. Throws LabError not_found where there is no such worktree. */
export async function worktreeChanges(
  slots: Slots,
  folder: string,
  commit: string,
): Promise<{ readonly tracked: readonly string[] }> {
  const { git, home, objects } = slots;
  const admin = await administration(home.commonDir, folder);
  const found = await lstat(folder).catch(() => null);
  if (admin === null || found?.isDirectory() !== true)
    throw new LabError('not_found', `there is no worktree of this repository at ${folder}`, folder);
  const entries = await listEntries(git, objects, commit);
  if (await isAsCommitted(folder, entries, verifiedAt(slots, admin))) return { tracked: [] };
  const place: Place = { gitDir: admin, workTree: folder, ofUser: false };
  const config = await slots.filtersOff(place);
  const plain = ['--no-renames', '--no-ext-diff', '--no-textconv', '--ignore-submodules=all'];
  const args = ['diff', '--name-only', '-z', ...plain, commit, '--'];
  return { tracked: await git.items(place, args, { config }) };
}

/** Removes folder and administration; one that is gone is no error. */
export async function removeWorktree(home: Home, folder: string): Promise<void> {
  const admin = await administration(home.commonDir, folder);
  await refuseForeign(home, folder, admin);
  await removeTree(resolve(folder));
  if (admin !== null) await forget(admin);
}

/** The worktree as git has to be told of it, made or repaired where need be; files not yet as committed. */
async function stand(git: Git, home: Home, folder: string, commit: string): Promise<Place> {
  const known = await administration(home.commonDir, folder);
  await refuseForeign(home, folder, known);
  await mkdir(dirname(resolve(folder)), { recursive: true });
  const admin = await inTurn(home.commonDir, async () => {
    await sweep(home, folder);
    const whole = known !== null && (await isWhole(home, known));
    // Also a folder behind a symlink: git's list of worktrees has to name ours.
    if (!whole && known !== null) await forget(known);
    await makeFolder(await physical(folder));
    return whole ? known : administer(git, home, folder, commit);
  });
  const workTree = await physical(folder);
  await writePointer(join(workTree, '.git'), `gitdir: ${admin}\n`);
  return { gitDir: admin, workTree, ofUser: false };
}

/** What lies in the folder's place goes; a symlink is not followed. */
async function makeFolder(path: string): Promise<void> {
  const found = await lstat(path).catch(() => null);
  if (found !== null && !found.isDirectory()) await rm(path, { force: true });
  await mkdir(path, { recursive: true });
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
async function administer(git: Git, home: Home, folder: string, commit: string): Promise<string> {
  const target = await physical(folder);
  const around = await mkdtemp(join(dirname(target), MAKING));
  try {
    const made = join(around, basename(target));
    const add = ['worktree', 'add', '--detach', '--no-checkout', '--quiet', made, commit];
    await git.text(plumbing(home), add, { config: ['worktree.useRelativePaths=false'] });
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
const isWhole = async (home: Home, admin: string): Promise<boolean> => {
  const [head = '', commonDir = ''] = await Promise.all(
    ['HEAD', 'commondir'].map((name) => readFile(join(admin, name), 'utf8').catch(() => '')),
  );
  const points = resolve(admin, commonDir.trimEnd()) === home.commonDir;
  return /^[0-9a-f]{40,64}\s*$/.test(head) && points;
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
      `${folder} is a worktree that AutoLab did not make: choose another cache folder, or git worktree remove --force '${folder}'`,
      folder,
    );
  }
}

function contains(outer: string, inner: string): boolean {
  const way = relative(outer, inner);
  return way !== '..' && !way.startsWith(`..${sep}`) && resolve(outer, way) === resolve(inner);
}
