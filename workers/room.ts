import { setTimeout } from 'node:timers/promises';
import { LabError } from '../orchestrator/domain/errors.ts';
import type { Attempt } from './attempt.ts';

/** Said by a file system that is full, or by its quota; DuckDB passes on no more than the words. */
export const isFull = (error: unknown): error is Error =>
  error instanceof Error &&
  (['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '') ||
    /No space left on device|Disk quota exceeded/i.test(error.message));

/**
 * Does a piece of writing again and again until there is room for it, so that a full disk costs
 * time and no measured result. Says so once; throws LabError failed once the attempt is stopped.
 */
export async function onceThereIsRoom<T>(
  { workshop, order, folder, signal }: Attempt,
  what: string,
  write: () => Promise<T>,
): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await write();
    } catch (error) {
      if (!isFull(error)) throw error;
      const full = `no room on the disk for the ${what} of ${order.run} in ${folder} (${error.message})`;
      if (signal.aborted) {
        const todo = 'it was stopped before there was any; free some, and launch again';
        throw new LabError('failed', `${full}: ${todo}`, folder, error);
      }
      if (tries === 0)
        workshop.onTrouble(`${full}: it waits, and goes on by itself once you have freed some`);
      await setTimeout(workshop.limits.room_ms, undefined, { signal }).catch(() => undefined);
    }
  }
}
