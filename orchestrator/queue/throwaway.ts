import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

/**
 * Makes an empty folder `<prefix>-<pid>@<host>-<random>` in `parent` for this process alone, and
 * removes those that dead processes of this host left there. Absolute path.
 *
 * The host is part of the name because a shared folder (a home on NFS, containers over one cache)
 * shows process ids that mean nothing here.
 */
export async function throwAwayFolder(parent: string, prefix: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  await sweep(parent, prefix);
  return mkdtemp(join(parent, `${prefix}-${process.pid}@${hostname()}-`));
}

async function sweep(parent: string, prefix: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(`${prefix}-`)) continue;
    const owner = /^(\d+)@(.+)-\w{6}$/.exec(name.slice(prefix.length + 1));
    if (owner === null || owner[2] !== hostname() || isAlive(Number(owner[1]))) continue;
    // Another user's, or another process is at it too: what stays is tried again next time.
    await rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
