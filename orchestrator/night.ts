import { LabError, outOfRoom } from './domain/errors.ts';
import type { Event, EventBody, NightEnd } from './domain/event.ts';
import type { Clock, Finished, Json, Queue } from './domain/ports.ts';
import { advance, replay } from './domain/fold.ts';
import { currentNight, experimentIn, type State } from './domain/state.ts';
import { metricsFile, spanOf, understand, type AnswerParts } from './answers.ts';
import { briefFor, type Brief } from './briefs.ts';
import type { Action, Work } from './actions.ts';
import { decide, openActions } from './decide.ts';
import { givenUp, lost } from './giving-up.ts';
import { asksModels, toldOnce, type KeptBriefs } from './told.ts';
import { dueBy, isHeldUp } from './trouble.ts';
import { createBell, pause } from './waiting.ts';

/**
 * Drives a night: records decisions, dispatches work, takes answers in. It decides nothing (that
 * is `decide`) and does nothing (that is the roles'): it keeps the journal ahead of the world.
 */

export interface NightParts extends AnswerParts {
  readonly queue: Queue;
  readonly clock: Clock;
  /** Where what is told to who may ask a model is kept until it is answered. Absent: nobody asks. */
  readonly briefs?: KeptBriefs;
  /** Told of every event once it is on disk. */
  readonly onEvent?: (state: State, event: Event) => void;
  /** Looks at the world at every heartbeat; what it returns is recorded. */
  readonly watch?: (state: State) => Promise<readonly EventBody[]>;
  /** Told, once each time, of what holds the night up. */
  readonly onTrouble?: (text: string) => void;
  /** Called before each record is written. Fault tests end the process here. */
  readonly beforeRecord?: (body: EventBody) => void;
}

export interface Interruption {
  /** Start nothing new, let what runs finish. The reason, where it is a text, says who asked. */
  readonly drain: AbortSignal;
  /** Leave at once; what was not recorded is run again by the next launch. */
  readonly stop: AbortSignal;
}

export type Outcome =
  | { readonly kind: 'ended'; readonly reason: NightEnd; readonly message: string }
  | { readonly kind: 'interrupted' };

/** Tries at a piece of work that throws, before the night gives it up. */
const MOST_TRIES = 3;
/** Between two looks at the inbox and the world when nothing rings. */
const HEARTBEAT_MS = 1000;
/** A drained night waits no longer than this for its findings, and for runs that none has begun: the queue may be gone for good. */
const LAST_WORDS_MS = 10_000;
/** And for answers that were asked for, and may be paid for already, so long. */
const LAST_ANSWERS_MS = 5 * 60_000;
/** Between two tries to write to a full disk. */
const NO_ROOM_MS = 2000;

/**
 * Runs the open night of the notebook to its end, or until it is interrupted. The roles must be
 * bound to the queue. A role that keeps throwing costs its piece of work, not the night; a full
 * disk holds it up until there is room.
 */
export async function runNight(parts: NightParts, { drain, stop }: Interruption): Promise<Outcome> {
  const { notebook, queue, clock, briefs: kept } = parts;
  let state = replay(notebook.events);
  let actions: readonly Action[] = [];
  const inHand = new Map<string, { work: Work; since: number; tries: number }>();
  const bell = createBell();
  const arrived: Finished[] = [];
  const telling = paceTelling(clock);
  /** The monotonic clock when nothing that runs was left of a night that is to stop. */
  let drainedAt: number | null = null;
  const undelivered: unknown[] = [];
  queue.onFinished((finished) => {
    arrived.push(finished);
    bell.ring();
  });
  drain.addEventListener('abort', bell.ring);
  stop.addEventListener('abort', bell.ring);

  const record = async (body: EventBody): Promise<void> => {
    parts.beforeRecord?.(body);
    fold(await untilRoom(parts, stop, () => notebook.append(body)));
  };
  const fold = (event: Event): void => {
    ({ state, actions } = decide(state, event, advance));
    parts.onEvent?.(state, event);
  };

  /** Carries out what is open: decisions one by one, each run as soon as it is decided, then the rest. */
  const carryOut = async (): Promise<void> => {
    for (;;) {
      handOut((work) => work.kind === 'run');
      const decision = actions.find((action) => action.kind === 'record');
      if (!decision || stop.aborted) break;
      await record(decision.event);
    }
    handOut((work) => telling.due(work, state, inHand));
  };

  /** Dispatches what is open and not in hand yet; nothing waits for it to arrive. */
  const handOut = (now: (work: Work) => boolean): void => {
    for (const work of actions) {
      if (work.kind === 'record' || inHand.has(work.id) || stop.aborted || !now(work)) continue;
      inHand.set(work.id, { work, since: clock.now(), tries: 1 });
      telling.began(work);
      dispatch(work);
    }
  };

  const dispatch = (work: Work): void => {
    const brief = briefFor(state, work, parts.surroundings);
    const told = kept && asksModels(work) ? toldOnce(kept, work, brief) : brief;
    hand(work, told).catch((error: unknown) => {
      undelivered.push(error);
      bell.ring();
    });
  };

  const hand = async ({ id, role }: Work, told: Brief | Promise<Json>): Promise<void> =>
    queue.dispatch({ id, role, input: (await told) as unknown as Json });

  /** What frees a slot goes before what only tells of it. */
  const nextArrived = (): Finished | undefined => {
    const first = arrived.findIndex(({ id }) => inHand.get(id)?.work.kind === 'run');
    return arrived.splice(Math.max(0, first), 1)[0];
  };

  const takeIn = async (finished: Finished): Promise<void> => {
    const held = inHand.get(finished.id);
    if (!held) return; // a doorbell that rang twice
    const { work, since, tries } = held;
    const answer = await understand(parts, state, work, finished);
    if ('error' in answer && outOfRoom(answer.error)) {
      // No fault of the work's: it is tried again for as long as it takes.
      parts.onTrouble?.(`${work.id} waits for room on the disk: ${answer.error}`);
      await pause(NO_ROOM_MS, stop);
      return dispatch(work);
    }
    if (work.kind === 'report') telling.took(clock.now() - since);
    if ('error' in answer && tries < MOST_TRIES) {
      inHand.set(work.id, { work, since, tries: tries + 1 });
      return dispatch(work);
    }
    const bodies = 'error' in answer ? givenUp(state, work, answer.error) : answer.bodies;
    for (const body of bodies) await record(body);
    if (work.kind !== 'run') await record({ type: 'span', span: spanOf(work, since, clock.now()) });
    if (asksModels(work)) await kept?.forget(work.id).catch(() => undefined);
    inHand.delete(finished.id);
  };

  /** What others left for us (flags, a wish to stop) is on disk; what is seen of the world is recorded. */
  const lookAround = async (): Promise<void> => {
    for (const event of await untilRoom(parts, stop, () => notebook.drainInbox())) fold(event);
    for (const body of (await parts.watch?.(state)) ?? []) await record(body);
    for (const body of dueBy(state, clock.now())) await record(body);
    const { id: night, stopping, ended } = currentNight(state);
    const wish = stop.aborted ? 'now' : drain.aborted ? 'drain' : null;
    if (wish === null || ended || stopping === wish || stopping === 'now') return;
    const { reason } = stop.aborted ? stop : drain;
    const who = typeof reason === 'string' ? reason : 'a signal';
    await record({ type: 'stopping', night, how: wish, who });
  };

  /** How the night may be left now, where it may. */
  const outcome = (): Outcome | null => {
    const { ended, stopping } = currentNight(state);
    if (stop.aborted || stopping === 'now') return { kind: 'interrupted' };
    const held = [...inHand.values()].map(({ work }) => work);
    const [runs, begun] = [held.filter(isRun), held.filter((work) => queue.hasBegun(work))];
    const drained = (stopping ?? (ended && drain.aborted)) && !begun.some(isRun);
    drainedAt = drained ? (drainedAt ?? clock.monotonic()) : null;
    const waited = drainedAt === null ? 0 : clock.monotonic() - drainedAt;
    if (ended) {
      // A model's answer that nobody waits for any more: the night ended without it.
      if (held.every(asksModels)) return { kind: 'ended', ...ended };
      const isLate = waited > LAST_WORDS_MS && begun.every(asksModels);
      return isLate ? { kind: 'interrupted' } : null;
    }
    if (begun.some(asksModels) && waited < LAST_ANSWERS_MS) return null;
    const idle = runs.length === 0 && actions.length === 0;
    return drained && (idle || waited > LAST_WORDS_MS) ? { kind: 'interrupted' } : null;
  };

  await fenceOff(parts, state, record);
  actions = openActions(state);
  for (;;) {
    const next = nextArrived();
    if (next !== undefined) await takeIn(next);
    await lookAround();
    await carryOut();
    if (undelivered.length > 0) throw undelivered[0];
    if (arrived.length > 0) continue;
    const left = outcome();
    if (left) return left;
    if (inHand.size === 0 && actions.length === 0 && !isHeldUp(state))
      throw new Error('the night is not over, and nothing is to be done: a bug in decide');
    const held = actions.some((work) => work.kind !== 'record' && !inHand.has(work.id));
    await bell.within(held ? CALM_MS : HEARTBEAT_MS);
  }
}

const isRun = ({ kind }: Work): boolean => kind === 'run';

/** Tries again while the disk is full: what has happened must not be lost for want of room. */
async function untilRoom<T>(
  { onTrouble }: NightParts,
  stop: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  for (let told = false; ; told = true) {
    try {
      return await work();
    } catch (error) {
      const full = error instanceof LabError && outOfRoom(error.message);
      if (!full || stop.aborted) throw error;
      if (!told) onTrouble?.(`${error.message}. The night waits for room`);
      await pause(NO_ROOM_MS, stop);
    }
  }
}

/** A report costs this share of the night at most, however long it takes to write. */
const REPORT_SHARE = 1 / 20;
/** So long after a run began, the slots train, and nobody waits for what telling costs. */
const CALM_MS = 300;
/** Where that moment never comes, a line on a run is so late at most. */
const LATEST_MS = 2000;

/**
 * When what only tells of the night is begun: beside the trainings, not between them. A newer report
 * tells all that an older one would: one at a time, and the last one at once.
 */
function paceTelling(clock: Clock) {
  let next = -Infinity;
  let lastRun = -Infinity;
  let lastTold = -Infinity;
  return {
    due(work: Work, state: State, inHand: ReadonlyMap<string, { readonly work: Work }>): boolean {
      if (work.kind !== 'report' && work.kind !== 'summarise') return true;
      const held = new Set([...inHand.values()].map((one) => one.work.kind));
      if (work.kind === 'report' && held.has('report')) return false;
      const { ended, stopping } = currentNight(state);
      if (ended !== null || stopping !== null) return true;
      const now = clock.monotonic();
      if (work.kind === 'report' && now < next) return false;
      const calm = !held.has('run') || now - lastRun >= CALM_MS;
      return calm || now - lastTold >= LATEST_MS;
    },
    began({ kind }: Work): void {
      if (kind === 'run') lastRun = clock.monotonic();
      if (kind === 'report' || kind === 'summarise') lastTold = clock.monotonic();
    },
    /** Milliseconds that the last one took. */
    took(ms: number): void {
      next = clock.monotonic() + ms / REPORT_SHARE;
    },
  };
}

/**
 * Runs that an earlier launch started: what they sealed is taken in, what they did not is fenced
 * off, so that it cannot be taken in late, and run again as a further attempt.
 */
async function fenceOff(
  parts: NightParts,
  state: State,
  record: (body: EventBody) => Promise<void>,
): Promise<void> {
  for (const run of state.runs.values()) {
    if (run.status !== 'running') continue;
    const commit = experimentIn(state, run.experiment).commit ?? '';
    const sealed = await parts.executor.sealed(run.id, run.attempt, commit);
    if (sealed) await parts.notebook.takeIn(sealed, metricsFile(parts.root, run.id, run.attempt));
    await record({ type: 'run_ended', result: sealed ?? lost(run.id, run.attempt, run.started) });
  }
}
