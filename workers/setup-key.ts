import { posix } from 'node:path';
import { isEditable } from '../orchestrator/domain/editable.ts';
import { labelsOf } from '../orchestrator/domain/labels.ts';
import type { Repository } from '../orchestrator/domain/ports.ts';
import type { Plan } from '../orchestrator/domain/plan.ts';
import { hashOf, lockHashes } from './locks.ts';

/** What tools read without being told. */
const IMPLIED: readonly (readonly [RegExp, readonly string[]])[] = [
  [/\bmake\b/, ['Makefile', 'makefile', 'GNUmakefile']],
  [/\bjust\b/, ['justfile', 'Justfile']],
  [/\b(?:npm|npx|pnpm|yarn|bun)\b/, ['package.json']],
  [/\binvoke\b|\binv\b/, ['tasks.py']],
  [/\bcmake\b/, ['CMakeLists.txt']],
  [/\bpip\b|\buv\b/, ['setup.py', 'setup.cfg', 'pyproject.toml']],
];
const CODE =
  /\.(?:py|mjs|cjs|js|ts|sh|bash|jl|R|r|rb|pl|lua|mk|toml|ya?ml|json|cfg|ini)$|^(?:Makefile|makefile|GNUmakefile|[jJ]ustfile|CMakeLists\.txt)$/;
/** Enough for any setup script; a chain that is longer is not followed to its end. */
const MOST_FILES = 60;

/**
 * Two runs with the same key may share what setup left. Over base, the command, the lock files,
 * and those editable files that setup reads as far as its text tells, see `filesRead`.
 */
export async function setupKey(
  repository: Repository,
  plan: Plan,
  base: string,
  commit: string,
): Promise<string> {
  const read = [...(await filesRead(repository, plan, commit))].filter(([path]) =>
    isEditable(plan, path),
  );
  const locks = await lockHashes(repository, plan, commit);
  const { run, workspace } = plan;
  const hidden = labelsOf(plan);
  const meaning = [
    ...[base, run.setup ?? '', run.shell, run.env, workspace.directory, workspace.link],
    // What setup made of labels while they were there is no longer to be found either.
    ...(hidden.length === 0 ? [] : [{ hidden }]),
  ];
  return hashOf(JSON.stringify([...meaning, locks, read.toSorted(([a], [b]) => (a < b ? -1 : 1))]));
}

/**
 * Tracked files that the setup command names, or that files so found name or import, with hashes
 * of their text. What a program reads cannot be known without running it: a file whose name it
 * puts together, or that it finds by a glob, is missed.
 */
async function filesRead(
  repository: Repository,
  plan: Plan,
  commit: string,
): Promise<ReadonlyMap<string, string>> {
  const files = await repository.listFiles(commit);
  const read = new Map<string, string>();
  const setup = plan.run.setup ?? '';
  const implied = IMPLIED.flatMap(([tool, names]) => (tool.test(setup) ? names : []));
  const texts = [`${setup}\n${implied.join('\n')}`];
  for (let text = texts.pop(); text !== undefined && read.size < MOST_FILES; text = texts.pop()) {
    for (const path of files) {
      if (read.has(path) || !mentions(text, path)) continue;
      const content = (await repository.readFile(commit, path)) ?? '';
      read.set(path, hashOf(content));
      if (CODE.test(posix.basename(path))) texts.push(content);
    }
  }
  return read;
}

function mentions(text: string, path: string): boolean {
  const name = posix.basename(path);
  if (text.includes(name) && new RegExp(`(?<![\\w.-])${escaped(name)}(?![\\w-])`).test(text))
    return true;
  const stem = name.replace(/\.(?:py|mjs|cjs|js|ts)$/, '');
  if (stem === name || !text.includes(stem)) return false;
  return new RegExp(
    `(?:\\bimport\\b|\\bfrom\\b|\\brequire\\b|-m\\s)[^\\n]*(?<![\\w-])${escaped(stem)}(?![\\w-])`,
  ).test(text);
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
