import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { promisify } from 'node:util';

/** A living process that may hold a lock of git's. */
export interface Holder {
  readonly pid: number;
  readonly command: string;
  /** The repository that whoever started it told it of (`GIT_DIR`), as AutoLab does and people don't. */
  readonly told: string | null;
}

/**
 * Who may hold `lock`, made at `made` (ms since 1970): whoever has it open, and each git older than
 * it that works there, by its `GIT_DIR` or else its working directory: git closes a lock long before
 * it gives it up. Null where the system does not let us look.
 */
export async function holdersOf(
  lock: string,
  made: number,
  worksThere: (path: string) => boolean,
): Promise<readonly Holder[] | null> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  if (pids.length === 0) {
    const open = await openersByLsof(lock);
    return open?.length === 0 ? null : open;
  }
  const file = await realpath(lock).catch(() => lock);
  const booted = bootTime();
  const found = await Promise.all(
    pids.map(async (pid): Promise<readonly Holder[]> => {
      const process = await look(pid);
      if (process === null) return [];
      const holder = { pid: Number(pid), command: process.command, told: process.told };
      if (await hasOpen(pid, file)) return [holder];
      const started = booted + (process.ticks / TICKS) * 1000;
      const at = process.told ?? process.cwd;
      const works = process.git && !LOCKLESS.has(process.command) && at !== null && worksThere(at);
      return works && started <= made + SLACK_MS ? [holder] : [];
    }),
  );
  return found.flat();
}

/** Processes that have the file open, as `lsof` lists them; null where there is none. */
export async function openersByLsof(file: string): Promise<readonly Holder[] | null> {
  const asked = promisify(execFile)('lsof', ['-w', '-F', 'pc', '--', file], { timeout: 3000 });
  const text = await asked.then(
    ({ stdout }) => stdout,
    // It ends with 1 where nobody has the file open.
    (error: { code?: unknown; stdout?: string }) =>
      error.code === 1 ? (error.stdout ?? '') : null,
  );
  if (text === null) return null;
  return [...text.matchAll(/^p(\d+)\nc(.*)$/gm)].map(([, pid, command]) => ({
    pid: Number(pid),
    command: command ?? '',
    told: null,
  }));
}

/** They stay for long, and never lock anything. */
const LOCKLESS = new Set(['git cat-file', 'git hash-object']);

/** USER_HZ: 100 on every Linux that Node runs on. */
const TICKS = 100;
/** Files carry the kernel's coarse clock, and starts are counted in ticks. */
const SLACK_MS = 500;

/** Milliseconds since 1970. Without a wait in between: the two clocks have to be read as one. */
function bootTime(): number {
  const uptime = readFileSync('/proc/uptime', 'utf8').split(' ')[0];
  return Date.now() - Number(uptime) * 1000;
}

interface Seen {
  readonly command: string;
  readonly git: boolean;
  readonly told: string | null;
  readonly cwd: string | null;
  /** When it started, in ticks since the machine did. */
  readonly ticks: number;
}

async function look(pid: string): Promise<Seen | null> {
  const read = (name: string) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
  const stat = await read('stat');
  // Behind the name, which may hold blanks and brackets: state is field 3, start field 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (stat === '' || fields[0] === 'Z' || fields[0] === 'X') return null;
  const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
  const git = /^git(?:-|$)/.test(name);
  const ticks = Number(fields[19]);
  if (!git) return { command: name, git, told: null, cwd: null, ticks };
  const [line, environment, cwd] = await Promise.all([
    read('cmdline'),
    read('environ'),
    readlink(`/proc/${pid}/cwd`).catch(() => null),
  ]);
  const words = line.split('\0').filter((word) => word !== '');
  const said = /(?:^|\0)GIT_DIR=([^\0]+)/.exec(environment)?.[1] ?? gitDirOption(words);
  const told = said === undefined ? null : resolve(cwd ?? '/', said);
  return { command: commandOf(words) || name, git, told, cwd, ticks };
}

function gitDirOption(words: readonly string[]): string | undefined {
  const at = words.findIndex((word) => /^--git-dir(?:=|$)/.test(word));
  return words[at]?.split('=')[1] ?? words[at + 1 || words.length];
}

/** `git reset`: its settings, which may be many, tell nobody anything. */
function commandOf(words: readonly string[]): string {
  const [program = '', ...rest] = words;
  const verb = rest.find((word, n) => !word.startsWith('-') && !/^-[cC]$/.test(rest[n - 1] ?? ''));
  return [basename(program), verb].filter(Boolean).join(' ');
}

async function hasOpen(pid: string, file: string): Promise<boolean> {
  const open = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const paths = open.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => ''));
  return (await Promise.all(paths)).includes(file);
}
