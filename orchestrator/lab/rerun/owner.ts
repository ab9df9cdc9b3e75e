import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDead, nameOfProcess } from '../../../workers/processes.ts';

/** A rerun's folder names the process that is at it, until its outcome is told. */

const FILE = 'owner';

export const takeFolder = (reruns: string): Promise<void> =>
  writeFile(join(reruns, FILE), nameOfProcess(process.pid) ?? `${process.pid}`);

export const leaveFolder = (reruns: string): Promise<void> =>
  rm(join(reruns, FILE), { force: true });

/** `cut_off`: its process died before the outcome was told. */
export type Progress = 'under_way' | 'cut_off' | 'over';

/** Every rerun's folder below an experiment's, and how far it came. Absolute paths. */
export async function rerunFolders(
  experimentFolder: string,
): Promise<readonly { readonly folder: string; readonly progress: Progress }[]> {
  const top = join(experimentFolder, 'reruns');
  const found = await readdir(top, { withFileTypes: true }).catch(() => []);
  const folders = found.filter((entry) => entry.isDirectory()).map(({ name }) => join(top, name));
  return Promise.all(
    folders.map(async (folder) => ({ folder, progress: progressBy(await ownerOf(folder)) })),
  );
}

const ownerOf = (folder: string): Promise<string | null> =>
  readFile(join(folder, FILE), 'utf8').catch(() => null);

function progressBy(owner: string | null): Progress {
  if (owner === null) return 'over';
  return isDead(owner) ? 'cut_off' : 'under_way';
}
