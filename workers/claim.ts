import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Attempt, Workshop } from './attempt.ts';
import { isDead, lives } from './processes.ts';

/** Who carries an attempt: only one at a time clears its folder, runs in its worktree and seals it. */
export interface Claim {
  /** Waits for whoever has it: `inherited` where somebody had. `stopped` where the attempt was. */
  take(): Promise<'taken' | 'inherited' | 'stopped'>;
  /** Does a step as the holder; the claim is not taken away meanwhile. */
  during<T>(work: () => Promise<T>): Promise<T>;
  /** It was ours, and has gone to somebody else. */
  isLost(): boolean;
  /** Somebody else of this process has it. */
  isAnothers(): boolean;
  /** To be called when no step is to come; harmless where it is not ours. */
  release(): Promise<void>;
}

interface Holder {
  readonly token: string;
  /** Steps that are being carried out. */
  steps: number;
  /** When the last one ended, monotonic milliseconds. */
  idle: number;
}

/** Holders in this process: the file below cannot tell two of them apart. */
const held = new Map<string, Holder>();
const PAUSE_MS = 100;

const folderOf = ({ cacheDir }: Pick<Workshop, 'cacheDir'>): string => join(cacheDir, 'claims');

/**
 * The claim to an attempt's folder, as a file in the lab's cache that names a process by pid and
 * start. That of a dead process counts for nothing; nor does one of another machine's or
 * container's: the notebook's lock keeps two launches apart, and nobody else hands attempts out.
 * Within this process a holder that has carried no step for `limits.dropped_ms` has been dropped.
 */
export function claimOf({ workshop, folder, signal }: Attempt): Claim {
  const { clock, limits, launcher } = workshop;
  const token = randomBytes(8).toString('hex');
  const mine = `${launcher} ${token}`;
  const file = join(
    folderOf(workshop),
    createHash('sha256').update(folder).digest('hex').slice(0, 24),
  );

  let taken = false;
  /** Somebody had it when we last asked. */
  let refused = false;
  const isOurs = (): boolean => held.get(file)?.token === token;

  /** Nobody here has it, or nobody any more. */
  const free = (): boolean => {
    const holder = held.get(file);
    if (holder === undefined || holder.token === token) return true;
    return holder.steps === 0 && clock.monotonic() - holder.idle > limits.dropped_ms;
  };

  const tryTake = (): boolean => {
    if (!free()) return false;
    held.set(file, { token, steps: 0, idle: clock.monotonic() });
    let written = false;
    try {
      written = writeClaim(file, mine, launcher);
    } finally {
      if (!written && isOurs()) held.delete(file);
    }
    return written;
  };

  return {
    isLost: () => taken && !isOurs(),
    isAnothers: () => (taken ? !isOurs() : refused || held.has(file)),
    async take() {
      mkdirSync(folderOf(workshop), { recursive: true });
      for (let tries = 0; !signal.aborted; tries++) {
        taken = tryTake();
        refused = !taken;
        if (taken) return tries === 0 ? 'taken' : 'inherited';
        await setTimeout(PAUSE_MS, undefined, { signal }).catch(() => undefined);
      }
      return 'stopped';
    },
    async during(work) {
      const holder = held.get(file);
      if (holder?.token !== token) return work();
      holder.steps++;
      try {
        return await work();
      } finally {
        holder.steps--;
        holder.idle = clock.monotonic();
      }
    },
    async release() {
      if (!isOurs()) return;
      held.delete(file);
      if (textOf(file) === mine) rmSync(file, { force: true });
    },
  };
}

/**
 * False where a living process of this machine, other than this one, has it. Synchronous, as all
 * that is done to a claim: a line in a file of the cache, on the way between two trainings.
 */
function writeClaim(file: string, mine: string, launcher: string): boolean {
  const [holder = ''] = textOf(file).split(' ');
  if (lives(holder) && holder !== launcher) return false;
  rmSync(file, { force: true });
  try {
    writeFileSync(file, mine, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  return textOf(file) === mine;
}

/** Empty where it is not there. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Removes what dead processes left. */
export async function sweepClaims(workshop: Workshop): Promise<void> {
  const folder = folderOf(workshop);
  for (const name of await readdir(folder).catch(() => [])) {
    const file = join(folder, name);
    const [holder = ''] = (await readFile(file, 'utf8').catch(() => '')).split(' ');
    if (isDead(holder)) await rm(file, { force: true });
  }
}
