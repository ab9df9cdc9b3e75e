import { FOLDER } from './paths.ts';
import type { TreeEntry } from './paths.ts';

/** An entry of a tree object as its bytes have it. */
export interface Item {
  /** Bytes as characters: a name need not be text. */
  readonly name: string;
  /** Six digits, as `git ls-tree` shows it. */
  readonly mode: string;
  readonly oid: string;
  /** Where in the tree's bytes the id stands. */
  readonly at: number;
}

export interface Tree {
  readonly bytes: Buffer;
  readonly items: ReadonlyMap<string, Item>;
}

/** A tree object: `<mode> <name>\0<id>`, again and again. `idBytes`: 20, or 32 with SHA-256. */
export function parseTree(bytes: Buffer, idBytes: number): Tree {
  const items = new Map<string, Item>();
  for (let from = 0; from < bytes.length;) {
    const blank = bytes.indexOf(0x20, from);
    const at = bytes.indexOf(0, blank) + 1;
    const name = bytes.toString('latin1', blank + 1, at - 1);
    const mode = bytes.toString('latin1', from, blank).padStart(6, '0');
    from = at + idBytes;
    items.set(name, { name, mode, oid: bytes.toString('hex', at, from), at });
  }
  return { bytes, items };
}

/** The tree with other ids in some places, as bytes. */
export function withIds({ bytes, items }: Tree, ids: ReadonlyMap<string, string>): Buffer {
  const changed = Buffer.from(bytes);
  for (const [name, oid] of ids) {
    const item = items.get(name);
    if (item === undefined) throw new Error(`the tree has no ${name}`);
    changed.write(oid, item.at, 'hex');
  }
  return changed;
}

export type ReadTree = (oid: string) => Promise<Tree>;

/** Everything below a tree that is no folder, in git's order; `prefix` in bytes, with its `/`. */
export async function listTree(read: ReadTree, oid: string): Promise<readonly TreeEntry[]> {
  const list = async (oid: string, prefix: string): Promise<readonly TreeEntry[]> => {
    const { items } = await read(oid);
    const parts = [...items.values()].map(({ name, mode, oid }) =>
      mode === FOLDER ? list(oid, `${prefix}${name}/`) : [{ mode, oid, path: text(prefix + name) }],
    );
    return (await Promise.all(parts)).flat();
  };
  return list(oid, '');
}

/** Paths that differ between two trees, those of a folder that came or went one by one. */
export async function differing(
  read: ReadTree,
  from: string,
  to: string,
): Promise<readonly string[]> {
  const found = new Set<string>();
  const compare = async (
    from: string | null,
    to: string | null,
    prefix: string,
  ): Promise<unknown> => {
    const [before, after] = await Promise.all(
      [from, to].map(async (oid) => (oid === null ? NOTHING : (await read(oid)).items)),
    );
    const names = new Set([...(before ?? NOTHING).keys(), ...(after ?? NOTHING).keys()]);
    return Promise.all(
      [...names].map((name) => {
        const [old, now] = [before?.get(name), after?.get(name)];
        if (old?.oid === now?.oid && old?.mode === now?.mode) return null;
        if ([old, now].some((item) => item !== undefined && item.mode !== FOLDER))
          found.add(prefix + name);
        const [a, b] = [old, now].map((item) => (item?.mode === FOLDER ? item.oid : null));
        return a || b ? compare(a ?? null, b ?? null, `${prefix}${name}/`) : null;
      }),
    );
  };
  await compare(from, to, '');
  return [...found].toSorted().map(text);
}

const NOTHING: ReadonlyMap<string, Item> = new Map();

/** The item at a path, which is text; null where there is none. */
export async function itemAt(read: ReadTree, oid: string, path: string): Promise<Item | null> {
  const parts = bytesOf(path).split('/');
  let tree = oid;
  for (const [n, part] of parts.entries()) {
    const item = (await read(tree)).items.get(part);
    if (item === undefined || n === parts.length - 1) return item ?? null;
    if (item.mode !== FOLDER) return null;
    tree = item.oid;
  }
  return null;
}

export const bytesOf = (path: string): string => Buffer.from(path, 'utf8').toString('latin1');

// oxlint-disable-next-line no-control-regex -- ASCII, most names, is the same in both
const ASCII = /^[\x00-\x7f]*$/;
const text = (path: string): string =>
  ASCII.test(path) ? path : Buffer.from(path, 'latin1').toString('utf8');
