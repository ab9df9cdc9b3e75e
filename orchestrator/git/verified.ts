import { createHash } from 'node:crypto';
import { closeSync, constants, lstatSync, openSync, readFileSync } from 'node:fs';
import { open, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { ancestors, REGULAR } from './paths.ts';
import type { TreeEntry } from './paths.ts';

/**
 * Files of a worktree whose bytes were compared with a commit's, by path: whoever changes one changes
 * its stamp, too. Unlike git's index a script can't reach it.
 */
export type Verified = Map<string, { readonly stamp: string; readonly oid: string }>;

/** More to read than this, and git, whose index remembers, is quicker. */
const MOST_BYTES = 8n << 20n;
/** More than this is read beside. */
const SMALL_BYTES = 64n << 10n;
/** Files looked at between two turns of the event loop. */
const BATCH = 400;
/** A file can change twice at what the clock of the file system calls one moment. */
const MOMENT_MS = 100;

const SYMLINK = '120000';
const SUBMODULE = '160000';

/**
 * Whether every entry is in the folder as committed, byte for byte. False also where that is not
 * for us to tell: git may have been told to write files otherwise.
 */
export async function isAsCommitted(
  folder: string,
  entries: readonly TreeEntry[],
  verified: Verified,
): Promise<boolean> {
  const files = entries.filter(({ mode }) => mode !== SUBMODULE);
  return (await notAsCommitted(folder, files, verified, 0))?.length === 0;
}

/**
 * Entries that are not in the folder as committed, or not at all; null where there are more than
 * `most`, there is too much to read, or something else lies in a folder's place.
 */
export async function notAsCommitted(
  folder: string,
  entries: readonly TreeEntry[],
  verified: Verified,
  most = Infinity,
): Promise<readonly TreeEntry[] | null> {
  // A file may look the same behind a symlink in a folder's place.
  const folders = new Set(entries.flatMap(({ path }) => ancestors(path)));
  for (const path of folders) if (look(join(folder, path))?.kind !== 'folder') return null;
  const found: TreeEntry[] = [];
  const unknown: TreeEntry[] = [];
  let bytes = 0n;
  for (const [n, entry] of entries.entries()) {
    if (n % BATCH === BATCH - 1) await setImmediate();
    if (found.length > most) return null;
    const seen = look(join(folder, entry.path));
    const known = verified.get(entry.path);
    if (seen?.kind !== entry.mode) found.push(entry);
    else if (known?.stamp !== seen.stamp) {
      bytes += seen.size;
      if (bytes > MOST_BYTES) return null;
      unknown.push(entry);
    } else if (known.oid !== entry.oid) found.push(entry);
  }
  for (const entry of unknown) {
    if (found.length > most) return null;
    if (!(await verify(folder, entry, verified))) found.push(entry);
  }
  return found;
}

async function verify(folder: string, entry: TreeEntry, verified: Verified): Promise<boolean> {
  const file = join(folder, entry.path);
  const before = look(file);
  const bytes = before === null ? null : await bytesOf(file, entry, before);
  const after = look(file);
  if (bytes === null || before === null || before.stamp !== after?.stamp) return false;
  const hash = createHash(entry.oid.length === 40 ? 'sha1' : 'sha256');
  if (hash.update(`blob ${bytes.length}\0`).update(bytes).digest('hex') !== entry.oid) return false;
  if (Math.abs(Date.now() - before.changed) > MOMENT_MS)
    verified.set(entry.path, { stamp: before.stamp, oid: entry.oid });
  return true;
}

/** Read at once where it is small: a turn of a busy event loop takes longer. */
async function bytesOf(file: string, { mode }: TreeEntry, { size }: Seen): Promise<Buffer | null> {
  try {
    if (mode === SYMLINK) return await readlink(file, { encoding: 'buffer' });
    return size > SMALL_BYTES ? await readWhole(file) : readAtOnce(file);
  } catch {
    return null;
  }
}

/** Neither waits: a run may have put a pipe in the file's place since it was looked at. */
const HOW = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

function readAtOnce(file: string): Buffer {
  const handle = openSync(file, HOW);
  try {
    return readFileSync(handle);
  } finally {
    closeSync(handle);
  }
}

async function readWhole(file: string): Promise<Buffer> {
  const handle = await open(file, HOW);
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

interface Seen {
  /** As git calls a file of this kind in a tree, or `folder`. */
  readonly kind: string;
  /** Its inode and that one's time of change, which a script cannot set back. */
  readonly stamp: string;
  readonly size: bigint;
  /** Milliseconds since 1970. */
  readonly changed: number;
}

function look(file: string): Seen | null {
  const found = lstatSync(file, { bigint: true, throwIfNoEntry: false });
  if (found === undefined) return null;
  const { ino, ctimeNs, ctimeMs, mode, size } = found;
  const regular = [...REGULAR][(mode & 0o100n) === 0n ? 0 : 1] ?? '';
  const kind = found.isDirectory()
    ? 'folder'
    : found.isSymbolicLink()
      ? SYMLINK
      : found.isFile()
        ? regular
        : 'other';
  return { kind, stamp: `${ino}@${ctimeNs}`, size, changed: Number(ctimeMs) };
}
