import type { Event, EventBody, NightEnd } from './domain/event.ts';
import type { Clock, Finished, Json, Queue } from './domain/ports.ts';
import { currentNight, experimentIn, replay, type State } from './domain/state.ts';
import { metricsFile, spanOf, understand, type AnswerParts } from './answers.ts';
import { briefFor } from './briefs.ts';
import type { Action, Work } from './actions.ts';
import { decide, openActions } from './decide.ts';
import { givenUp, lost } from './giving-up.ts';

/**
 * Drives a night: records decisions, dispatches work, takes answers in. It decides nothing (that
 * is `decide`) and does nothing (that is the roles'): it keeps the journal ahead of the world.
 */

export interface NightParts extends AnswerParts {
  readonly queue: Queue;
  readonly clock: Clock;
  /** Told of every event once it is on disk. */
  readonly onEvent?: (state: State, event: Event) => void;
}

export interface Interruption {
  /** Start nothing new, let what runs finish. */
  readonly drain: AbortSignal;
  /** Leave at once; what was not recorded is run again by the next launch. */
  readonly stop: AbortSignal;
}

export type Outcome =
  | { readonly kind: 'ended'; readonly reason: NightEnd; readonly message: string }
  | { readonly kind: 'interrupted' };

/** Tries at a piece of work that throws, before the night gives it up. */
const MOST_TRIES = 3;

/**
 * Runs the open night of the notebook to its end, or until it is interrupted. The roles must be
 * bound to the queue. A role that keeps throwing costs its piece of work, not the night.
 */
export async function runNight(parts: NightParts, { drain, stop }: Interruption): Promise<Outcome> {
  const { notebook, queue, clock } = parts;
  let state = replay(notebook.events);
  let actions: readonly Action[] = [];
  const inHand = new Map<string, { work: Work; since: number; tries: number }>();
  const arrived: Finished[] = [];
  let wake: () => void = () => {};
  const ring = () => wake();
  const listen = (finished: Finished) => {
    arrived.push(finished);
    ring();
  };
  queue.onFinished(listen);
  drain.addEventListener('abort', ring);
  stop.addEventListener('abort', ring);

  const record = async (body: EventBody): Promise<void> => {
    fold(await notebook.append(body));
  };
  const fold = (event: Event): void => {
    ({ state, actions } = decide(state, event));
    parts.onEvent?.(state, event);
  };

  /** Carries out what is open: decisions one by one, then work that is not in hand yet. */
  const carryOut = async (): Promise<void> => {
    for (;;) {
      const decision = actions.find((action) => action.kind === 'record');
      if (!decision || drain.aborted) break;
      await record(decision.event);
    }
    for (const work of actions) {
      if (work.kind === 'record' || inHand.has(work.id) || drain.aborted) continue;
      if (heldBack(work, inHand)) continue;
      inHand.set(work.id, { work, since: clock.now(), tries: 1 });
      await queue.dispatch(jobFor(work));
    }
  };

  const jobFor = (work: Work) => ({
    id: work.id,
    role: work.role,
    input: briefFor(state, work, parts.surroundings) as unknown as Json,
  });

  const takeIn = async (finished: Finished): Promise<void> => {
    const held = inHand.get(finished.id);
    if (!held) return; // a doorbell that rang twice
    const { work, since, tries } = held;
    const answer = await understand(parts, state, work, finished);
    if ('error' in answer && tries < MOST_TRIES) {
      inHand.set(work.id, { work, since, tries: tries + 1 });
      return queue.dispatch(jobFor(work));
    }
    const bodies = 'error' in answer ? givenUp(state, work, answer.error) : answer.bodies;
    for (const body of bodies) await record(body);
    if (work.kind !== 'run') await record({ type: 'span', span: spanOf(work, since, clock.now()) });
    inHand.delete(finished.id);
  };

  await fenceOff(parts, state, record);
  actions = openActions(state);
  for (;;) {
    for (let next = arrived.shift(); next; next = arrived.shift()) await takeIn(next);
    // What other processes left for us (flags, a promotion) is on disk already: only fold it.
    for (const event of await notebook.drainInbox()) fold(event);
    await carryOut();
    if (arrived.length > 0) continue;
    const training = [...inHand.values()].some(({ work }) => work.kind === 'run');
    if (stop.aborted || (drain.aborted && !training)) return { kind: 'interrupted' };
    const night = currentNight(state);
    if (inHand.size === 0) {
      if (night.ended) return { kind: 'ended', ...night.ended };
      throw new Error('the night is not over, and nothing is to be done: a bug in decide');
    }
    await new Promise<void>((resolve) => {
      wake = resolve;
      if (arrived.length > 0 || stop.aborted) resolve();
    });
  }
}

/** A newer report tells all that an older one would: one at a time is enough. */
const heldBack = (work: Work, inHand: ReadonlyMap<string, { readonly work: Work }>): boolean =>
  work.kind === 'report' && [...inHand.values()].some((held) => held.work.kind === 'report');

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
