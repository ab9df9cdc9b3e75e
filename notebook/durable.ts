import { createHash, randomBytes } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, mkdir, open, rename, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Files that are wholly there or not there at all: written beside, fsynced, renamed, the folder
 * fsynced. What ends in `.tmp` was cut off and belongs to nobody.
 */

/** A name beside `path` that no other process takes. */
export const beside = (path: string): string => `${path}.${randomBytes(4).toString('hex')}.tmp`;

/** A file's content; of a folder, its names and renames. */
export async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** All of it: one write may take less. */
export async function writeAt(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const left = bytes.length - done;
    done += (await handle.write(bytes, done, left, position + done)).bytesWritten;
  }
}

/** Fills `path` durably with what `write` puts into the temporary file that it is given. */
export async function replaceDurably(
  path: string,
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = beside(path);
  try {
    await write(temporary);
    await sync(temporary);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await sync(dirname(path));
}

export const writeDurably = (path: string, text: string): Promise<void> =>
  replaceDurably(path, (temporary) => writeFile(temporary, text));

/**
 * A copy of its own (a reflink where the file system has them). Never a hard link: what damages
 * one name of an inode damages all of them, and the copy could not be made again from the source.
 */
export const copyDurably = (from: string, to: string): Promise<void> =>
  replaceDurably(to, (temporary) => copyFile(from, temporary, constants.COPYFILE_FICLONE));

export interface Fingerprint {
  readonly bytes: number;
  readonly sha256: string;
}

export async function fingerprint(path: string): Promise<Fingerprint> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    const piece = chunk as Buffer;
    hash.update(piece);
    bytes += piece.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** The notebook's folder, hidden from git. */
export async function makeNotebookFolder(dir: string): Promise<void> {
  await mkdir(join(dir, 'journal'), { recursive: true });
  await mkdir(join(dir, 'inbox'), { recursive: true });
  await writeFile(join(dir, '.gitignore'), '*\n', { flag: 'wx' }).catch(ignoring('EEXIST'));
}

/** For `.catch`: swallows one expected error code, throws every other error on. */
export const ignoring =
  (code: string) =>
  (error: unknown): undefined => {
    if (errorCode(error) !== code) throw error;
  };

export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;

export const inWords = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
