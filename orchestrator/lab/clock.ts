import { readFileSync } from 'node:fs';
import type { Clock } from '../domain/ports.ts';

/** Below this the difference of two clocks is how they are read, not sleep. */
const LEAST_SLEEP_MS = 2000;

/**
 * The machine's clocks. The wall clock is read once, and goes on from there by clocks that nobody
 * sets: a clock put forward or back while a night runs moves no deadline, budget or record.
 */
export function systemClock(): Clock {
  const wall = Date.now();
  const [woke, up] = [performance.now(), uptime()];
  const asleep = (): number => {
    const more = uptime() - up - (performance.now() - woke);
    return more < LEAST_SLEEP_MS ? 0 : more;
  };
  return {
    now: () => wall + performance.now() - woke + asleep(),
    monotonic: () => performance.now(),
    asleep,
  };
}

/**
 * Milliseconds that a suspend counts in, which the monotonic clock's do not on Linux. Elsewhere
 * the monotonic clock itself goes on, and nobody can tell that the machine slept.
 */
function uptime(): number {
  if (process.platform !== 'linux') return performance.now();
  return Number(readFileSync('/proc/uptime', 'latin1').split(' ', 1)[0]) * 1000;
}
