import { appendFile, lstat, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { LabError } from '../domain/errors.ts';
import { EXPERIMENTS_DIR, FINDINGS_FILE, NOTEBOOK_DIR } from '../domain/layout.ts';
import type { Report, Repository } from '../domain/ports.ts';

/**
 * What AutoLab leaves in the user's checkout: FINDINGS.md, `experiments/` and `data/notebook/`,
 * none of which shows in `git status`, and nothing else.
 */

const PICTURE = `${EXPERIMENTS_DIR}/progress.svg`;

/** Behind the name of what is not wholly written yet. */
const PART = '.part';

/** The last line of what AutoLab writes over: how it knows its own files from the user's. */
const MARK = '<!-- Written by AutoLab from its notebook; autolab report writes it anew. -->';

/**
 * Makes room for the night's files, or refuses where something of the user's is in the way.
 * Throws LabError refused, naming it and what to do.
 */
export async function makeRoom(repository: Repository, base: string): Promise<void> {
  const { root } = repository;
  await refuseOddFolders(root);
  const tracked = new Set(await repository.listFiles(base));
  for (const path of [FINDINGS_FILE, PICTURE]) await refuseForeignFile(root, path, tracked);
  await mkdir(join(root, NOTEBOOK_DIR), { recursive: true });
  await mkdir(join(root, EXPERIMENTS_DIR), { recursive: true });
  const whole = [`/${FINDINGS_FILE}`, `/${PICTURE}`];
  const halves = whole.map((path) => path + PART);
  await exclude(repository, [
    ...whole,
    ...halves,
    `/${EXPERIMENTS_DIR}/E-*/`,
    `/${EXPERIMENTS_DIR}/R-*/`,
  ]);
}

/** The folders that AutoLab writes to are folders. Throws LabError refused. */
export async function refuseOddFolders(root: string): Promise<void> {
  for (const folder of ['data', EXPERIMENTS_DIR, NOTEBOOK_DIR]) await refuseOddFolder(root, folder);
}

/** A link would let an experiment's files land somewhere else; a file would be lost. */
async function refuseOddFolder(root: string, folder: string): Promise<void> {
  const found = await lstat(join(root, folder)).catch(() => null);
  if (found === null || found.isDirectory()) return;
  const kind = found.isSymbolicLink() ? 'a symbolic link' : 'a file';
  throw new LabError(
    'refused',
    `expected ${folder}/ to be a folder that AutoLab may write to, found ${kind}. ` +
      `Move it away (a link to large data can live under another name, listed in workspace.link).`,
    folder,
  );
}

async function refuseForeignFile(
  root: string,
  path: string,
  tracked: ReadonlySet<string>,
): Promise<void> {
  const advice = `Rename yours, and commit that, so that nothing of it is lost.`;
  if (tracked.has(path))
    throw new LabError(
      'refused',
      `AutoLab writes ${path} anew after each verdict, and git tracks a file of that name. ${advice}`,
      path,
    );
  const text = await readFile(join(root, path), 'utf8').catch(() => null);
  if (text !== null && text.trim() !== '' && !text.includes(MARK))
    throw new LabError(
      'refused',
      `AutoLab writes ${path} anew after each verdict, and there is one that it did not write. ${advice}`,
      path,
    );
}

/** Adds patterns to .git/info/exclude: ignored here, and no file of the user's changes. */
async function exclude(repository: Repository, patterns: readonly string[]): Promise<void> {
  const file = join(repository.gitDir, 'info', 'exclude');
  const text = await readFile(file, 'utf8').catch(() => '');
  const known = new Set(text.split('\n').map((line) => line.trim()));
  const missing = patterns.filter((pattern) => !known.has(pattern));
  if (missing.length === 0) return;
  await mkdir(dirname(file), { recursive: true });
  const start = text === '' || text.endsWith('\n') ? '' : '\n';
  await appendFile(file, `${start}# written by AutoLab\n${missing.join('\n')}\n`);
}

/**
 * Writes the Reporter's documents, each whole or not at all. Refuses any path outside AutoLab's
 * own places.
 */
export async function publish(root: string, documents: Report['documents']): Promise<void> {
  for (const { path, text } of documents) {
    const own = /^experiments\/E-\d{4,}\//.test(path) && normalize(path) === path;
    if (path !== FINDINGS_FILE && path !== PICTURE && !own)
      throw new LabError('refused', `expected a document of AutoLab's own, found ${path}`, path);
    const target = join(root, path);
    await mkdir(dirname(target), { recursive: true });
    const part = target + PART;
    try {
      await writeFile(part, own ? text : `${text.trimEnd()}\n\n${MARK}\n`);
      await rename(part, target);
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
  }
}
