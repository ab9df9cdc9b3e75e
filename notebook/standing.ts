import { link, mkdir, open, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

import { beside, ignoring, sync, writeAt } from './durable.ts';

/**
 * A file that one process writes for hours, under a path where others delete it or put another in
 * its place: what is written then is in a file without a name, and gone with the process.
 */

/** Whether the open file is the one at the path. In bigints: inodes of overlays differ in bits that numbers round off. */
export async function standsAt(path: string, handle: FileHandle): Promise<boolean> {
  const [mine, there] = await Promise.all([
    handle.stat({ bigint: true }),
    stat(path, { bigint: true }).catch(ignoring('ENOENT')),
  ]);
  return there !== undefined && there.dev === mine.dev && there.ino === mine.ino;
}

export interface Again {
  /** What stands at the path now, open. */
  readonly handle: FileHandle;
  /** What had become of it, for people; null where its place was taken by a copy of it. */
  readonly trouble: string | null;
}

/**
 * Puts the first `size` bytes of an open file durably back at its path. What stands there and is
 * no copy of them stays, beside it. `mayWrite` is asked before anything is made, and once more
 * before the path changes: what it throws leaves the path as it is. `handle` stays open.
 */
export async function putBack(
  path: string,
  handle: FileHandle,
  size: number,
  mayWrite: () => Promise<void>,
): Promise<Again> {
  await mayWrite();
  const folder = dirname(path);
  if (await mkdir(folder, { recursive: true })) await sync(dirname(folder));
  const bytes = await firstOf(handle, size, path);
  const temporary = beside(path);
  const again = await open(temporary, 'wx+');
  try {
    await writeAt(again, bytes, 0);
    await again.sync();
    const found = await whatStands(path, bytes);
    const aside = `${path}.replacement-${new Date().toISOString().replaceAll(':', '')}`;
    await mayWrite();
    // A second name where there can be one (not of a folder): no crash finds the path empty then.
    if (found === 'other') await link(path, aside).catch(() => rename(path, aside));
    await rename(temporary, path);
    await sync(folder);
    return { handle: again, trouble: inWords(path, found, aside) };
  } catch (error) {
    await again.close();
    await rm(temporary, { force: true });
    throw error;
  }
}

async function firstOf(handle: FileHandle, size: number, path: string): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size);
  for (let done = 0; done < size;) {
    const { bytesRead } = await handle.read(bytes, done, size - done, done);
    if (bytesRead === 0)
      throw new Error(`${path} was cut to ${done} of ${size} bytes, and then removed or replaced`);
    done += bytesRead;
  }
  return bytes;
}

type Found = 'nothing' | 'copy' | 'other';

async function whatStands(path: string, bytes: Buffer): Promise<Found> {
  const there = await stat(path).catch(ignoring('ENOENT'));
  if (!there) return 'nothing';
  if (!there.isFile() || there.size !== bytes.length) return 'other';
  // Another user's, restored by root, say: what cannot be read is not ours.
  const content = await readFile(path).catch(() => null);
  return content && bytes.equals(content) ? 'copy' : 'other';
}

function inWords(path: string, found: Found, aside: string): string | null {
  if (found === 'copy') return null;
  const [what, kept] =
    found === 'nothing'
      ? ['deleted or moved away', '']
      : ['replaced', `, and what stood in its place is kept as ${aside}`];
  return `${path} was ${what} while it is being written: it was put back with all its records${kept}. To go back to an older notebook, end the launch first (autolab stop)`;
}
