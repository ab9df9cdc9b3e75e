import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { openPlain } from '../plain.ts';
import { interpreterOf, programOf } from '../programs.ts';
import { isWithin, type Confinement } from './confinement.ts';

/**
 * What an interpreter's answer hangs on, as a name: two commands of one name get the same answer.
 * Folders that AutoLab makes for each attempt are no part of it, though they are mounted, unless the
 * interpreter is found by way of one: what another attempt has there may be another.
 */
export async function interpreterKey(
  { word, program }: { readonly word: string; readonly program: string },
  { env, cwd, mounts }: Confinement,
  /** Folders that differ between attempts, or hold what does. */
  own: readonly string[],
): Promise<string> {
  const isOwn = (path: string): boolean => own.some((folder) => isWithin(path, folder));
  const found = candidates(word, env, cwd);
  const leadsThere = [program, ...found].some((file) => wayOf(file, env).some(isOwn));
  const places = mounts
    .filter(({ kind, at }) => kind === 'read' && (leadsThere || !isOwn(at)))
    .map(({ at }) => at);
  const chosen = Object.entries(env).filter(([name]) => CHOOSES.test(name));
  return JSON.stringify([word, program, found, places, chosen, await choices(cwd, isOwn)]);
}

/** Variables by which shims, loaders and interpreters find their way; an experiment may set some. */
const CHOOSES =
  /^(?:PATH|HOME|VIRTUAL_ENV|(?:CONDA|PYENV|ASDF|MISE|VOLTA|NODENV|RBENV|PLENV|JULIAUP|LD|DYLD)_\w+)$/;
/** Files of the working folder, or above it, by which shims choose a version. */
const CHOICES = [
  ...['.python-version', '.node-version', '.ruby-version', '.perl-version'],
  ...['.tool-versions', 'mise.toml', '.mise.toml'],
];

/** All that the word could mean: where a sandbox hides the first, the next one takes its place. */
function candidates(word: string, env: Confinement['env'], cwd: string): readonly string[] {
  if (word.includes('/')) return [];
  const folders = (env['PATH'] ?? '').split(delimiter);
  return folders.flatMap((folder) => programOf(resolve(cwd, folder, word), env, cwd) ?? []);
}

const MOST_LINKS = 40;

/** Every path by which a program is reached, over links and a script's first line. */
function wayOf(file: string, env: Confinement['env']): readonly string[] {
  const way: string[] = [];
  let at: string | null = file;
  for (let steps = 0; at !== null && steps < MOST_LINKS; steps++) {
    const real = realPath(dirname(at));
    way.push(at, real);
    at = nextOn(at, real, env);
  }
  return way;
}

function nextOn(file: string, folder: string, env: Confinement['env']): string | null {
  try {
    const there = lstatSync(file);
    if (there.isSymbolicLink()) return resolve(folder, readlinkSync(file));
    // A run's script may name a pipe, which would hold up for ever who opens it.
    return there.isFile() ? interpreterOf(file, env) : null;
  } catch {
    return null;
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** What the attempt's own files say of versions; those further up are the same for all. */
async function choices(
  cwd: string,
  isOwn: (path: string) => boolean,
): Promise<readonly (string | null)[]> {
  const files: string[] = [];
  for (let folder = cwd; isOwn(folder) && folder !== dirname(folder); folder = dirname(folder))
    files.push(...CHOICES.map((name) => join(folder, name)));
  return Promise.all(files.map(beginningOf));
}

const MOST_BYTES = 4096;

async function beginningOf(file: string): Promise<string | null> {
  const handle = await openPlain(file);
  if (handle === null) return null;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MOST_BYTES), 0, MOST_BYTES, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } catch {
    return null;
  } finally {
    await handle.close();
  }
}
