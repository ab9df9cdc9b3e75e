import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Time, as far as waiting for a server goes. */
export interface Time {
  /** Milliseconds since 1970. */
  now(): number;
  /** Rejects where the signal fires. */
  pause(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** Whose turn it is to call a server, among all processes that share a folder. */
export interface Turns {
  /** Resolves when it is one's turn; with the reason where that is too far off. */
  take(signal?: AbortSignal): Promise<string | null>;
  /** The server wants to be left alone so long. */
  holdOff(milliseconds: number): Promise<void>;
}

/** Nobody waits longer for a turn. */
const PATIENCE_MS = 20_000;

/** Whatever a server says: a header of years would be the end of papers for all labs of a user. */
const LONGEST_HOLD_MS = 24 * 3_600_000;

/**
 * One call per `everyMs`: time is cut into stretches of that length, and the call at the beginning
 * of a stretch belongs to whoever makes its file first. So no lock is held that a killed process
 * could leave behind. Rejects where the folder cannot be written.
 */
export function openTurns(folder: string, server: string, everyMs: number, time: Time): Turns {
  const hold = join(folder, `${server}.hold`);
  const heldUntil = async (): Promise<number> => {
    const until = Number(await readFile(hold, 'utf8').catch(() => '0')) || 0;
    // Nor is one believed that a clock wrote which was ahead.
    return until - time.now() > LONGEST_HOLD_MS ? 0 : until;
  };
  const wait = (at: number): number => Math.max(0, at - time.now());
  return {
    async take(signal) {
      await mkdir(folder, { recursive: true });
      let turn = Math.ceil(Math.max(time.now(), await heldUntil()) / everyMs);
      while (wait(turn * everyMs) <= PATIENCE_MS) {
        if (await claim(join(folder, `${server}.${turn}`))) {
          await sweep(folder, server, Math.floor(time.now() / everyMs));
          await time.pause(wait(turn * everyMs), signal);
          return null;
        }
        turn += 1;
      }
      return `${server} is not to be called for another ${Math.ceil(wait(turn * everyMs) / 1000)} s`;
    },
    async holdOff(milliseconds) {
      const until = time.now() + Math.min(milliseconds, LONGEST_HOLD_MS);
      await writeFile(hold, String(Math.max(until, await heldUntil())));
    },
  };
}

async function claim(file: string): Promise<boolean> {
  try {
    await writeFile(file, '', { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Turns that are over. */
async function sweep(folder: string, server: string, current: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const turn = name.startsWith(`${server}.`) ? Number(name.slice(server.length + 1)) : NaN;
    if (turn < current) await rm(join(folder, name), { force: true });
  }
}
