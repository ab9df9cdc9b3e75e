import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { link, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

import { LabError } from '../orchestrator/domain/errors.ts';
import { errorCode, ignoring, sync } from './durable.ts';

/** Who holds a notebook. A pid alone says nothing: pids come again, a start time does not. */
export interface Holder {
  readonly pid: number;
  /** What the system says of when the process started; only ever compared. */
  readonly process_started: string;
  readonly host: string;
  /** When the lock was taken, ISO 8601. */
  readonly since: string;
  /** `take_in`: for a moment, by a verb that brings in what waits; no night works under it. */
  readonly purpose: Purpose;
}

type Purpose = 'launch' | 'take_in';

/** So long a launch waits for a verb that takes in. That one is done long before, unless it was suspended. */
const PATIENCE_MS = 30_000;
const LOOK_MS = 50;

export interface Lock {
  /** Throws LabError busy where the lock is no longer this process': somebody took it, or took it away. */
  check(): Promise<void>;
  release(): Promise<void>;
}

/**
 * Takes the notebook for this process. Throws LabError busy, naming the holder's pid and when it
 * started, where a living process has it; the lock of a dead one is taken over. A launch waits for
 * a verb that only takes in; who takes in waits for nobody.
 */
export async function takeLock(
  dir: string,
  since: string,
  purpose: Purpose = 'launch',
): Promise<Lock> {
  const path = join(dir, 'lock');
  const until = performance.now() + (purpose === 'launch' ? PATIENCE_MS : 0);
  const mine = JSON.stringify(await thisProcess(since, purpose));
  const draft = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  await writeFile(draft, mine);
  await sync(draft);
  try {
    while (!(await linked(draft, path))) await removeStale(path, until);
  } finally {
    await rm(draft, { force: true });
  }
  return {
    async check() {
      const found = await contentOf(path);
      if (found !== mine) throw await lost(dir, path, found);
    },
    async release() {
      if ((await contentOf(path)) === mine) await rm(path, { force: true });
    },
  };
}

async function lost(dir: string, path: string, found: string | undefined): Promise<LabError> {
  if (found === undefined && (await isGone(dir)))
    return new LabError(
      'busy',
      `the notebook ${dir} was deleted or moved away, its journal and its lock with it: this launch records nothing more. Put it back, and autolab launch goes on from what it holds`,
      path,
    );
  const holder = found === undefined ? null : parse(found);
  const now = holder === null ? 'is gone' : `is held by process ${holder.pid} on ${holder.host}`;
  return new LabError(
    'busy',
    `the notebook's lock ${now}: another launch may write here, so this one records nothing more. autolab launch goes on from what is recorded`,
    path,
  );
}

/** Empty counts: whoever leaves something in the inbox makes the notebook's folders anew. */
const isGone = async (dir: string): Promise<boolean> =>
  ((await readdir(join(dir, 'journal')).catch(ignoring('ENOENT'))) ?? []).length === 0;

/** The launch that holds the notebook now; null where none that lives does. */
export async function holderOf(dir: string): Promise<Holder | null> {
  const text = await contentOf(join(dir, 'lock'));
  const holder = text === undefined ? null : parse(text);
  return holder?.purpose === 'launch' && (await lives(holder)) ? holder : null;
}

/** link, unlike rename, fails where the name is taken. */
const linked = async (from: string, to: string): Promise<boolean> => {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
};

/** Returns when it is worth another try. */
async function removeStale(path: string, until: number): Promise<void> {
  const text = await contentOf(path);
  if (text === undefined) return;
  const holder = parse(text);
  if (holder && (await lives(holder))) {
    if (holder.purpose === 'take_in' && performance.now() < until) return setTimeout(LOOK_MS);
    throw await busy(holder, path);
  }
  const aside = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  // Another process may have taken over between our look and our rename: give it back then.
  if ((await contentOf(aside)) !== text) await linked(aside, path);
  await rm(aside, { force: true });
}

async function busy(holder: Holder, path: string): Promise<LabError> {
  const way =
    (await wayOfStopped(holder)) ??
    `autolab attach shows it, and autolab stop ends it; if it is certain that it no longer runs, delete ${path}`;
  return new LabError('busy', `the notebook is held by ${nameOf(holder)}. ${way}`, path);
}

/** A launch as refusals name it. */
export const nameOf = ({ pid, host, since, process_started }: Holder): string =>
  `process ${pid} on ${host}, which took it at ${since} (process start ${process_started})`;

/** A suspended launch may wake at any moment: its lock is not taken, but the way out is another. */
export const wayOfStopped = async (holder: Holder): Promise<string | null> =>
  (await isStopped(holder))
    ? `It is stopped: kill -CONT ${holder.pid} lets it go on, kill -9 ${holder.pid} ends it, and the next launch goes on from there`
    : null;

const contentOf = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch(ignoring('ENOENT'));

function parse(text: string): Holder | null {
  try {
    const { pid, process_started, host, since, purpose } = JSON.parse(text) as Partial<Holder>;
    if (typeof pid !== 'number' || typeof process_started !== 'string') return null;
    const what = purpose === 'take_in' ? purpose : 'launch';
    return { pid, process_started, host: host ?? '', since: since ?? '', purpose: what };
  } catch {
    return null; // written by nobody of ours, or cut off by a crash
  }
}

async function thisProcess(since: string, purpose: Purpose): Promise<Holder> {
  const process_started = (await startOf(process.pid)) ?? 'unknown';
  return { pid: process.pid, process_started, host: hostname(), since, purpose };
}

async function lives(holder: Holder): Promise<boolean> {
  // Whether a process of another machine lives cannot be seen from here.
  if (holder.host !== hostname()) return true;
  return (await startOf(holder.pid)) === holder.process_started;
}

/** Whether it is one of this machine that was suspended, by Ctrl-Z or SIGSTOP. Only Linux says. */
async function isStopped({ pid, host }: Holder): Promise<boolean> {
  if (host !== hostname()) return false;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return /^[Tt]/.test(stat.slice(stat.lastIndexOf(')') + 2));
}

/** When a process started, null where it does not run (a zombie does not). */
export async function startOf(pid: number): Promise<string | null> {
  if (process.platform !== 'linux') return startBySystem(pid);
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return null;
  // Behind the command's name, which may hold spaces and brackets: state is field 3, start field 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return null;
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return `${fields[19] ?? '?'} ticks after boot ${boot.trim().slice(0, 8)}`;
}

async function startBySystem(pid: number): Promise<string | null> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(
    () => ({ stdout: '' }),
  );
  return stdout.trim() === '' ? null : stdout.trim();
}
