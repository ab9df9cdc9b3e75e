import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PrepareOrder, Prepared, Repository } from '../orchestrator/domain/ports.ts';

/**
 * Writes `E-0007/change.diff`: what the commit changed, or the patch that did not apply. Failed
 * changes are kept like good ones, and outlive their branch.
 */
export async function keepDiff(
  repository: Repository,
  experimentsDir: string,
  { experiment, change, parent }: PrepareOrder,
  prepared: Prepared,
): Promise<void> {
  if (change.kind === 'none') return;
  const tried = change.kind === 'patch' ? change.diff : '';
  const diff = 'commit' in prepared ? await repository.diff(parent, prepared.commit) : tried;
  if (diff === '') return;
  await mkdir(join(experimentsDir, experiment), { recursive: true });
  await writeFile(join(experimentsDir, experiment, 'change.diff'), diff);
}
