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
  /** Of every key, where the store has keys. */
  readonly prefix?: string;
  /** Where the store is not in this process. */
  readonly remote?: Remote;
  /** Called once, last. */
  close(): Promise<void>;
}

/** What is to be asked of a store that can go away, and come back without what it held. */
export interface Remote {
  readonly reachable: boolean;
  /** Asks: a server that stopped without hanging up looks reachable for some seconds. */
  answers(): Promise<boolean>;
  /** Resolves when the store cannot be reached; at once where that is so already. */
  unreachable(): Promise<void>;
  /** `listener` is called each time the store has gone, and each time it has come back. */
  onChange(listener: () => void): void;
  /** Who holds the lock at that key: a token that begins with the worker's id; null: nobody. */
  lockHolder(key: string): Promise<string | null>;
  /** True for what only says that the connection is gone: the store tells of that itself, once. */
  isOutage(error: Error): boolean;
}

/** Milliseconds between two looks whether a remote store has lost a job. */
const LOOK_AGAIN = 10_000;

/** BullMQ's codes for a finish that it refuses: no such job, no lock on it, another's lock. */
const REFUSED: ReadonlySet<unknown> = new Set([-1, -2, -6]);

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

/** A job that was dispatched from here and whose answer the listeners have not heard. */
interface Pending {
  readonly job: Job;
  /** What its handler in this process came to, unless it was fenced. */
  answer?: string;
}

/** The sending side of one role. */
interface Lane {
  add(jobId: string, json: string): Promise<unknown>;
  /** `gone`: without a word to the store, which does not answer. */
  close(gone: boolean): Promise<void>;
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
 * signal; its answer is refused. A lock that ran out and that nobody took is no loss: the handler
 * goes on, and the job comes back to it.
 *
 * A remote store may be gone for a while, and come back empty. What was dispatched is kept here
 * until its answer was heard: when the store has come back, and now and then, it is handed over
 * again (the store knows by its id what it still has), and an answer that the store does not take
 * is told from here. So neither an outage nor the loss of all its data loses a job or ends a running handler.
 */
export class BullQueue<Connection> implements Queue {
  readonly #store: Store<Connection>;
  readonly #name: string;
  readonly #onError: (error: Error) => void;
  readonly #lockDuration: number;
  readonly #lanes = new Map<Role, Lane>();
  readonly #workers = new Map<Role, { close(force: boolean): Promise<void> }>();
  readonly #running = new Map<string, Running>();
  readonly #pending = new Map<string, Pending>();
  readonly #listeners: ((finished: Finished) => void)[] = [];
  /** Calls that have not returned: BullMQ never settles one that its close() overtakes. */
  readonly #calls = new Set<Promise<unknown>>();
  #looks: NodeJS.Timeout | undefined;
  #complaint: string | undefined;
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
    if (store.remote === undefined) return;
    store.remote.onChange(this.#recover);
    this.#looks = setInterval(this.#recover, LOOK_AGAIN).unref();
  }

  /** Over a remote store that is gone it resolves at once: the job waits here. */
  dispatch(job: Job): Promise<void> {
    return this.#call(() => {
      const key = runningKey(job.role, job.id);
      if (!this.#pending.has(key)) this.#pending.set(key, { job });
      return this.#handOver(job);
    });
  }

  async #handOver({ id, role, input }: Job): Promise<void> {
    const added = this.#lane(role).add(toJobId(id), JSON.stringify(input));
    if (this.#store.remote === undefined) await added;
    else await this.#unlessGone(added.catch(this.#trouble));
  }

  /** Waits for the store, for as long as it can be reached. */
  async #unlessGone(answer: Promise<unknown>): Promise<void> {
    const { remote } = this.#store;
    await (remote === undefined ? answer : Promise.race([answer, remote.unreachable()]));
  }

  readonly #recover = (): void => {
    if (this.#closed !== undefined) return;
    for (const { job, answer } of [...this.#pending.values()]) {
      if (answer !== undefined) this.#tell(job.role, toJobId(job.id), JSON.parse(answer) as Answer);
      else if (this.#store.remote?.reachable === true) void this.#handOver(job);
    }
  };

  /** Takes what BullMQ complains of. What a remote store lost is seen to, and not worth a word. */
  readonly #trouble = (error: Error): void => {
    const { remote } = this.#store;
    if (remote === undefined) return this.#onError(error);
    if (REFUSED.has((error as { code?: unknown }).code)) return this.#recover();
    const expected = remote.isOutage(error) || error.message.startsWith('could not renew lock');
    if (!expected && error.message !== this.#complaint) this.#onError(error);
    // What fails at every look is said once.
    if (!expected) this.#complaint = error.message;
  };

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
          // Over a remote store a job stalls once per outage, with its handler alive and well.
          maxStalledCount: this.#store.remote === undefined ? 1 : 1000,
          ...this.#prefix,
        },
        this.#store.backend,
      );
      worker.on('error', this.#trouble);
      worker.on('lockRenewalFailed', (jobIds) => {
        for (const jobId of jobIds)
          this.#lockLost(role, jobId, worker.id, worker.toKey(jobId)).catch(this.#trouble);
      });
      this.#workers.set(role, worker);
      await this.#unlessGone(worker.waitUntilReady());
    });
  }

  /** Fences the handler of a job off, unless the lock merely ran out or went with the store's data. */
  async #lockLost(role: Role, jobId: string, worker: string, key: string): Promise<void> {
    const { remote } = this.#store;
    const running = this.#running.get(runningKey(role, fromJobId(jobId)));
    if (remote !== undefined) {
      const holder = await remote.lockHolder(`${key}:lock`);
      if (holder === null) return this.#recover();
      if (holder.startsWith(`${worker}:`)) return;
    }
    running?.abort.abort(FENCED);
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
    clearInterval(this.#looks);
    const running = [...this.#running.values()];
    for (const { abort } of running) abort.abort(FENCED);
    await Promise.all(running.map(({ answer }) => answer));
    const gone = (await this.#store.remote?.answers()) === false;
    await this.#unlessGone(this.#takeDown(gone));
    await this.#store.close();
  }

  /** `gone`: without waiting for the store, which would not answer. */
  async #takeDown(gone: boolean): Promise<void> {
    if (!gone) await Promise.allSettled(this.#calls);
    await Promise.all([...this.#workers.values()].map((worker) => worker.close(gone)));
    await Promise.all([...this.#lanes.values()].map((lane) => lane.close(gone)));
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
    >(this.#queueName(role), { connection, ...this.#prefix }, backend);
    const events = new QueueEvents<string, IQueueBackend, Connection>(
      this.#queueName(role),
      // From the beginning, not from the moment the first query is answered.
      { connection, lastEventId: '0', autorun: false, ...this.#prefix },
      backend,
    );
    queue.on('error', this.#trouble);
    events.on('error', this.#trouble);
    events.on('completed', ({ jobId, returnvalue }) =>
      this.#tell(role, jobId, JSON.parse(returnvalue) as Answer),
    );
    events.on('failed', ({ jobId, failedReason }) =>
      this.#tell(role, jobId, { error: failedReason }),
    );
    events.run().catch(this.#trouble);
    const lane: Lane = {
      add: (jobId, json) =>
        queue.add(
          'job',
          { json },
          { jobId, attempts: 1, removeOnComplete: true, removeOnFail: true },
        ),
      close: async (gone) => {
        // Its stream would wait for the store; that it is closing is all it needs to be told.
        if (gone) return void events.close().catch(() => undefined);
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
    const id = fromJobId(jobId);
    // One that nobody waits for was told already.
    if (!this.#pending.delete(runningKey(role, id))) return;
    for (const listener of this.#listeners) listener({ id, role, ...answer });
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
    // One that came back after its handler was done.
    const pending = this.#pending.get(key);
    if (pending?.answer !== undefined) return pending.answer;
    if (pending === undefined && this.#lanes.has(role))
      return JSON.stringify({ error: 'Its answer was told already.' });
    if (this.#closed !== undefined)
      return JSON.stringify({ error: 'The queue was closed before the job began.' });
    const abort = new AbortController();
    const answer = this.#answer(handler, json, { id, signal: abort.signal }).then((text) => {
      this.#running.delete(key);
      const waiting = this.#pending.get(key);
      if (waiting !== undefined && !abort.signal.aborted) waiting.answer = text;
      if (this.#store.remote?.reachable === false) this.#recover();
      return text;
    });
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

  get #prefix(): { readonly prefix?: string } {
    return this.#store.prefix === undefined ? {} : { prefix: this.#store.prefix };
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
