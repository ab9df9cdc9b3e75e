import { randomBytes } from 'node:crypto';
import { closeSync, fsync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { LabError } from '../orchestrator/domain/errors.ts';

/** Writes a file so that it is on disk whole or not at all: beside, fsync, rename, fsync the folder. */
export async function writeWhole(file: string, text: string): Promise<void> {
  await writeFirst(file, text);
  await syncFile(dirname(file));
}

/**
 * The same, but for the folder: for what counts only with a file that is written there whole after
 * it. Small: only the disk is waited for beside, since each turn of a busy event loop takes longer
 * than the rest.
 */
export async function writeFirst(file: string, text: string): Promise<void> {
  const beside = `${file}.${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    const handle = openSync(beside, 'w');
    try {
      writeFileSync(handle, text);
      await synced(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(beside, file);
  } catch (error) {
    rmSync(beside, { force: true });
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
  const handle = openSync(path, 'r');
  try {
    await synced(handle);
  } finally {
    closeSync(handle);
  }
}

const synced = promisify(fsync);

/** Errors of the machine, and trouble that a person can act on, as opposed to bugs of ours. */
export function isTrouble(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  return error instanceof LabError || (typeof code === 'string' && !code.startsWith('ERR_'));
}
