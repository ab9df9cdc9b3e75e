import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';

/**
 * git's index of a worktree, as far as other texts in the same files need it: version 2, SHA-1, no
 * conflicts, nothing hidden. See gitformat-index(5).
 */
export interface IndexFile {
  readonly entries: ReadonlyMap<string, IndexEntry>;
  /** The file with other ids and stats in some of its entries, and without extensions. */
  with(changes: ReadonlyMap<string, { readonly oid: string; readonly stat: BigIntStats }>): Buffer;
}

interface IndexEntry {
  /** As in a tree: `100644`. */
  readonly mode: string;
  readonly oid: string;
}

const HEADER_BYTES = 12;
const STAT_BYTES = 40;
const MODE_AT = 24;
const HASH_BYTES = 20;
/** Assumed unchanged, extended (skipped in the worktree, or about to be added), or in conflict. */
const UNUSUAL = 0xf000;

/** Null where it is anything else, or not whole: then git is the one to deal with it. */
export function parseIndex(bytes: Buffer): IndexFile | null {
  const end = bytes.length - HASH_BYTES;
  if (end < HEADER_BYTES || bytes.toString('latin1', 0, 4) !== 'DIRC') return null;
  if (bytes.readUInt32BE(4) !== 2 || !hashOf(bytes.subarray(0, end)).equals(bytes.subarray(end)))
    return null;
  const entries = new Map<string, IndexEntry>();
  const places = new Map<string, number>();
  let at = HEADER_BYTES;
  for (let n = bytes.readUInt32BE(8); n > 0; n--) {
    const name = at + STAT_BYTES + HASH_BYTES + 2;
    const over = bytes.indexOf(0, name);
    if (over < 0 || over >= end || (bytes.readUInt16BE(name - 2) & UNUSUAL) !== 0) return null;
    const path = bytes.toString('utf8', name, over);
    const oid = bytes.toString('hex', at + STAT_BYTES, name - 2);
    entries.set(path, { mode: bytes.readUInt32BE(at + MODE_AT).toString(8), oid });
    places.set(path, at);
    // With its NULs, of which there is one at least, an entry fills up eight bytes.
    at += (over - at + 8) & ~7;
  }
  if (!mayDrop(bytes.subarray(at, end))) return null;
  return {
    entries,
    with(changes) {
      const body = Buffer.from(bytes.subarray(0, at));
      for (const [path, { oid, stat }] of changes) {
        const place = places.get(path);
        if (place === undefined) throw new Error(`expected ${path} in the index, found none`);
        writeStat(body, place, stat);
        body.write(oid, place + STAT_BYTES, 'hex');
      }
      return Buffer.concat([body, hashOf(body)]);
    },
  };
}

/**
 * Whether some of an index's entries have flags that only version 3 has room for: files that git is
 * told to leave out of the worktree, and would not write.
 */
export const leavesOut = (bytes: Buffer): boolean =>
  bytes.length >= HEADER_BYTES && bytes.readUInt32BE(4) === 3;

const hashOf = (bytes: Buffer): Buffer => createHash('sha1').update(bytes).digest();

/** Extensions that begin with a capital are memory that git can do without; others are not. */
function mayDrop(extensions: Buffer): boolean {
  for (let at = 0; at < extensions.length;) {
    if (at + 8 > extensions.length) return false;
    const first = extensions[at] ?? 0;
    if (first < 0x41 || first > 0x5a) return false;
    at += 8 + extensions.readUInt32BE(at + 4);
  }
  return true;
}

/** All but the mode, which stays. Numbers are cut to 32 bits, as git does. */
function writeStat(body: Buffer, at: number, stat: BigIntStats): void {
  const { ctimeNs, mtimeNs, dev, ino, uid, gid, size } = stat;
  const second = 1_000_000_000n;
  const times = [ctimeNs / second, ctimeNs % second, mtimeNs / second, mtimeNs % second];
  const put = (value: bigint, offset: number): void =>
    void body.writeUInt32BE(Number(BigInt.asUintN(32, value)), at + offset);
  for (const [n, value] of [...times, dev, ino].entries()) put(value, 4 * n);
  for (const [n, value] of [uid, gid, size].entries()) put(value, MODE_AT + 4 + 4 * n);
}
