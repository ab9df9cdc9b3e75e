import { lstat, readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * What a command may take, held by looking now and then: best effort. Whoever is quick may be over
 * it for a moment; a cgroup lets nobody. Null: not looked at.
 */
export interface Bounds {
  /** Bytes of the tree. */
  readonly memory: number | null;
  /** Processes and threads of the tree. */
  readonly processes: number | null;
  /** Bytes below the folders, in all. */
  readonly disk: { readonly bytes: number; readonly folders: readonly string[] } | null;
}

/** Which bound was passed, and how. */
export interface Passed {
  readonly what: 'memory' | 'processes' | 'disk';
  /** `expected …, found …` */
  readonly message: string;
}

/** What a tree holds now. */
export interface Holdings {
  readonly memory_mb: number;
  readonly processes: number;
}

const MB = 2 ** 20;

export function overBounds(bounds: Bounds, { memory_mb, processes }: Holdings): Passed | null {
  if (bounds.memory !== null && memory_mb * MB > bounds.memory) {
    return overMemory(bounds.memory, inWords(memory_mb * MB));
  }
  if (bounds.processes !== null && processes > bounds.processes) {
    const most = `at most ${bounds.processes} processes and threads (sandbox.processes)`;
    return { what: 'processes', message: `expected ${most}, found ${processes}` };
  }
  return null;
}

const overMemory = (bytes: number, found: string): Passed => ({
  what: 'memory',
  message: `expected at most ${inWords(bytes)} of memory (sandbox.memory), found ${found}`,
});

/** What a cgroup says when the kernel has held a tree to its memory. */
export const ranOutOfMemory = (bytes: number): Passed => overMemory(bytes, 'more wanted');

/**
 * Says when folders hold more than they may. They are counted only where the disk has lost that
 * much room since: a look costs microseconds, as a rule.
 */
export async function followDisk({
  bytes,
  folders,
}: NonNullable<Bounds['disk']>): Promise<() => Promise<Passed | null>> {
  const before = await roomOf(folders);
  return async () => {
    const now = await roomOf(folders);
    if (!now.some((room, i) => (before[i] ?? 0) - room > bytes)) return null;
    let held = 0;
    for (const folder of folders) held += await sizeOf(folder);
    if (held <= bytes) return null;
    const most = `at most ${inWords(bytes)} in its worktree, its run’s folder and its home (sandbox.disk)`;
    return { what: 'disk', message: `expected ${most}, found ${inWords(held)}` };
  };
}

const roomOf = (folders: readonly string[]): Promise<readonly number[]> =>
  Promise.all(
    folders.map((folder) =>
      statfs(folder).then(
        ({ bavail, bsize }) => bavail * bsize,
        () => 0,
      ),
    ),
  );

/** What the disk gives for it, links not followed. */
async function sizeOf(folder: string): Promise<number> {
  let sum = 0;
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    sum += entry.isDirectory() ? await sizeOf(path) : await blocksOf(path);
  }
  return sum;
}

const BLOCK = 512;
const blocksOf = (path: string): Promise<number> =>
  lstat(path).then(
    ({ blocks }) => blocks * BLOCK,
    () => 0,
  );

const inWords = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`;
