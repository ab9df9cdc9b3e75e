import {
  closeSync,
  constants,
  existsSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { OWNED } from './checkouts.ts';
import { clean } from './clean.ts';
import type { Place } from './hardened.ts';
import type { Home } from './home.ts';
import { parseIndex, type IndexFile } from './index-file.ts';
import type { Objects } from './objects.ts';
import { REGULAR, type TreeEntry } from './paths.ts';
import { notAsCommitted, type Verified } from './verified.ts';

/**
 * The short way from one commit to another in a worktree that stands, for what a night does most:
 * other texts in the files that are there. What `git reset --hard` would do, without a process
 * between two trainings: files are compared with the commit by their bytes, those that differ are
 * written anew, and index and HEAD say so. Whatever is unusual is left to git.
 */

/** A worktree that git itself brought to a commit while this process ran. */
export interface Stood {
  readonly place: Place;
  /** The folder's parent, and where that really is. */
  readonly parent: string;
  readonly real: string;
  /** The repository's worktrees then: one more or less may be for git to mend. */
  readonly siblings: string;
}

export const stoodAt = (home: Home, folder: string, place: Place): Stood => ({
  place,
  parent: dirname(resolve(folder)),
  real: dirname(place.workTree),
  siblings: siblingsIn(home),
});

const siblingsIn = ({ commonDir }: Home): string =>
  readdirSync(join(commonDir, 'worktrees')).toSorted().join('/');

export interface Change {
  readonly commit: string;
  readonly entries: readonly TreeEntry[];
  readonly keep: readonly string[];
  readonly verified: Verified;
}

/** Of more than this git, with threads and an index that it trusts, makes shorter work. */
const MOST_ENTRIES = 4000;
const MOST_WRITTEN = 64;
const FULL_ID = /^[0-9a-f]{40}$/;
/** What lies in the administration of a worktree where nothing is under way. */
const USUAL = new Set(['HEAD', 'ORIG_HEAD', 'commondir', 'gitdir', 'index', 'logs', 'refs', OWNED]);

/** False where git has to do it; the worktree may be partly changed then. */
export async function changeInPlace(
  home: Home,
  objects: Objects,
  stood: Stood,
  to: Change,
): Promise<boolean> {
  const { gitDir, workTree } = stood.place;
  const { commit, entries, keep, verified } = to;
  if (!FULL_ID.test(commit) || entries.length > MOST_ENTRIES || !arePlain(home, entries))
    return false;
  try {
    if (!isAsLeft(home, stood)) return false;
    await clean(
      workTree,
      entries.map(({ path }) => path),
      keep,
    );
    const index = parseIndex(readFileSync(join(gitDir, 'index')));
    if (index === null || !sameFiles(index, entries)) return false;
    const stale = await notAsCommitted(workTree, entries, verified);
    if (stale === null || stale.length > MOST_WRITTEN) return false;
    for (const entry of stale)
      write(join(workTree, entry.path), entry, await objects.blob(entry.oid));
    const differing = entries.filter((each) => index.entries.get(each.path)?.oid !== each.oid);
    const changed = new Map([...stale, ...differing].map((entry) => [entry.path, entry.oid]));
    const news = [...changed].map(
      ([path, oid]) =>
        [path, { oid, stat: lstatSync(join(workTree, path), { bigint: true }) }] as const,
    );
    if (news.length > 0) replace(join(gitDir, 'index'), index.with(new Map(news)));
    replace(join(gitDir, 'HEAD'), Buffer.from(`${commit}\n`));
    return true;
  } catch {
    // The disk, an object that is gone, a lock: git finds out, and says why.
    return false;
  }
}

/** No attribute has a say in how files are written, and no submodule is to be looked after. */
const arePlain = (home: Home, entries: readonly TreeEntry[]): boolean =>
  !existsSync(join(home.commonDir, 'info', 'attributes')) &&
  entries.every(
    ({ mode, path }) =>
      REGULAR.has(mode) &&
      basename(path).toLowerCase() !== '.gitattributes' &&
      // A name that is no UTF-8 is another one here.
      !path.includes('\uFFFD'),
  );

/** Folder and administration are those that git was told of, detached, with nothing under way. */
function isAsLeft(home: Home, { place, parent, real, siblings }: Stood): boolean {
  const { commonDir } = home;
  const { gitDir, workTree } = place;
  const text = (name: string): string => readFileSync(join(gitDir, name), 'utf8').trimEnd();
  const pointer = join(workTree, '.git');
  return (
    realpathSync(parent) === real &&
    siblingsIn(home) === siblings &&
    lstatSync(workTree).isDirectory() &&
    lstatSync(pointer).isFile() &&
    readFileSync(pointer, 'utf8') === `gitdir: ${gitDir}\n` &&
    readdirSync(gitDir).every((name) => USUAL.has(name)) &&
    existsSync(join(gitDir, OWNED)) &&
    text('gitdir') === pointer &&
    resolve(gitDir, text('commondir')) === commonDir &&
    FULL_ID.test(text('HEAD'))
  );
}

const sameFiles = ({ entries: known }: IndexFile, entries: readonly TreeEntry[]): boolean =>
  known.size === entries.length &&
  entries.every(({ path, mode }) => known.get(path)?.mode === mode);

/** A new file, so that no name elsewhere of the old one's inode is written through. */
function write(file: string, { mode }: TreeEntry, bytes: Buffer): void {
  if (lstatSync(file, { throwIfNoEntry: false }) !== undefined) unlinkSync(file);
  writeFileSync(file, bytes, { flag: 'wx', mode: mode === '100755' ? 0o777 : 0o666 });
}

/** By way of the lock that git itself would take; throws where somebody has it. */
function replace(file: string, bytes: Buffer): void {
  const lock = `${file}.lock`;
  const handle = openSync(lock, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o666);
  try {
    writeFileSync(handle, bytes);
  } catch (error) {
    unlinkSync(lock);
    throw error;
  } finally {
    closeSync(handle);
  }
  renameSync(lock, file);
}
