import type { IQueueBackend } from 'bullmq';

import type { Finished, Handler, Job, Queue, Post } from '../domain/ports.ts';
import { Worker } from './bullmq.ts';
import { fromJobId, openLane, toJobId, type Lane } from './lane.ts';
import { PendingJobs, type Answer } from './pending.ts';
import { RunningHandlers } from './running.ts';
import type { Store } from './store.ts';

/** Milliseconds between two looks whether a remote store has lost a job. */
const LOOK_AGAIN = 10_000;

/** BullMQ's codes for a finish that it refuses: no such job, no lock on it, another's lock. */
const REFUSED: ReadonlySet<unknown> = new Set([-1, -2, -6]);

/** The answer to a job that came back when its answer had been told, or the queue closed: it is for nobody. */
const FOR_NOBODY = 'null';

export interface BullQueueOptions {
  /** Told of what went wrong inside (a lost lock, a failed query) and of what handlers threw, until close(). */
  readonly onError?: (error: Error) => void;
  /** Milliseconds without renewal until a job may be taken away; renewed at half of it. */
  readonly lockDuration?: number;
}

/**
 * The port on BullMQ, one BullMQ queue per role.
 *
 * Answers come from this process's workers where no other process can have the job, or else by
 * QueueEvents: there a role may be served elsewhere. Never from both, or the second of them would
 * answer a job that was dispatched again.
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
  readonly #lanes = new Map<Post, Lane>();
  readonly #workers = new Map<Post, { close(force: boolean): Promise<void> }>();
  readonly #running: RunningHandlers;
  readonly #pending = new PendingJobs();
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
    this.#running = new RunningHandlers(this.#onError);
    this.#lockDuration = options.lockDuration ?? 30_000;
    if (store.remote === undefined) return;
    store.remote.onChange(this.#recover);
    this.#looks = setInterval(this.#recover, LOOK_AGAIN).unref();
  }

  /** Over a remote store that is gone it resolves at once: the job waits here. */
  dispatch(job: Job): Promise<void> {
    return this.#call(() => {
      this.#pending.add(job);
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
    for (const job of this.#pending.tellKnown()) {
      const running = this.#running.at(job.role, job.id);
      // What a handler here is at needs no store: its answer will be told.
      if (running?.abort.signal.aborted === false) continue;
      if (this.#store.remote?.reachable !== false) void this.#handOver(job).catch(this.#trouble);
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

  serve(role: Post, concurrency: number, handler: Handler): Promise<void> {
    return this.#call(async () => {
      if (this.#workers.has(role))
        throw new Error(`The role ${role} is already served by this queue.`);
      const worker = this.#openWorker(role, concurrency, handler);
      this.#workers.set(role, worker);
      await this.#unlessGone(worker.waitUntilReady());
    });
  }

  #openWorker(role: Post, concurrency: number, handler: Handler) {
    const { connection, backend, exclusive, prefix, remote } = this.#store;
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
        connection,
        concurrency,
        lockDuration: this.#lockDuration,
        stalledInterval: this.#lockDuration,
        skipStalledCheck: exclusive,
        // Over a remote store a job stalls once per outage, with its handler alive and well.
        maxStalledCount: remote === undefined ? 1 : 1000,
        ...(prefix === undefined ? {} : { prefix }),
      },
      backend,
    );
    worker.on('error', this.#trouble);
    worker.on('lockRenewalFailed', (jobIds) => {
      for (const jobId of jobIds)
        this.#lockLost(role, jobId, worker.id, worker.toKey(jobId)).catch(this.#trouble);
    });
    if (exclusive) {
      worker.on('completed', ({ id = '' }, answer) => this.#heard(role, id, answer));
      worker.on('failed', (job, error) => this.#heardFailed(role, job?.id ?? '', error.message));
    }
    return worker;
  }

  /** Fences the handler of a job off, unless the lock merely ran out or went with the store's data. */
  async #lockLost(role: Post, jobId: string, worker: string, key: string): Promise<void> {
    const { remote, exclusive } = this.#store;
    if (remote !== undefined) {
      const holder = exclusive ? null : await remote.lockHolder(`${key}:lock`);
      if (holder === null) return this.#recover();
      if (holder.startsWith(`${worker}:`)) return;
    }
    this.#running.fence(role, fromJobId(jobId));
  }

  /** Of the jobs that are dispatched from here. A listener hears what finishes after it was added, and nothing once close() was called. */
  onFinished(listener: (finished: Finished) => void): void {
    this.#pending.onFinished(listener);
  }

  hasBegun({ role, id }: Pick<Job, 'id' | 'role'>): boolean {
    const answer = this.#pending.answerOf(role, id);
    return answer !== undefined || this.#running.at(role, id) !== undefined;
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  async #shutDown(): Promise<void> {
    clearInterval(this.#looks);
    await this.#running.fenceAll();
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

  #lane(role: Post): Lane {
    const known = this.#lanes.get(role);
    if (known !== undefined) return known;
    const lane = openLane(this.#store, this.#queueName(role), {
      completed: (jobId, answer) => this.#heard(role, jobId, answer),
      failed: (jobId, reason) => this.#heardFailed(role, jobId, reason),
      trouble: this.#trouble,
    });
    this.#lanes.set(role, lane);
    return lane;
  }

  #heard(role: Post, jobId: string, answer: Answer): void {
    if (this.#closed !== undefined) return;
    // A job that was dispatched again meanwhile was taken for this one, and must be handed over.
    if (answer === FOR_NOBODY) this.#recover();
    else this.#pending.tell(role, fromJobId(jobId), answer);
  }

  /** The store failed the job; what its handler came to counts, where that is known. */
  #heardFailed(role: Post, jobId: string, reason: string): void {
    const known = this.#pending.answerOf(role, fromJobId(jobId));
    this.#heard(role, jobId, known ?? JSON.stringify({ error: reason }));
  }

  async #work(role: Post, id: string, json: string, handler: Handler): Promise<Answer> {
    // A job that was taken from this process and came back to it while its handler still runs.
    let running = this.#running.at(role, id);
    while (running?.abort.signal.aborted === true) {
      await running.answer;
      running = this.#running.at(role, id);
    }
    if (running !== undefined) return running.answer;
    // One that came back after its handler was done.
    const known = this.#pending.answerOf(role, id);
    if (known !== undefined) return known;
    const told = !this.#pending.has(role, id) && this.#lanes.has(role);
    if (told || this.#closed !== undefined) return FOR_NOBODY;
    return this.#running.start(role, id, json, handler, (answer) => {
      this.#pending.keepAnswer(role, id, answer);
      if (this.#store.remote?.reachable === false) this.#recover();
    });
  }

  #queueName(role: Post): string {
    return encodeURIComponent(`${this.#name}-${role}`);
  }
}
