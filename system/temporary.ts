import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { LabError } from '../orchestrator/domain/errors.ts';
import { systemWords } from '../orchestrator/domain/system-error.ts';

/**
 * The folder for temporary files, there and to be written to. A night is longer than many such
 * folders live (a logout, a batch system or systemd-tmpfiles takes them away): one that is gone is
 * made again, with the rights of any new folder, since others may share it. Throws LabError failed
 * where that cannot be done.
 */
export function temporaryFolder(): string {
  const folder = tmpdir();
  try {
    makeFolder(folder);
    accessSync(folder, constants.W_OK | constants.X_OK);
    return folder;
  } catch (error) {
    throw new LabError(
      'failed',
      `expected a folder for temporary files that can be written to, found none at ${folder}: ` +
        `${systemWords(error)}. Make that folder, or set TMPDIR to one that is there: ` +
        'export TMPDIR=/tmp, for one',
      folder,
      error,
    );
  }
}

/** Not `recursive`: of Node's, that never ends where a file system says of a new folder that it is not found, as /proc does. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another process was faster.
    if (!existsSync(folder)) throw error;
  }
}

/** The same for whoever may never need it: it is named also where it cannot be made. */
export function temporaryFolderIfAny(): string {
  try {
    return temporaryFolder();
  } catch {
    return tmpdir();
  }
}
