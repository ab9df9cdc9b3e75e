import { QueueEvents, Queue as BullMQ, Worker } from 'bullmq';
import type { BackendFactory, IQueueBackend } from 'bullmq';

import type { Finished, Handler, Job, Json, Queue, Role } from '../domain/ports.ts';

/** Why a handler is aborted: its answer will not be used, whoever has the job now. */
const FENCED = 'fenced';

/** Where BullMQ keeps its queues. */
export interface Store<Connection> {
  readonly connection: Connection;
  readonly backend: BackendFactory<IQueueBackend, Connection>;
  /**
   * True where no other process can take a job: then an active job is one that this process is
   * at, however long its event loop was blocked, and none is ever handed out again. False: a job
   * whose worker has not renewed its lock in time goes to another one (see `BullQueue`).
   */
  readonly exclusive: boolean;
  /** Called once, last. */
  close(): Promise<void>;
}

export interface BullQueueOptions {
  /** Told of what went wrong inside (a lost lock, a failed query) and of what handlers threw, until close(). */
  readonly onError?: (error: Error) => void;
  /** Milliseconds without renewal until a job may be taken away; renewed at half of it. */
  readonly lockDuration?: number;
}

/** What a job's handler came to, as it travels. */
type Answer = { readonly output: Json } | { readonly error: string };

interface Running {
  readonly abort: AbortController;
  readonly answer: Promise<string>;
}

/** The sending side of one role. */
interface Lane {
  add(jobId: string, json: string): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * The port on BullMQ, one BullMQ queue per role.
 *
 * Answers come by QueueEvents, not by the worker's own events: a role may be served by another
 * process, its stream is read from the start by cursor, so none is missed, and it costs 0.4 ms.
 *
 * How often a handler runs: in one process never twice at once for an id. Over an exclusive store
 * once per dispatch. Over a shared one at least once: a worker that was suspended or blocked for
 * longer than its lock loses the job to another and learns of it at its next renewal, through the
 * signal; its answer is refused. A job that was lost twice is given up with an error.
 */
export class BullQueue<Connection> implements Queue {
  readonly #store: Store<Connection>;
  readonly #name: string;
  readonly #onError: (error: Error) => void;
  readonly #lockDuration: number;
  readonly #lanes = new Map<Role, Lane>();
  readonly #workers = new Map<Role, { close(): Promise<void> }>();
  readonly #running = new Map<string, Running>();
  readonly #listeners: ((finished: Finished) => void)[] = [];
  /** Calls that have not returned: BullMQ never settles one that its close() overtakes. */
  readonly #calls = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  /** `name` tells this queue from others in the same store; it may hold any characters. */
  constructor(store: Store<Connection>, name: string, options: BullQueueOptions = {}) {
    this.#store = store;
    this.#name = name;
    this.#onError = (error) => {
      // Those of a closing queue are its own doing.
      if (this.#closed === undefined) options.onError?.(error);
    };
    this.#lockDuration = options.lockDuration ?? 30_000;
  }

  dispatch(job: Job): Promise<void> {
    return this.#call(async () => {
      await this.#lane(job.role).add(toJobId(job.id), JSON.stringify(job.input));
    });
  }

  serve(role: Role, concurrency: number, handler: Handler): Promise<void> {
    return this.#call(async () => {
      if (this.#workers.has(role))
        throw new Error(`The role ${role} is already served by this queue.`);
      const worker = new Worker<
        { readonly json: string },
        string,
        string,
        IQueueBackend,
        never,
        Connection
      >(
        this.#queueName(role),
        (job) => this.#work(role, fromJobId(job.id ?? ''), job.data.json, handler),
        {
          connection: this.#store.connection,
          concurrency,
          lockDuration: this.#lockDuration,
          stalledInterval: this.#lockDuration,
          skipStalledCheck: this.#store.exclusive,
        },
        this.#store.backend,
      );
      worker.on('error', this.#onError);
      worker.on('lockRenewalFailed', (jobIds) => {
        for (const id of jobIds) {
          this.#running.get(runningKey(role, fromJobId(id)))?.abort.abort(FENCED);
        }
      });
      this.#workers.set(role, worker);
      await worker.waitUntilReady();
    });
  }

  /** Of the jobs that are dispatched from here. A listener hears what finishes after it was added, and nothing once close() was called. */
  onFinished(listener: (finished: Finished) => void): void {
    this.#listeners.push(listener);
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  async #shutDown(): Promise<void> {
    for (const { abort } of this.#running.values()) abort.abort(FENCED);
    await Promise.allSettled(this.#calls);
    await Promise.all([...this.#workers.values()].map((worker) => worker.close()));
    await Promise.all([...this.#lanes.values()].map((lane) => lane.close()));
    await this.#store.close();
  }

  async #call(action: () => Promise<void>): Promise<void> {
    if (this.#closed !== undefined) throw new Error('The queue is closed.');
    const call = action();
    this.#calls.add(call);
    try {
      await call;
    } finally {
      this.#calls.delete(call);
    }
  }

  #lane(role: Role): Lane {
    const known = this.#lanes.get(role);
    if (known !== undefined) return known;
    const { connection, backend } = this.#store;
    const queue = new BullMQ<
      { readonly json: string },
      string,
      string,
      { readonly json: string },
      string,
      string,
      IQueueBackend,
      Connection
    >(this.#queueName(role), { connection }, backend);
    const events = new QueueEvents<string, IQueueBackend, Connection>(
      this.#queueName(role),
      // From the beginning, not from the moment the first query is answered.
      { connection, lastEventId: '0', autorun: false },
      backend,
    );
    queue.on('error', this.#onError);
    events.on('error', this.#onError);
    events.on('completed', ({ jobId, returnvalue }) =>
      this.#tell(role, jobId, JSON.parse(returnvalue) as Answer),
    );
    events.on('failed', ({ jobId, failedReason }) =>
      this.#tell(role, jobId, { error: failedReason }),
    );
    events.run().catch(this.#onError);
    const lane: Lane = {
      add: (jobId, json) =>
        queue.add(
          'job',
          { json },
          { jobId, attempts: 1, removeOnComplete: true, removeOnFail: true },
        ),
      close: async () => {
        // From a fresh turn of the event loop its stream is either waiting, and is woken, or at a
        // query, and sees the end; in between it would miss both and sit out its poll.
        await new Promise((resolve) => setImmediate(resolve));
        await events.close();
        await queue.close();
      },
    };
    this.#lanes.set(role, lane);
    return lane;
  }

  #tell(role: Role, jobId: string, answer: Answer): void {
    if (this.#closed !== undefined) return;
    for (const listener of this.#listeners) listener({ id: fromJobId(jobId), role, ...answer });
  }

  async #work(role: Role, id: string, json: string, handler: Handler): Promise<string> {
    const key = runningKey(role, id);
    // A job that was taken from this process and came back to it while its handler still runs.
    let running = this.#running.get(key);
    while (running?.abort.signal.aborted === true) {
      await running.answer;
      running = this.#running.get(key);
    }
    if (running !== undefined) return running.answer;
    if (this.#closed !== undefined)
      return JSON.stringify({ error: 'The queue was closed before the job began.' });
    const abort = new AbortController();
    const answer = this.#answer(handler, json, { id, signal: abort.signal }).finally(() =>
      this.#running.delete(key),
    );
    this.#running.set(key, { abort, answer });
    return answer;
  }

  async #answer(
    handler: Handler,
    json: string,
    job: { readonly id: string; readonly signal: AbortSignal },
  ): Promise<string> {
    try {
      const output: Json | undefined = await handler(JSON.parse(json) as Json, job);
      if (output === undefined)
        throw new Error(`expected JSON from the handler of ${job.id}, found undefined`);
      return JSON.stringify({ output });
    } catch (error) {
      const thrown = error instanceof Error ? error : new Error(String(error));
      this.#onError(thrown);
      // Completed, as far as BullMQ knows: it reads meaning into some errors (to delay, to limit the rate).
      return JSON.stringify({ error: thrown.message });
    }
  }

  #queueName(role: Role): string {
    return encodeURIComponent(`${this.#name}-${role}`);
  }
}

/*
 * Ids are encoded because BullMQ takes none that is a number or holds a colon. Inputs and answers
 * travel as JSON inside a string because PostgreSQL's jsonb refuses \u0000 and lone surrogates,
 * which the tail of a log may hold.
 */
const toJobId = (id: string): string => `job-${encodeURIComponent(id)}`;
const fromJobId = (jobId: string): string => decodeURIComponent(jobId.slice('job-'.length));

const runningKey = (role: Role, id: string): string => `${role} ${id}`;
