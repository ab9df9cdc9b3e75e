import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isDead, ownName } from '../processes.ts';
import { removeWhole } from '../remove.ts';

/**
 * Where the home and the temporary folders of a command lie: on disk, as outside. In memory they
 * would count as the run's, and a cache of models or a file of some gigabytes would end it. Each
 * command has new ones, so that nothing in them reaches the next.
 */

const folderOf = (cacheDir: string): string => join(cacheDir, 'scratch');

export function makeScratch(cacheDir: string): string {
  const scratch = join(folderOf(cacheDir), `${ownName()}-${randomBytes(3).toString('hex')}`);
  mkdirSync(scratch, { recursive: true, mode: 0o700 });
  return scratch;
}

/** What stays where it cannot be removed is in nobody's way: the next command has another. */
export const removeScratch = (scratch: string): Promise<void> =>
  removeWhole(scratch).catch(() => undefined);

/** Removes what former launches left, of which the process is dead. */
export async function sweepScratch(cacheDir: string): Promise<void> {
  const folder = folderOf(cacheDir);
  for (const name of await readdir(folder).catch((): string[] => [])) {
    const owner = name.replace(/-\w{6}$/, '').replaceAll('-', ':');
    if (isDead(owner)) await removeScratch(join(folder, name));
  }
}
