import { createHash } from 'node:crypto';
import { constants, lstatSync } from 'node:fs';
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
  // A file may look the same behind a symlink in a folder's place.
  const folders = new Set(files.flatMap(({ path }) => ancestors(path)));
  for (const path of folders) if (look(join(folder, path))?.kind !== 'folder') return false;
  const unknown: TreeEntry[] = [];
  let bytes = 0n;
  for (const [n, entry] of files.entries()) {
    if (n % BATCH === BATCH - 1) await setImmediate();
    const seen = look(join(folder, entry.path));
    if (seen?.kind !== entry.mode) return false;
    const known = verified.get(entry.path);
    if (known?.oid === entry.oid && known.stamp === seen.stamp) continue;
    bytes += seen.size;
    if (bytes > MOST_BYTES) return false;
    unknown.push(entry);
  }
  for (const entry of unknown) if (!(await verify(folder, entry, verified))) return false;
  return true;
}

async function verify(folder: string, entry: TreeEntry, verified: Verified): Promise<boolean> {
  const file = join(folder, entry.path);
  const before = look(file);
  const bytes = await (
    entry.mode === SYMLINK ? readlink(file, { encoding: 'buffer' }) : readWhole(file)
  ).catch(() => null);
  const after = look(file);
  if (bytes === null || before === null || before.stamp !== after?.stamp) return false;
  const hash = createHash(entry.oid.length === 40 ? 'sha1' : 'sha256');
  if (hash.update(`blob ${bytes.length}\0`).update(bytes).digest('hex') !== entry.oid) return false;
  if (Math.abs(Date.now() - before.changed) > MOMENT_MS)
    verified.set(entry.path, { stamp: before.stamp, oid: entry.oid });
  return true;
}

/** Never waits: a run may have put a pipe in the file's place since it was looked at. */
async function readWhole(file: string): Promise<Buffer> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
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
