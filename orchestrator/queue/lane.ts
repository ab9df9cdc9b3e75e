import type { IQueueBackend } from 'bullmq';

import { Queue as BullMQ, QueueEvents } from './bullmq.ts';
import type { Store } from './store.ts';

/** A job's input, as it travels: see `toJobId` on why it is text. */
interface Data {
  readonly json: string;
}

/** The sending side of one role. */
export interface Lane {
  add(jobId: string, json: string): Promise<unknown>;
  /** `gone`: without a word to the store, which does not answer. */
  close(gone: boolean): Promise<void>;
}

/** Told by the store what came of its jobs. */
interface Listener {
  readonly completed: (jobId: string, answer: string) => void;
  readonly failed: (jobId: string, reason: string) => void;
  readonly trouble: (error: Error) => void;
}

/** Opens the BullMQ queue of that name. Who has the store for itself hears of answers from its workers, not here. */
export function openLane<Connection>(
  store: Store<Connection>,
  name: string,
  listener: Listener,
): Lane {
  const { connection, backend, prefix } = store;
  const queue = new BullMQ<Data, string, string, Data, string, string, IQueueBackend, Connection>(
    name,
    { connection, ...(prefix === undefined ? {} : { prefix }) },
    backend,
  );
  queue.on('error', listener.trouble);
  const events = store.exclusive ? undefined : eventsOf(store, name, listener);
  return {
    add: (jobId, json) =>
      queue.add(
        'job',
        { json },
        { jobId, attempts: 1, removeOnComplete: true, removeOnFail: true },
      ),
    close: async (gone) => {
      // Its stream would wait for the store; that it is closing is all it needs to be told.
      if (gone) return void events?.close().catch(() => undefined);
      // From a fresh turn of the event loop its stream is either waiting, and is woken, or at a
      // query, and sees the end; in between it would miss both and sit out its poll.
      await new Promise((resolve) => setImmediate(resolve));
      await events?.close();
      await queue.close();
    },
  };
}

/**
 * What came of the jobs of a store that others share: a role may be served by another process.
 * The stream is read from the start by cursor, so none is missed.
 */
function eventsOf<Connection>(
  { connection, backend, prefix }: Store<Connection>,
  name: string,
  { completed, failed, trouble }: Listener,
): { close(): Promise<void> } {
  const events = new QueueEvents<string, IQueueBackend, Connection>(
    name,
    // From the beginning, not from the moment the first query is answered.
    { connection, lastEventId: '0', autorun: false, ...(prefix === undefined ? {} : { prefix }) },
    backend,
  );
  events.on('error', trouble);
  events.on('completed', ({ jobId, returnvalue }) => completed(jobId, returnvalue));
  events.on('failed', ({ jobId, failedReason }) => failed(jobId, failedReason));
  events.run().catch(trouble);
  return events;
}

/*
 * Ids are encoded because BullMQ takes none that is a number or holds a colon. Inputs and answers
 * travel as JSON inside a string because PostgreSQL's jsonb refuses \u0000 and lone surrogates,
 * which the tail of a log may hold.
 */
export const toJobId = (id: string): string => `job-${encodeURIComponent(id)}`;
export const fromJobId = (jobId: string): string => decodeURIComponent(jobId.slice('job-'.length));
