import { lstat, mkdir, readlink, realpath, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EXPERIMENTS_DIR, NOTEBOOK_DIR } from '../orchestrator/domain/layout.ts';
import type { Failure } from '../orchestrator/domain/run.ts';
import { invalid, listed } from './protect.ts';
import { differences, snapshot, type Snapshot } from './walk.ts';

/**
 * Puts the user's untracked paths into a worktree as symbolic links. `invalid` where one is not
 * there, or git tracks something of that name.
 */
export async function placeLinks(
  root: string,
  worktree: string,
  paths: readonly string[],
  tracked: readonly string[],
): Promise<Failure | null> {
  for (const path of paths.map((given) => given.replace(/\/+$/, ''))) {
    const source = join(root, path);
    const place = join(worktree, path);
    if (!(await exists(source))) {
      return invalid(`workspace.link: expected ${path} in ${root}, found nothing there`);
    }
    if (tracked.some((file) => file === path || file.startsWith(`${path}/`))) {
      return invalid(
        `workspace.link: expected an untracked path, but git tracks ${path}; it is in every worktree anyway`,
      );
    }
    if ((await readlink(place).catch(() => null)) === source) continue;
    const inside = await realpath(dirname(place)).catch(() => null);
    if (inside !== null && inside !== join(await realpath(worktree), dirname(path)))
      return invalid(`workspace.link: expected ${path} to lie in no other link, found it in one`);
    // A run may have put something of its own there; rm does not follow links.
    await rm(place, { recursive: true, force: true });
    await mkdir(dirname(place), { recursive: true });
    await symlink(source, place);
  }
  return null;
}

/** Where AutoLab itself writes while runs go on: no data of the lab's, though `data` may be linked. */
export async function ownPlaces(root: string): Promise<ReadonlySet<string>> {
  const top = await realpath(root).catch(() => root);
  return new Set([NOTEBOOK_DIR, EXPERIMENTS_DIR].map((path) => join(top, path)));
}

/** About a second's work. Of a linked path that holds more, the rest goes unwatched. */
export const MOST_FILES = 250_000;

/** Linked paths as they are now: path → what lies in it. */
export async function lookAtLinks(
  root: string,
  paths: readonly string[],
): Promise<ReadonlyMap<string, Snapshot>> {
  const seen = new Map<string, Snapshot>();
  for (const path of paths) {
    // Data often lies on another disk, behind a link of the user's own.
    const place = await realpath(join(root, path)).catch(() => join(root, path));
    seen.set(path, await snapshot(place, await ownPlaces(root), MOST_FILES));
  }
  return seen;
}

/** A sentence, naming what was written to, where linked paths are not as they were. */
export function writtenTo(
  before: ReadonlyMap<string, Snapshot>,
  after: ReadonlyMap<string, Snapshot>,
): readonly string[] {
  const came: string[] = [];
  const went: string[] = [];
  const changed: string[] = [];
  for (const [path, old] of before) {
    const now = after.get(path) ?? new Map<string, string>();
    for (const inside of differences(old, now)) {
      const kind = !old.has(inside) ? came : now.has(inside) ? changed : went;
      kind.push(inside === '' ? path : `${path}/${inside}`);
    }
  }
  const found = [
    changed.length > 0 ? `${listed(changed)} changed` : '',
    came.length > 0 ? `${listed(came)} was left there` : '',
    went.length > 0 ? `${listed(went)} was removed` : '',
  ].filter((part) => part !== '');
  if (found.length === 0) return [];
  return [`linked paths are read-only, but while the run went on ${found.join(', ')}`];
}

const exists = async (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );
