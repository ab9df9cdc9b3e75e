import { lstat, access, constants, mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab, LabPlan } from '../lab.ts';
import { inBytes } from './quantities.ts';
import { bad, odd, ok, words, type Probe } from './probe.ts';

/** Below this even small things fail. */
const LITTLE = 1e9;
/** Worktrees that together need more are worth a word. */
const MUCH = 2e9;
const BATCH = 500;

/** Room for the worktrees, one per slot, and for the notebook. */
export async function diskProbes(
  lab: Lab,
  { base }: LabPlan,
  slots: number,
): Promise<readonly Probe[]> {
  const each = await treeBytes(lab, base.commit);
  return [await worktreeRoom(lab.cacheDir, each, slots), ...(await notebookRoom(lab))];
}

async function worktreeRoom(folder: string, each: number, slots: number): Promise<Probe> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
    const free = await freeIn(folder);
    const need = each * slots;
    const share = `${slots} worktree${slots === 1 ? '' : 's'} of ${inBytes(each)} each`;
    if (need > free)
      return bad(
        'disk',
        `expected room for ${share}, found ${inBytes(free)} free in ${folder}: make room, run fewer at once, ` +
          'or set XDG_CACHE_HOME to a larger disk',
      );
    const text = `${inBytes(free)} free for ${share} in ${folder}`;
    const much = need > MUCH ? '; what setup and runs leave comes on top' : '';
    return free < LITTLE + need ? odd('disk', `${text}: that is little`) : ok('disk', text + much);
  } catch (error) {
    return bad('disk', `expected a writable cache folder, found ${words(error)}`);
  }
}

/** Nothing where there is plenty: logs, metrics and kept files land there. */
async function notebookRoom({ root }: Lab): Promise<readonly Probe[]> {
  const free = await freeIn(root);
  return free < LITTLE
    ? [odd('disk', `${inBytes(free)} free in ${root}, for the notebook, logs and kept files`)]
    : [];
}

async function freeIn(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** What a commit's files take on disk, as the user's checkout has them. */
async function treeBytes({ repository, root }: Lab, commit: string): Promise<number> {
  const files = await repository.listFiles(commit);
  let bytes = 0;
  for (let at = 0; at < files.length; at += BATCH) {
    const sizes = files.slice(at, at + BATCH).map((file) =>
      lstat(join(root, file)).then(
        ({ size }) => size,
        () => 0,
      ),
    );
    for (const size of await Promise.all(sizes)) bytes += size;
  }
  return bytes;
}
