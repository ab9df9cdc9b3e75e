import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, realpath, rm, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { matchesGlob } from '../orchestrator/domain/editable.ts';
import type { Artifact } from '../orchestrator/domain/run.ts';
import { sha256Of } from './data.ts';
import { isFull } from './room.ts';
import { walk } from './walk.ts';

/**
 * Copies what matches `globs` below `from` into `into`, and lists that folder: what the script
 * put there itself counts too. What finds no room is left out, and told. Links are followed only
 * where they lead to a file within `from`.
 */
export async function collectArtifacts(
  from: string,
  globs: readonly string[],
  into: string,
  onNoRoom: (path: string) => void,
): Promise<readonly Artifact[]> {
  await makeReal(into);
  const kept = new Set<string>();
  for (const start of new Set(globs.map(fixedPart))) {
    for await (const entry of walk(join(from, start))) {
      const path = [start, entry.path].filter((part) => part !== '').join('/');
      if (
        entry.kind === 'folder' ||
        entry.kind === 'other' ||
        kept.has(path) ||
        !globs.some((glob) => covers(glob, path))
      )
        continue;
      const source = await within(from, join(from, path));
      if (source === null) continue;
      kept.add(path);
      if (!(await copied(source, join(into, path)))) onNoRoom(path);
    }
  }
  return listArtifacts(into);
}

/** False where there is no room. */
async function copied(source: string, place: string): Promise<boolean> {
  try {
    await mkdir(dirname(place), { recursive: true });
    await copyFile(source, place, constants.COPYFILE_FICLONE);
    return true;
  } catch (error) {
    if (!isFull(error)) throw error;
    await rm(place, { force: true });
    return false;
  }
}

/** A folder of ours with no link in it: the script could write here, and what we write follows links. */
async function makeReal(folder: string): Promise<void> {
  const found = await lstat(folder).catch(() => null);
  if (found !== null && !found.isDirectory()) await rm(folder, { force: true });
  await mkdir(folder, { recursive: true });
  for await (const entry of walk(folder)) {
    // Besides, a link says nothing once the worktree has moved on.
    if (entry.kind === 'link') await rm(join(folder, entry.path), { force: true });
  }
}

/** `out/checkpoint-*` takes whole folders. */
const covers = (glob: string, path: string): boolean =>
  path.split('/').some((_, i, segments) => matchesGlob(glob, segments.slice(0, i + 1).join('/')));

/** The files below a folder; links are none. */
export async function listArtifacts(folder: string): Promise<readonly Artifact[]> {
  const artifacts: Artifact[] = [];
  for await (const entry of walk(folder)) {
    const file = join(folder, entry.path);
    if (entry.kind !== 'file') continue;
    artifacts.push({ name: entry.path, bytes: entry.bytes, sha256: await sha256Of(file) });
  }
  return artifacts;
}

/** Folders at the front of a glob that hold no wildcard: all else need not be looked at. */
function fixedPart(glob: string): string {
  const segments = glob
    .replace(/^(?:\.\/)+/, '')
    .replace(/\/+$/, '')
    .split('/');
  const wild = segments.findIndex((segment) => /[*?{]/.test(segment));
  return (wild < 0 ? segments : segments.slice(0, wild)).join('/');
}

/** The file behind a path, null where it lies outside or is none. */
async function within(folder: string, path: string): Promise<string | null> {
  try {
    const [top, real] = await Promise.all([realpath(folder), realpath(path)]);
    return real.startsWith(top + sep) && (await stat(real)).isFile() ? real : null;
  } catch {
    return null;
  }
}
