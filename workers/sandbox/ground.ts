import { existsSync, realpathSync } from 'node:fs';
import { totalmem } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { EXPERIMENTS_DIR, NOTEBOOK_DIR } from '../../orchestrator/domain/layout.ts';
import type { SandboxSettings } from '../../orchestrator/domain/plan-sandbox.ts';
import { isWithin, type Mount, type SandboxLimits } from './confinement.ts';

/** A lab on the user's machine: what nothing that is shut in sees of it, and whose programs are believed. */
export interface Ground {
  /** The user's checkout. */
  readonly root: string;
  readonly cacheDir: string;
  readonly gitDir: string;
  readonly user: Readonly<Record<string, string | undefined>>;
  /** Of the checkout, absolute: what may be seen all the same. */
  readonly links: readonly string[];
}

/** Homes, temporary files and caches are its own; the lab, its notebook and its git are nobody's. */
export function hidden(
  { root, cacheDir, gitDir, user }: Ground,
  env: Readonly<Record<string, string>>,
): readonly Mount[] {
  const places = [
    ...['/tmp', '/var/tmp', '/run', env['HOME'], env['TMPDIR'], env['XDG_CACHE_HOME']],
    ...[user['HOME'], root, cacheDir, gitDir],
    // A linked data/ may have them in it.
    ...[NOTEBOOK_DIR, EXPERIMENTS_DIR].map((name) => join(root, name)),
  ].flatMap((place) => (place === undefined || !existsSync(place) ? [] : byAllNames(place)));
  return [...new Set(places)].map((at) => ({ kind: 'empty', at: at.replace(/\/+$/, '') }));
}

/**
 * Environments of the user's shell that lie in the checkout, absolute: a `.venv` that is activated,
 * or first on the PATH, is what the command means, whether the plan links it or not.
 */
export function activated({ root, user }: Pick<Ground, 'root' | 'user'>): readonly string[] {
  const onPath = (user['PATH'] ?? '').split(delimiter).map(dirname);
  const places = [user['VIRTUAL_ENV'], user['CONDA_PREFIX'], ...onPath];
  return places.filter(
    (place): place is string =>
      place !== undefined &&
      place !== root &&
      isWithin(place, root) &&
      ['pyvenv.cfg', 'conda-meta'].some((name) => existsSync(join(place, name))),
  );
}

/** Nothing that a run could have put there, and nothing that would show a home, or a lab, in whole. */
export const trustedOn =
  ({ root, cacheDir, gitDir, user, links }: Ground) =>
  (path: string): boolean => {
    const lab = [root, cacheDir, gitDir];
    if ([...lab, user['HOME'] ?? root].some((place) => isWithin(place, path))) return false;
    return (
      links.some((link) => isWithin(path, link)) || !lab.some((place) => isWithin(path, place))
    );
  };

/** Of the machine's, where the plan says nothing. */
const MEMORY_SHARE = 0.9;

export const limitsOf = ({
  memory,
  processes,
  file_size,
  disk,
}: SandboxSettings): SandboxLimits => ({
  memory: memory ?? Math.floor(totalmem() * MEMORY_SHARE),
  processes,
  file_size,
  disk,
});

/** `~/x` is in the user's home. */
export const expanded = (path: string, home: string | undefined): string =>
  path.startsWith('~/') && home !== undefined ? join(home, path.slice(2)) : path;

/** As it was named, and as it is called where no link is on the way. */
export function byAllNames(path: string): readonly string[] {
  try {
    return [...new Set([path, realpathSync(path)])];
  } catch {
    return [path];
  }
}
