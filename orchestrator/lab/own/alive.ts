import { hostname } from 'node:os';
import type { OwnProcess } from '../../domain/own-run-files.ts';
import { startOf } from '../../../notebook/lock.ts';

/**
 * A process that cannot be seen from here (another machine's, or one of which nobody wrote down
 * which it is) is believed to be at work until it has written nothing for so long. A run that speaks
 * again after that is believed when it says how it ended.
 */
const SILENCE_MS = 24 * 3_600_000;

/** Whether the process of a run that left no end.json may still be at it. `written`, `now`: milliseconds since 1970. */
export async function mayBeAtIt(
  { pid, process_started, host }: OwnProcess,
  written: number,
  now: number,
): Promise<boolean> {
  const heard = now - written < SILENCE_MS;
  if (pid === null || host === null || host !== hostname()) return heard;
  const found = await startOf(pid);
  if (found === null) return false;
  // The pid may be another process' by now.
  return process_started === null ? heard : found === process_started;
}
