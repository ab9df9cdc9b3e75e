import type { FileChanges } from '../domain/ports.ts';
import { AUTOLAB } from './run.ts';
import { Missing } from './objects.ts';
import type { CommitObject, Objects } from './objects.ts';
import { FOLDER, refuseUnsafe, REGULAR } from './paths.ts';
import { Ended } from './standing.ts';
import { bytesOf, itemAt, withIds } from './trees.ts';

/**
 * The short ways to a commit, for what a night makes most: other text in files that are there. git
 * hashes, checks and writes the objects, but needs no index. Null where another way has to be taken:
 * for changes of another kind, and where git would not: then the long way says why.
 */

/** The tree with other texts in regular files that it has. Ids in trees are replaced, and nothing else. */
export async function editedTree(
  objects: Objects,
  tree: string,
  files: FileChanges,
  folder: string,
): Promise<string | null> {
  return orNull(async () => {
    const paths = [...files.keys()];
    const texts = [...files.values()].flatMap((text) => (text === null ? [] : [Buffer.from(text)]));
    if (paths.length === 0 || texts.length < paths.length) return null;
    for (const path of paths) {
      const item = await itemAt(objects.tree, tree, path);
      if (item === null || !REGULAR.has(item.mode)) return null;
      refuseUnsafe(path, item.mode);
    }
    const oids = await objects.write('blob', texts, folder);
    const ids = paths.map((path, n): readonly [string, string] => [bytesOf(path), oids[n] ?? '']);
    return replaced(objects, tree, new Map(ids), folder);
  });
}

async function replaced(
  objects: Objects,
  oid: string,
  ids: ReadonlyMap<string, string>,
  folder: string,
): Promise<string> {
  const tree = await objects.tree(oid);
  const own = new Map([...ids].filter(([path]) => !path.includes('/')));
  for (const { name, mode, oid } of tree.items.values()) {
    const below = [...ids].filter(([path]) => path.startsWith(`${name}/`));
    if (mode !== FOLDER || below.length === 0) continue;
    const inside = below.map(([path, id]) => [path.slice(name.length + 1), id] as const);
    own.set(name, await replaced(objects, oid, new Map(inside), folder));
  }
  const [made] = await objects.write('tree', [withIds(tree, own)], folder);
  return made ?? '';
}

/** The commit that `git commit-tree` would make, bytes and id. */
export async function plainCommit(
  objects: Objects,
  parent: CommitObject,
  tree: string,
  message: string,
  folder: string,
): Promise<string | null> {
  // git refuses to, and says so.
  if (message.includes('\0')) return null;
  const when = `${parent.committed + 1} +0000`;
  const { GIT_AUTHOR_NAME: author, GIT_AUTHOR_EMAIL: mail } = AUTOLAB;
  const { GIT_COMMITTER_NAME: committer, GIT_COMMITTER_EMAIL: address } = AUTOLAB;
  const lines = [
    `tree ${tree}`,
    `parent ${parent.oid}`,
    `author ${author} <${mail}> ${when}`,
    `committer ${committer} <${address}> ${when}`,
  ];
  const body = Buffer.from(`${lines.join('\n')}\n\n${message}`);
  return orNull(async () => (await objects.write('commit', [body], folder))[0] ?? null);
}

/** Also where a file of ours could not be written. */
async function orNull(act: () => Promise<string | null>): Promise<string | null> {
  return act().catch((error: unknown) => {
    const known = error instanceof Missing || error instanceof Ended;
    if (known || (error as NodeJS.ErrnoException).syscall !== undefined) return null;
    throw error;
  });
}
