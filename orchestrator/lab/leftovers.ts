import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDead } from '../../workers/processes.ts';

/** What processes that were killed left in the temporary folder: `autolab-git-<owner>-…` and the like. */

const OURS = /^autolab-(?:git|pipe|status)-(\d+(?:-\d+-\d+)?)-\w{6}$/;

/** Folders whose owner is dead for certain. Absolute paths. */
export async function leftovers(): Promise<readonly string[]> {
  const names = await readdir(tmpdir()).catch((): string[] => []);
  return names
    .filter((name) => {
      const owner = OURS.exec(name)?.[1];
      return owner !== undefined && isDead(owner.replaceAll('-', ':'));
    })
    .map((name) => join(tmpdir(), name));
}

/** Removes them; what is another user's stays. Never throws. */
export async function sweepLeftovers(): Promise<void> {
  for (const folder of await leftovers())
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
}
