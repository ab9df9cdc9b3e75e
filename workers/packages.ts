import { access, constants, mkdir, readFile, readdir, realpath, stat } from 'node:fs/promises';
import { basename, delimiter, dirname, isAbsolute, join } from 'node:path';
import { execa } from 'execa';
import { z } from 'zod';
import { writeWhole } from './files.ts';
import { hashOf } from './locks.ts';
import type { Manifest } from './manifest.ts';

type Env = Readonly<Record<string, string>>;

const INTERPRETER = /^(?:python|pypy|node|bun|deno|julia|Rscript|ruby|perl)[\d.]*$/;
/** Programs that start Python without naming it. */
const STARTS_PYTHON =
  /^(?:torchrun|accelerate|uv|poetry|pdm|hatch|deepspeed|ipython|jupyter|pytest)$/;
const PATIENCE_MS = 15_000;
const versions = new Map<string, Promise<string>>();

/** The interpreters that a command names: file name → version, as each says it of itself. */
export async function interpretersOf(
  words: readonly string[],
  env: Env,
  cwd: string,
): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for (const word of interpreterWords(words)) {
    const file = await programOf(word, env, cwd);
    if (file !== null) found[basename(word)] = await versionOf(file, env, cwd);
  }
  return found;
}

function interpreterWords(words: readonly string[]): readonly string[] {
  const named = words.filter((word) => INTERPRETER.test(basename(word)));
  const implied = words.some((word) => STARTS_PYTHON.test(basename(word))) ? ['python3'] : [];
  return [...new Set([...named, ...implied])];
}

async function programOf(word: string, env: Env, cwd: string): Promise<string | null> {
  const places = word.includes('/')
    ? [isAbsolute(word) ? word : join(cwd, word)]
    : (env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, word));
  for (const place of places) {
    const ok = await access(place, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (ok) return place;
  }
  return null;
}

async function versionOf(file: string, env: Env, cwd: string): Promise<string> {
  const { mtimeMs } = await stat(file);
  const key = `${await realpath(file)}@${mtimeMs}@${env['PYENV_VERSION'] ?? ''}`;
  const known = versions.get(key) ?? askVersion(file, env, cwd);
  versions.set(key, known);
  return known;
}

async function askVersion(file: string, env: Env, cwd: string): Promise<string> {
  const options = {
    env,
    extendEnv: false,
    cwd,
    reject: false,
    timeout: PATIENCE_MS,
    stdin: 'ignore',
  } as const;
  const { stdout, stderr } = await execa(file, ['--version'], options);
  return (stdout || stderr).split('\n')[0]?.trim() ?? '';
}

const LIST_PYTHON =
  'import json, importlib.metadata as m; print(json.dumps({d.metadata["Name"]: d.version for d in m.distributions() if d.metadata["Name"]}))';
const record = z.record(z.string(), z.string());

export interface PackagesOrder {
  readonly words: readonly string[];
  readonly env: Env;
  readonly cwd: string;
  readonly locks: Readonly<Record<string, string>>;
  readonly cacheDir: string;
}

/**
 * What is installed, as the command's Python or the folder's node_modules say. Asking Python takes
 * a good part of a second, so the answer is kept until its site-packages, or a lock file, change.
 * Null for other commands.
 */
export async function installedPackages(order: PackagesOrder): Promise<Manifest['packages']> {
  const word = interpreterWords(order.words).find((name) =>
    /^(?:python|pypy)/.test(basename(name)),
  );
  const python = word === undefined ? null : await programOf(word, order.env, order.cwd);
  return python === null ? nodePackages(order.cwd) : pythonPackages(python, order);
}

async function pythonPackages(python: string, order: PackagesOrder): Promise<Manifest['packages']> {
  const { env, cwd, locks, cacheDir } = order;
  const state = [
    python,
    await realpath(python),
    env['PYENV_VERSION'],
    await sitePackages(python),
    locks,
  ];
  const file = join(cacheDir, 'packages', `${hashOf(JSON.stringify(state)).slice(0, 24)}.json`);
  const known = record.safeParse(await json(file));
  if (known.success) return { source: python, versions: known.data };
  // The experiment's own modules have no business in this question.
  const { PYTHONPATH: _, ...clean } = env;
  const options = {
    env: clean,
    extendEnv: false,
    cwd: dirname(cwd),
    reject: false,
    timeout: PATIENCE_MS,
    stdin: 'ignore',
  } as const;
  const { stdout } = await execa(python, ['-I', '-c', LIST_PYTHON], options);
  const answer = record.safeParse(parsed(stdout));
  if (!answer.success) return null;
  await mkdir(dirname(file), { recursive: true });
  await writeWhole(file, JSON.stringify(answer.data));
  return { source: python, versions: answer.data };
}

/** Times of change of the site-packages beside a Python: pip and uv move them. */
async function sitePackages(python: string): Promise<readonly (readonly [string, number])[]> {
  const found: (readonly [string, number])[] = [];
  for (const program of new Set([python, await realpath(python)])) {
    const lib = join(dirname(dirname(program)), 'lib');
    for (const name of await readdir(lib).catch((): string[] => [])) {
      const folder = join(lib, name, 'site-packages');
      const at = name.startsWith('python') ? await stat(folder).catch(() => null) : null;
      if (at !== null) found.push([folder, at.mtimeMs]);
    }
  }
  return found;
}

const lockfile = z.object({
  packages: z.record(z.string(), z.object({ version: z.string().optional() })),
});

/** From npm's own record of what it installed. */
async function nodePackages(cwd: string): Promise<Manifest['packages']> {
  const source = join(cwd, 'node_modules', '.package-lock.json');
  const lock = lockfile.safeParse(await json(source));
  if (!lock.success) return null;
  const installed = Object.entries(lock.data.packages).map(
    ([path, { version }]) => [path.replace(/^node_modules\//, ''), version ?? ''] as const,
  );
  return { source: 'node_modules/.package-lock.json', versions: Object.fromEntries(installed) };
}

const json = async (file: string): Promise<unknown> =>
  parsed(await readFile(file, 'utf8').catch(() => ''));

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
};
