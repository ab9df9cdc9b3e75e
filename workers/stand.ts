import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { tidyPath } from '../orchestrator/domain/editable.ts';
import { hiddenBy } from '../orchestrator/domain/labels.ts';
import type { Failure } from '../orchestrator/domain/run.ts';
import { measuringWorktree, type Attempt } from './attempt.ts';
import { placeLinks } from './links.ts';
import { invalid, listed } from './protect.ts';

/**
 * Brings the attempt's worktree to its commit: every tracked file as committed, but for the labels
 * that its plan hides, which are not there; linked paths in their place; all else gone but `keep`
 * (from the top). `invalid` where a label stays, here or where it was last measured by it.
 */
export async function stand(attempt: Attempt, keep: readonly string[]): Promise<Failure | null> {
  const { order, workshop, worktree } = attempt;
  const { repository, root } = workshop;
  const { link } = order.plan.workspace;
  await repository.checkOut(worktree, order.commit, [...link, ...keep]);
  const tracked = await repository.listFiles(order.commit);
  const places: { readonly worktree: string; readonly paths: readonly string[] }[] = [
    { worktree, paths: tracked.filter(hiddenBy(order.plan)) },
  ];
  // What measured here before may have been killed before it took its labels away.
  for (const by of ['score', 'holdout'] as const) {
    const paths = labelFiles(order.plan[by]?.labels ?? [], tracked);
    places.push({ worktree: measuringWorktree(worktree, by), paths });
  }
  for (const place of places) {
    const left = await removeFrom(place.worktree, place.paths);
    if (left.length === 0) continue;
    return invalid(`expected no labels in ${place.worktree}, could not remove ${listed(left)}`);
  }
  return placeLinks(root, worktree, link, tracked);
}

/** The files that git tracks of these labels, and the labels that it does not track. */
export function labelFiles(
  labels: readonly string[],
  tracked: readonly string[],
): readonly string[] {
  return labels.map(tidyPath).flatMap((path) => {
    const files = tracked.filter((file) => file === path || file.startsWith(`${path}/`));
    return files.length === 0 ? [path] : files;
  });
}

/**
 * Removes paths from a worktree, whatever a run made of them, and says which are still there. Of a
 * path that leads through a link, the link goes: what it leads to is the user's own.
 */
export async function removeFrom(
  worktree: string,
  paths: readonly string[],
): Promise<readonly string[]> {
  const left: string[] = [];
  for (const path of paths) {
    const place = await firstLinkOn(worktree, path);
    if (place === null) continue;
    // Whether it could be removed, its place tells.
    await rm(place, { recursive: true, force: true }).catch(() => undefined);
    if (await isThere(place)) left.push(path);
  }
  return left;
}

/** The first link on the way to a path, itself where there is none; null where it is not there. */
async function firstLinkOn(worktree: string, path: string): Promise<string | null> {
  let place = worktree;
  for (const part of path.split('/')) {
    place = join(place, part);
    if (!(await isThere(place))) return null;
    if ((await lstat(place).catch(() => null))?.isSymbolicLink()) break;
  }
  return place;
}

/** Also what may not be looked at. */
const isThere = (place: string): Promise<boolean> =>
  lstat(place).then(
    () => true,
    ({ code }: NodeJS.ErrnoException) => code !== 'ENOENT' && code !== 'ENOTDIR',
  );

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
