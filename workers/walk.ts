import { createHash } from 'node:crypto';
import { lstatSync, opendirSync, readlinkSync, type BigIntStats } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

/** Something below a folder. */
export interface Entry {
  /** From the folder walked, `/` between segments; empty for the top itself. */
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly bytes: number;
  /** Nanoseconds since 1970. */
  readonly modified: bigint;
  /** Its inode and, where that has no other name, its time of change, which nobody can set back. */
  readonly stamp: string;
  /** Where a symbolic link points, as it says. */
  readonly target: string | null;
}

/** Bytecode that Python leaves wherever it imports from. */
const IGNORED = new Set(['__pycache__']);
const NOTHING: ReadonlySet<string> = new Set();
/** Entries looked at between two turns of the event loop: about a millisecond. */
const BATCH = 400;

/**
 * Everything below a path, in order of name, links not followed, the names of `ignored` and the
 * absolute paths of `skipped` left out. Calls are synchronous in small batches: a large tree is looked at five times faster so. What vanishes
 * meanwhile or may not be read is left out.
 */
export async function* walk(
  top: string,
  skipped: ReadonlySet<string> = NOTHING,
  ignored: ReadonlySet<string> = IGNORED,
): AsyncGenerator<Entry> {
  const waiting: string[] = [''];
  let looked = 0;
  while (waiting.length > 0) {
    const path = waiting.pop() as string;
    const entry = look(join(top, path), path);
    if (entry === null) continue;
    yield entry;
    if (++looked % BATCH === 0) await setImmediate();
    if (entry.kind !== 'folder') continue;
    const names = namesIn(join(top, path)).filter(
      (name) => !ignored.has(name) && !skipped.has(join(top, path, name)),
    );
    for (const name of names.toSorted().toReversed())
      waiting.push(path === '' ? name : `${path}/${name}`);
  }
}

function look(file: string, path: string): Entry | null {
  try {
    const stat: BigIntStats = lstatSync(file, { bigint: true });
    const link = stat.isSymbolicLink();
    return {
      path,
      kind: link ? 'link' : stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : 'other',
      bytes: Number(stat.size),
      modified: stat.mtimeNs,
      // Whoever links to a file, as package managers do, changes that time in all its places.
      stamp: stat.nlink > 1n ? `${stat.ino}` : `${stat.ino}@${stat.ctimeNs}`,
      target: link ? readlinkSync(file) : null,
    };
  } catch {
    return null;
  }
}

function namesIn(folder: string): string[] {
  const names: string[] = [];
  try {
    const handle = opendirSync(folder);
    for (let entry = handle.readSync(); entry !== null; entry = handle.readSync())
      names.push(entry.name);
    handle.closeSync();
  } catch {
    // Gone, or not ours to read.
  }
  return names;
}

/** What a tree looked like: path → size and time of change, or a link's target. */
export type Snapshot = ReadonlyMap<string, string>;

/**
 * Files and links below a path as they are now, the first `most` of them. Folders' own times say
 * nothing that these do not.
 */
export async function snapshot(
  top: string,
  skipped: ReadonlySet<string> = NOTHING,
  most = Number.POSITIVE_INFINITY,
): Promise<Snapshot> {
  const seen = new Map<string, string>();
  for await (const entry of walk(top, skipped)) {
    if (entry.kind === 'folder') continue;
    if (seen.size >= most) break;
    seen.set(entry.path, entry.target ?? `${entry.bytes}@${entry.modified}`);
  }
  return seen;
}

/**
 * Files and links below a path with their stamps: a write shows that put size and time back. With
 * `bytecode` `__pycache__` is looked into as well.
 */
export async function stamped(
  top: string,
  bytecode: boolean,
  skipped: ReadonlySet<string> = NOTHING,
): Promise<Snapshot> {
  const seen = new Map<string, string>();
  for await (const entry of walk(top, skipped, bytecode ? NOTHING : IGNORED)) {
    if (entry.kind === 'folder') continue;
    const { target, bytes, modified, stamp } = entry;
    seen.set(entry.path, `${target === null ? '' : `-> ${target} `}${bytes}@${modified}@${stamp}`);
  }
  return seen;
}

/** Paths that were added, removed or written to. */
export function differences(before: Snapshot, after: Snapshot): readonly string[] {
  const changed = [...after]
    .filter(([path, state]) => before.get(path) !== state)
    .map(([path]) => path);
  return [...changed, ...[...before.keys()].filter((path) => !after.has(path))];
}

export function fingerprint(seen: Snapshot): string {
  const hash = createHash('sha256');
  for (const [path, state] of seen) hash.update(`${path}\0${state}\0`);
  return hash.digest('hex');
}
