import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LabError } from '../orchestrator/domain/errors.ts';

/** Writes a file so that it is on disk whole or not at all: beside, fsync, rename, fsync the folder. */
export async function writeWhole(file: string, text: string): Promise<void> {
  await writeFirst(file, text);
  await syncFile(dirname(file));
}

/** The same, but for the folder: for what counts only with a file that is written there whole after it. */
export async function writeFirst(file: string, text: string): Promise<void> {
  const beside = `${file}.${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    const handle = await open(beside, 'w');
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/** Like that, for what can be found out again: a full disk, or one that is read-only, costs time. */
export async function remember(file: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeWhole(file, text);
  } catch (error) {
    if (!isTrouble(error)) throw error;
  }
}

/** A file's bytes, or a folder's names, are on disk when it resolves. */
export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Errors of the machine, and trouble that a person can act on, as opposed to bugs of ours. */
export function isTrouble(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  return error instanceof LabError || (typeof code === 'string' && !code.startsWith('ERR_'));
}
