import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';

/** The file that a command's word runs in a folder, as a shell finds it, absolute; null where there is none. */
export function programOf(
  word: string,
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): string | null {
  const places = word.includes('/')
    ? [resolve(cwd, word)]
    : (env['PATH'] ?? '').split(delimiter).map((folder) => resolve(cwd, folder, word));
  return places.find(mayRun) ?? null;
}

function mayRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Of a kernel that reads so much of a script's first line. */
const FIRST_LINE = 256;

/** The program that a script's first line names; null where it is no script. */
export function interpreterOf(
  file: string,
  env: Readonly<Record<string, string | undefined>>,
): string | null {
  const [, program, argument] = /^#!\s*(\/\S+)(?:[ \t]+(\S+))?/.exec(startOf(file)) ?? [];
  if (program === undefined) return null;
  return program.endsWith('/env') && argument !== undefined
    ? programOf(argument, env, '/')
    : program;
}

/** Empty for what may be run, but not read. */
function startOf(file: string): string {
  try {
    const bytes = Buffer.alloc(FIRST_LINE);
    const handle = openSync(file, 'r');
    try {
      return bytes.toString('latin1', 0, readSync(handle, bytes, 0, FIRST_LINE, 0));
    } finally {
      closeSync(handle);
    }
  } catch {
    return '';
  }
}
