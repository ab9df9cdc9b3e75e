import { execFile } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import { promisify } from 'node:util';

/** A row of the machine's process table. */
export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** 0 where the system does not say. */
  readonly session: number;
  readonly zombie: boolean;
  /** When it started, in the system's own words: with the pid, a name that is never used again. */
  readonly start: string;
  /** 1 where the system does not say. */
  readonly threads: number;
  /** Of its own and of the children it waited for. */
  readonly cpu_seconds: number;
}

const LINUX = process.platform === 'linux';
/** USER_HZ: 100 on every Linux that Node runs on. */
const TICKS = 100;

function read(file: string): string | null {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return null;
  }
}

const page = Buffer.allocUnsafe(4096);

/** A file of /proc that fits a page, such as `stat` and `status`; null where it is gone. */
export function readPage(file: string): string | null {
  let fd: number | null = null;
  try {
    fd = openSync(file, 'r');
    return page.toString('latin1', 0, readSync(fd, page, 0, page.length, 0));
  } catch {
    return null;
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

/** One process of Linux' /proc, null where it is gone. */
export function processRow(pid: number): ProcessRow | null {
  const stat = readPage(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The name stands in parentheses and may hold anything, blanks and parentheses too.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const at = (n: number): number => Number(fields[n] ?? 0);
  return {
    pid,
    parent: at(1),
    group: at(2),
    session: at(3),
    zombie: fields[0] === 'Z' || fields[0] === 'X',
    start: fields[19] ?? '',
    threads: Math.max(1, at(17)),
    cpu_seconds: (at(11) + at(12) + at(13) + at(14)) / TICKS,
  };
}

/** Does the kernel keep a list of each process' children? Not every build of Linux does. */
export const KNOWS_CHILDREN = LINUX && read(`/proc/self/task/${process.pid}/children`) !== null;

/** Children of a process by the kernel's own list, see KNOWS_CHILDREN. */
export function childrenOf(pid: number): readonly number[] {
  let tasks: string[];
  try {
    tasks = readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
  return tasks.flatMap((task) =>
    (read(`/proc/${pid}/task/${task}/children`) ?? '').split(' ').filter(Boolean).map(Number),
  );
}

/** Every process that may be looked at. On macOS through `ps`, best effort. */
export async function processTable(): Promise<readonly ProcessRow[]> {
  if (LINUX) {
    return readdirSync('/proc').flatMap((name) =>
      /^\d+$/.test(name) ? (processRow(Number(name)) ?? []) : [],
    );
  }
  const text = await ps(['-axo', 'pid=,ppid=,pgid=,stat=,time=,lstart=']);
  return text.split('\n').flatMap((line) => {
    const [pid, parent, group, state = '', time = '', ...start] = line.trim().split(/\s+/);
    if (pid === undefined || pid === '') return [];
    const seconds = time.split(/[:-]/).reduce((sum, part) => sum * 60 + Number(part), 0);
    return [
      {
        pid: Number(pid),
        parent: Number(parent),
        group: Number(group),
        session: 0,
        zombie: state.startsWith('Z'),
        start: start.join(' '),
        threads: 1,
        cpu_seconds: seconds,
      },
    ];
  });
}

/** Did a process certainly start before the time that another one's row says? False off Linux. */
export const startedBefore = (row: ProcessRow, start: string): boolean =>
  LINUX && Number(row.start) < Number(start);

/** What the process was started with, each variable between NUL bytes; empty where we may not look. */
export async function environmentOf(pid: number): Promise<string> {
  if (LINUX)
    return `\0${Buffer.from(read(`/proc/${pid}/environ`) ?? '', 'latin1').toString('utf8')}`;
  // macOS prints the variables behind the command, parted by blanks: ours hold none but paths.
  return `\0${(await ps(['eww', '-o', 'command=', '-p', String(pid)])).replaceAll(' AUTOLAB_', '\0AUTOLAB_').trim()}\0`;
}

/** A variable of that environment, undefined where it is not set. */
export const variableIn = (environment: string, name: string): string | undefined => {
  const at = environment.indexOf(`\0${name}=`);
  return at < 0 ? undefined : environment.slice(at + name.length + 2).split('\0', 1)[0];
};

/**
 * Names a process beyond doubt: pid, start, and the PID namespace that both mean, so that a
 * container's process is never taken for one of ours that is dead.
 */
export function nameOfProcess(pid: number): string | null {
  const row = LINUX ? processRow(pid) : null;
  return row === null ? (LINUX ? null : String(pid)) : `${pid}:${row.start}:${namespace()}`;
}

/** This process in a file's name: what it leaves when it is killed is swept by that. */
export const ownName = (): string =>
  (nameOfProcess(process.pid) ?? `${process.pid}`).replaceAll(':', '-');

/** Is the process of that name dead for certain? False where it cannot be known from here. */
export function isDead(name: string): boolean {
  const [pid = '', start, space] = name.split(':');
  if (!/^\d+$/.test(pid)) return false;
  if (start === undefined) {
    try {
      process.kill(Number(pid), 0);
      return false;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ESRCH';
    }
  }
  const row = processRow(Number(pid));
  // The dead stay in the table until their parent asks: in a container without an init, for ever.
  return space === namespace() && (row === null || row.zombie || row.start !== start);
}

/** Does the process of that name live for certain? False where it cannot be known from here. */
export function lives(name: string): boolean {
  const [pid = '', , space] = name.split(':');
  return /^\d+$/.test(pid) && (space === undefined || space === namespace()) && !isDead(name);
}

function namespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid').replace(/\D/g, '');
  } catch {
    return '';
  }
}

const run = promisify(execFile);
async function ps(args: readonly string[]): Promise<string> {
  try {
    return (await run('ps', [...args], { maxBuffer: 64 * 1024 * 1024, timeout: 10_000 })).stdout;
  } catch {
    return '';
  }
}

/**
 * Sends a signal to the very process that the row tells of: its start is looked at once more, so
 * that a pid which came to somebody else meanwhile is left alone. False where it is gone or not
 * ours. On macOS the row, a moment old, has to do.
 */
export function signalProcess({ pid, start }: ProcessRow, signal: NodeJS.Signals): boolean {
  if (LINUX && processRow(pid)?.start !== start) return false;
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    // ESRCH, EPERM
    return false;
  }
}
