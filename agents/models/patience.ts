/**
 * How long a model is waited for. Pure: chance is handed in.
 *
 * A request is tried four times, after about 1, 2 and 4 seconds (half of it chance, so that several
 * that were turned away together do not come back together), or when the endpoint asks for. Where
 * that is more than a minute nobody waits: the night has other work.
 */
const MOST_TRIES = 4;
/** An answer that did not come in time has cost minutes already. */
const MOST_LATE = 2;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;

/**
 * A model that nobody reached is left alone for so long, then asked once more. Outages mostly last
 * minutes and a night hours, and one request in five minutes costs nothing.
 */
export const AWAY_MS = 5 * 60_000;

/**
 * Milliseconds until the next try; null where patience is spent. `tries` counts those that failed,
 * `retry_after` is in seconds, `chance` lies in [0, 1).
 */
export function waitBefore(
  tries: number,
  { late, retry_after }: { readonly late: boolean; readonly retry_after: number | null },
  chance: number,
): number | null {
  if (tries >= (late ? MOST_LATE : MOST_TRIES)) return null;
  const backoff = FIRST_WAIT_MS * 2 ** (tries - 1) * (0.5 + chance / 2);
  const wait = Math.max(backoff, (retry_after ?? 0) * 1000);
  return wait > LONGEST_WAIT_MS ? null : wait;
}
