import { readFileSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../system/temporary.ts';
import type { FileChanges } from '../domain/ports.ts';
import { LabError } from '../domain/errors.ts';
import { complaint } from './hardened.ts';
import type { Git, Place } from './hardened.ts';
import type { Home } from './home.ts';
import { ABSENT, ancestors, parseTreeEntry, refuseBelowFile, refuseUnsafe } from './paths.ts';
import type { TreeEntry } from './paths.ts';

/**
 * `<pid>-<start>-<PID namespace>` of this process, the pid alone where the system is no Linux: by it
 * whoever sweeps up after a kill can see that the owner is dead, also where its pid came again.
 */
const OWNER = ((): string => {
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    // Behind the name, which may hold blanks and brackets: state is field 3, start field 22.
    const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    const namespace = readlinkSync('/proc/self/ns/pid').replace(/\D/g, '');
    return `${process.pid}-${start}-${namespace}`;
  } catch {
    return `${process.pid}`;
  }
})();

/**
 * A throw-away index beside an empty work tree: trees are put together in it, so that no
 * checkout, not even its attributes, has a say in what becomes of a commit.
 */
export async function withScratch<T>(home: Home, use: (scratch: Place) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(temporaryFolder(), `autolab-git-${OWNER}-`));
  try {
    return await use({
      gitDir: home.commonDir,
      workTree: folder,
      index: join(folder, '.index'),
      ofUser: false,
    });
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 2 });
  }
}

/**
 * The tree that `treeish` becomes with `files` written or deleted: bytes as given, modes as they
 * were, new files 644. Throws LabError refused for what is no regular file or no usable path.
 */
export async function treeWith(
  git: Git,
  scratch: Place,
  treeish: string,
  files: FileChanges,
): Promise<string> {
  if (files.size === 0)
    return (await git.text(scratch, ['rev-parse', '--verify', `${treeish}^{tree}`])).trim();
  const paths = [...files.keys()];
  for (const path of paths) refuseUnsafe(path, ABSENT);
  const asked = new Set(paths.flatMap((path) => [path, ...ancestors(path)]));
  const [old, oids] = await Promise.all([
    git.items(scratch, ['ls-tree', '-t', '-z', '--full-tree', treeish, '--', ...asked]),
    storeTexts(git, scratch, files),
    git.text(scratch, ['read-tree', treeish]),
  ]);
  const before = new Map(old.map(parseTreeEntry).map((entry) => [entry.path, entry]));
  const staying = new Map([...before].filter(([path]) => files.get(path) !== null));
  for (const path of paths) refuseBelowFile(path, staying);
  const entries = paths.flatMap((path) => indexEntry(path, before.get(path), oids.get(path)));
  if (entries.length > 0) {
    const updated = await git.ask(scratch, ['update-index', '-z', '--index-info'], {
      input: entries.map((entry) => `${entry}\0`).join(''),
    });
    if (updated.code !== 0)
      throw new LabError('refused', `git takes no such path: ${complaint(updated)}`);
  }
  return (await git.text(scratch, ['write-tree'])).trim();
}

/** A line of `git update-index --index-info`; none for deleting what is not there. */
function indexEntry(
  path: string,
  old: TreeEntry | undefined,
  oid: string | undefined,
): readonly string[] {
  const mode = oid === undefined ? ABSENT : (old?.mode ?? '100644');
  refuseUnsafe(path, mode);
  const known = oid ?? old?.oid;
  return known === undefined ? [] : [`${mode} ${known}\t${path}`];
}

/** Object ids of the texts that are not null, from one git process. */
async function storeTexts(
  git: Git,
  scratch: Place,
  files: FileChanges,
): Promise<ReadonlyMap<string, string>> {
  const written = [...files].flatMap(([path, text]) => (text === null ? [] : [{ path, text }]));
  if (written.length === 0) return new Map();
  await Promise.all(
    written.map(({ text }, n) => writeFile(join(scratch.workTree, `text-${n}`), text)),
  );
  const oids = await git.text(scratch, ['hash-object', '-w', '--no-filters', '--stdin-paths'], {
    input: written.map((_, n) => `text-${n}\n`).join(''),
  });
  const lines = oids.trim().split('\n');
  return new Map(written.map(({ path }, n) => [path, lines[n] ?? '']));
}
