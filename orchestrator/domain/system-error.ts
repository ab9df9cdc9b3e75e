import { LabError } from './errors.ts';

/** What the system refused, in words: no bug of ours, and a person can act on it. */

interface SystemError extends Error {
  readonly code: string;
  readonly syscall?: string;
  readonly path?: string;
}

interface Words {
  readonly found: string;
  readonly todo: string;
}

const RIGHTS =
  'Look at its owner and its rights, and those of the folders above it (ls -ld), or call AutoLab as the user whose it is';
const ROOM = 'Make room (autolab gc removes what old nights hold), and try again';

const KNOWN: Readonly<Record<string, Words>> = {
  EROFS: {
    found: 'its file system is read-only',
    todo: 'Mount it so that it can be written to, or work where it can be',
  },
  EACCES: { found: 'the permission is denied', todo: RIGHTS },
  EPERM: { found: 'the system does not permit it', todo: RIGHTS },
  ENOSPC: { found: 'no space is left on the disk', todo: ROOM },
  EDQUOT: { found: 'your disk quota is used up', todo: ROOM },
  EMFILE: {
    found: 'this process has as many files open as it may',
    todo: 'Raise the limit (ulimit -n 4096), and try again',
  },
  ENFILE: {
    found: 'the machine has as many files open as it may',
    todo: 'End what holds many files open, or raise fs.file-max, and try again',
  },
};
const GONE: Words = {
  found: 'there is no such file or folder',
  todo: 'Put it back, or try again if it was taken away just now',
};
const NO_PROGRAM: Words = {
  found: 'there is no such program, or the folder to start it in is gone',
  todo: 'Install it, or put it on your PATH',
};

/**
 * A LabError failed that says which file, what the system said of it and what to do; null for all
 * that is not the system's doing. A file that is not there is one only where the error names it.
 */
export function systemTrouble(error: unknown): LabError | null {
  const known = wordsOf(error);
  if (known === null || !isSystemError(error)) return null;
  const { found, todo } = known;
  const what = attempted(error);
  const message = `expected to ${what}, found that ${found} (${error.code}). ${todo}`;
  return new LabError('failed', message, error.path, error);
}

/** What the system said, in words where there are some. */
export function systemWords(error: unknown): string {
  const known = wordsOf(error);
  if (known !== null) return known.found;
  return error instanceof Error ? error.message : String(error);
}

function wordsOf(error: unknown): Words | null {
  if (!isSystemError(error)) return null;
  if (error.code !== 'ENOENT') return KNOWN[error.code] ?? null;
  if (error.path === undefined) return null;
  return isStart(error) ? NO_PROGRAM : GONE;
}

const isSystemError = (error: unknown): error is SystemError =>
  error instanceof Error && typeof (error as Partial<SystemError>).code === 'string';

const isStart = ({ syscall = '' }: SystemError): boolean => syscall.startsWith('spawn');

const VERBS: Readonly<Record<string, string>> = {
  mkdir: 'make',
  mkdtemp: 'make',
  rm: 'remove',
  rmdir: 'remove',
  unlink: 'remove',
  scandir: 'read',
  copyfile: 'copy',
  lstat: 'look at',
  stat: 'look at',
  access: 'look at',
  fsync: 'bring to disk',
};

function attempted(error: SystemError): string {
  const { syscall = 'use', path } = error;
  if (isStart(error)) return `start ${path ?? 'a program'}`;
  return `${VERBS[syscall] ?? syscall} ${path ?? 'a file'}`;
}
