import { basename, join } from 'node:path';

/** No night has so many slots: worktree, ports and marks of a rerun are no slot's of a night. */
const FIRST = 1000;

/** The slot of a rerun in this process, and its worktree: nobody else's while the process lives. */
export const rerunSlot = (
  cacheDir: string,
): { readonly slot: number; readonly worktree: string } => {
  const slot = FIRST + process.pid;
  return { slot, worktree: join(cacheDir, 'worktrees', `slot-${slot}`) };
};

/** True of a worktree (or what lies beside it) in which a rerun goes on. */
export function isRerunning(worktree: string): boolean {
  const slot = Number(/^slot-(\d+)/.exec(basename(worktree))?.[1] ?? 0);
  if (slot <= FIRST) return false;
  try {
    return process.kill(slot - FIRST, 0);
  } catch (error) {
    // Somebody else's process of that number: then the worktree is not ours to remove either.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
