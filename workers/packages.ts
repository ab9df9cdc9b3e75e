import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { remember } from './files.ts';
import { hashOf } from './locks.ts';
import type { Manifest } from './manifest.ts';
import { programOf } from './programs.ts';

type Env = Readonly<Record<string, string>>;

/**
 * Asks a program, which may lie where a run has written: what it is asked in is handed in. Never
 * throws; a program that does not answer in time has said nothing.
 */
export type Ask = (
  argv: readonly string[],
  env: Env,
  cwd: string,
) => Promise<{ readonly stdout: string; readonly stderr: string }>;

const INTERPRETER = /^(?:python|pypy|node|bun|deno|julia|Rscript|ruby|perl)[\d.]*$/;
/** Programs that start Python without naming it. */
const STARTS_PYTHON =
  /^(?:torchrun|accelerate|uv|poetry|pdm|hatch|deepspeed|ipython|jupyter|pytest)$/;
const versions = new Map<string, Promise<string>>();

/** The interpreters that a command names: file name → version, as each says it of itself. */
export async function interpretersOf(
  words: readonly string[],
  env: Env,
  cwd: string,
  ask: Ask,
): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for (const word of interpreterWords(words)) {
    const file = programOf(word, env, cwd);
    if (file !== null) found[basename(word)] = await versionOf(file, env, cwd, ask);
  }
  return found;
}

function interpreterWords(words: readonly string[]): readonly string[] {
  const named = words.filter((word) => INTERPRETER.test(basename(word)));
  const implied = words.some((word) => STARTS_PYTHON.test(basename(word))) ? ['python3'] : [];
  return [...new Set([...named, ...implied])];
}

async function versionOf(file: string, env: Env, cwd: string, ask: Ask): Promise<string> {
  const { mtimeMs } = await stat(file);
  const key = `${await realpath(file)}@${mtimeMs}@${env['PYENV_VERSION'] ?? ''}`;
  const known = versions.get(key) ?? askVersion(file, env, cwd, ask);
  versions.set(key, known);
  return known;
}

async function askVersion(file: string, env: Env, cwd: string, ask: Ask): Promise<string> {
  const { stdout, stderr } = await ask([file, '--version'], env, cwd);
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
  readonly ask: Ask;
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
  const python = word === undefined ? null : programOf(word, order.env, order.cwd);
  return python === null ? nodePackages(order.cwd) : pythonPackages(python, order);
}

async function pythonPackages(python: string, order: PackagesOrder): Promise<Manifest['packages']> {
  const { env, locks, cacheDir } = order;
  const state = [
    python,
    await realpath(python),
    env['PYENV_VERSION'],
    await sitePackages(python),
    locks,
  ];
  const file = join(cacheDir, 'packages', `${hashOf(JSON.stringify(state)).slice(0, 24)}.json`);
  return recalled(file, () => askPython(python, file, order));
}

/** Of the environments that this process saw last; a list may be long, and each run asks. */
const lists = new Map<string, Promise<Manifest['packages']>>();
const MOST_LISTS = 16;

/** What is known of a state that never changes, or becomes known; null is asked again. */
function recalled(
  key: string,
  find: () => Promise<Manifest['packages']>,
): Promise<Manifest['packages']> {
  const known = lists.get(key);
  if (known !== undefined) return known;
  if (lists.size >= MOST_LISTS) lists.clear();
  const found = find().then((packages) => {
    if (packages === null) lists.delete(key);
    return packages;
  });
  lists.set(key, found);
  found.catch(() => lists.delete(key));
  return found;
}

async function askPython(
  python: string,
  file: string,
  { env, cwd, ask }: PackagesOrder,
): Promise<Manifest['packages']> {
  const known = record.safeParse(await json(file));
  if (known.success) return { source: python, versions: known.data };
  // The experiment's own modules have no business in this question.
  const { PYTHONPATH: _, ...clean } = env;
  const { stdout } = await ask([python, '-I', '-c', LIST_PYTHON], clean, dirname(cwd));
  const answer = record.safeParse(parsed(stdout));
  if (!answer.success) return null;
  await remember(file, JSON.stringify(answer.data));
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
  const at = await stat(source).catch(() => null);
  if (at === null) return null;
  return recalled(`${source}@${at.ino}@${at.mtimeMs}@${at.size}`, () => readLock(source));
}

async function readLock(source: string): Promise<Manifest['packages']> {
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
