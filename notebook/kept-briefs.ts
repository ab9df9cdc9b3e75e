import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Json } from '../orchestrator/domain/ports.ts';
import { ignoring, makeNotebookFolder, writeDurably } from './durable.ts';
import { checksummed, unchecked } from './lines.ts';

/**
 * Briefs that models are asked by and that nobody has answered yet, a file each below `briefs/`: a
 * launch that goes on asks the same questions, whose answers it may have.
 */
export function openKeptBriefs(dir: string) {
  const folder = join(dir, 'briefs');
  const fileOf = (id: string): string => join(folder, `${id}.json`);
  return {
    async recall(id: string): Promise<Json | null> {
      const bytes = await readFile(fileOf(id)).catch(ignoring('ENOENT'));
      const json = bytes?.at(-1) === 10 ? unchecked(bytes.subarray(0, -1)) : null;
      return json === null ? null : (JSON.parse(json) as Json);
    },
    async keep(id: string, brief: Json): Promise<void> {
      await makeNotebookFolder(dir);
      await mkdir(folder, { recursive: true });
      await writeDurably(fileOf(id), checksummed(JSON.stringify(brief)));
    },
    forget: (id: string): Promise<void> => rm(fileOf(id), { force: true }),
  };
}
