import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hiddenBy } from '../orchestrator/domain/labels.ts';
import type { Failure } from '../orchestrator/domain/run.ts';
import type { Attempt } from './attempt.ts';
import { placeLinks } from './links.ts';

/**
 * Brings the attempt's worktree to its commit: every tracked file as committed, but for the labels
 * that its plan hides, which are not there; linked paths in their place; all else gone but `keep`
 * (from the top).
 */
export async function stand(attempt: Attempt, keep: readonly string[]): Promise<Failure | null> {
  const { order, workshop, worktree } = attempt;
  const { repository, root } = workshop;
  const { link } = order.plan.workspace;
  await repository.checkOut(worktree, order.commit, [...link, ...keep]);
  const tracked = await repository.listFiles(order.commit);
  // Files that git just wrote, so that no link on the way leads to the user's own.
  for (const path of tracked.filter(hiddenBy(order.plan)))
    await rm(join(worktree, path), { force: true });
  return placeLinks(root, worktree, link, tracked);
}

/** Whether a file is one of the labels that are to be missing here, and is. */
export const isMissingLabel = async (
  { order, worktree }: Attempt,
  path: string,
): Promise<boolean> =>
  hiddenBy(order.plan)(path) &&
  (await lstat(join(worktree, path)).then(
    () => false,
    () => true,
  ));
