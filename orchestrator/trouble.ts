import type { EventBody } from './domain/event.ts';
import type { RunId } from './domain/ids.ts';
import { currentNight, type Night, type State } from './domain/state.ts';
import type { Action } from './actions.ts';
import { preparationsAt } from './preparing.ts';
import { attemptAtCommit, baselineFailed, isMadeAgain, type NextRun } from './replicate.ts';

/**
 * What the machine made fail is tried again, later and later; where it fails one run after the
 * other, nothing new is started for a while. All by the journal's times: whoever waits until
 * `nextAt` and records what is due then comes to the same night every time. Pure.
 */

/** Seconds after the first and the second failure of a run before its next attempt. */
const BACKOFF_SECONDS = [5, 30];
/** So many failures in a row, of more than one run and within so many seconds: the machine's fault. */
const IN_A_ROW = 3;
const WITHIN_SECONDS = 60;
/** The first pause; each one that did not help is followed by one twice as long, up to the last. */
const FIRST_PAUSE_SECONDS = 60;
const LONGEST_PAUSE_SECONDS = 600;

/** When a run that the machine failed may be started again; null where nothing has to be waited for. */
function dueAt(state: State, id: RunId): number | null {
  const run = state.runs.get(id);
  if (!run?.ended || run.result?.failure?.class !== 'infrastructure' || !isMadeAgain(run))
    return null;
  const seconds = BACKOFF_SECONDS[attemptAtCommit(run) - 1] ?? BACKOFF_SECONDS.at(-1) ?? 0;
  return Date.parse(run.ended) + seconds * 1000;
}

/** Whether a run may be started now. One that waits leaves its slot to others. */
export const isDue = (state: State, { run, attempt }: NextRun): boolean =>
  attempt === 1 || (dueAt(state, run) ?? 0) <= Date.parse(state.now);

/**
 * The first of these runs that may be started now. After a pause, the one with the fewest attempts:
 * none is to spend all of its own on finding out whether the machine works.
 */
export function nextOf(state: State, night: Night, runs: readonly NextRun[]): NextRun | null {
  const due = runs.filter((run) => isDue(state, run));
  if (!isProbing(night)) return due[0] ?? null;
  return due.toSorted((a, b) => a.attempt - b.attempt)[0] ?? null;
}

/** When the first of the runs and branches that wait to be tried again may be, ms since 1970; null where none waits. */
export function nextAttemptAt(state: State, night: Night): number | null {
  const now = Date.parse(state.now);
  const lost = night.trouble.lost.flatMap((id) => dueAt(state, id) ?? []);
  const due = [...lost, ...preparationsAt(state, night)].filter((at) => at > now);
  return due.length === 0 ? null : Math.min(...due);
}

/** After a pause, one run shows whether the machine can: others wait until it has ended well. */
export const isProbing = ({ trouble }: Night): boolean => trouble.pauses > 0;

/** Nothing new is started while the machine fails one run after the other. */
export function breaker(state: State, night: Night): Action[] {
  const { row, pauses, paused_for, until } = night.trouble;
  if (night.paused !== null || until !== null || row.length <= paused_for) return [];
  if (baselineFailed(state, night)) return [];
  const latest = row.slice(-IN_A_ROW);
  const [first = 0, last = 0] = [latest[0], latest.at(-1)].map((one) => Date.parse(one?.at ?? ''));
  const quick = latest.length === IN_A_ROW && last - first <= WITHIN_SECONDS * 1000;
  const several = new Set(latest.map((one) => one.run)).size > 1;
  if (pauses === 0 && !(quick && several)) return [];
  const seconds = Math.min(FIRST_PAUSE_SECONDS * 2 ** pauses, LONGEST_PAUSE_SECONDS);
  const end = new Date(Date.parse(state.now) + seconds * 1000).toISOString();
  const because = `${row.length} attempts in a row failed because of the machine, not of what was tried; in ${seconds} s one run looks whether it works again`;
  return [{ kind: 'record', event: { type: 'paused', night: night.id, because, until: end } }];
}

/** When something is due that no other event brings, ms since 1970; null where nothing is. */
export function nextAt(state: State, night: Night): number | null {
  if (night.ended || night.stopping) return null;
  const { until } = night.trouble;
  if (until !== null) return Date.parse(until);
  return night.paused === null ? nextAttemptAt(state, night) : null;
}

/** Whether the night waits, for a time or for whatever paused it. */
export const isHeldUp = (state: State): boolean =>
  currentNight(state).paused !== null || nextAt(state, currentNight(state)) !== null;

/** What is to be recorded at `now` (ms since 1970) because its time has come. */
export function dueBy(state: State, now: number): readonly EventBody[] {
  const night = currentNight(state);
  const at = nextAt(state, night);
  if (at === null || now < at) return [];
  return [{ type: night.trouble.until === null ? 'waited' : 'unpaused', night: night.id }];
}
