import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isOwnRunId, numberOf, ownRunId, type OwnRunId } from '../../domain/ids.ts';
import type { Lab } from '../lab.ts';

/** The highest number ever given, so that a folder that was deleted is nobody else's. */
const HIGHEST = 'own-runs';

type Place = Pick<Lab, 'experimentsDir' | 'notebookDir'>;

/** Folders of runs of one's own, in no order. */
export async function ownFolders({ experimentsDir }: Place): Promise<readonly OwnRunId[]> {
  const names: string[] = await readdir(experimentsDir).catch(() => []);
  return names.filter(isOwnRunId);
}

/** Makes the next run's folder, which is this process' alone. Throws what the file system does. */
export async function claimOwnRun(lab: Place): Promise<{
  readonly id: OwnRunId;
  /** Absolute. */
  readonly folder: string;
}> {
  await mkdir(lab.experimentsDir, { recursive: true });
  const taken = (await ownFolders(lab)).map(numberOf);
  for (let n = 1 + taken.reduce((a, b) => Math.max(a, b), await highest(lab)); ; n++) {
    const id = ownRunId(n);
    const folder = join(lab.experimentsDir, id);
    try {
      await mkdir(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw error;
    }
    await writeFile(join(folder, '.gitignore'), '*\n');
    return { id, folder };
  }
}

/** Notes down how far the numbers go that are known. */
export async function keepHighest(lab: Place, ids: readonly OwnRunId[]): Promise<void> {
  const known = ids.reduce((most, id) => Math.max(most, numberOf(id)), 0);
  if (known > (await highest(lab))) await writeFile(join(lab.notebookDir, HIGHEST), `${known}\n`);
}

async function highest({ notebookDir }: Place): Promise<number> {
  const text = await readFile(join(notebookDir, HIGHEST), 'utf8').catch(() => '');
  return /^\d{1,15}\s*$/.test(text) ? Number(text) : 0;
}
