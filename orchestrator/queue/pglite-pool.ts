import { EventEmitter } from 'node:events';

import type { PgPool, PgPoolClient, PgQueryResult } from 'bullmq';

/** All that BullMQ's queues listen on; an opened database does already. */
export const CHANNELS: readonly string[] = ['bullmq_jobs', 'bullmq_events'];

const FIRST_WORD = /^(?:\s|--[^\n]*\n)*(\w+)\s*(\w*)/;

/** As much of a PGlite as the pool uses: one of this process, or the one that another holds. */
export interface Session {
  query(text: string, params: unknown[]): Promise<Result>;
  /** Many statements, a result for each. */
  exec(text: string): Promise<readonly Result[]>;
  /** What is returned ends it. */
  onNotification(listener: (channel: string, payload: string) => void): () => void;
}

export interface Result {
  readonly rows: readonly unknown[];
  readonly affectedRows?: number | undefined;
}

/**
 * A `pg.Pool`, as far as BullMQ uses one, over the one session of a PGlite.
 *
 * What a pool of connections would give for free and one session does not:
 * - a transaction keeps everybody else's queries out from BEGIN to COMMIT or ROLLBACK;
 * - a LISTEN holds for all clients, and each hears every notification.
 *
 * `end` waits for the queries under way; closing the session is its owner's.
 */
export class PglitePool extends EventEmitter implements PgPool {
  readonly #session: Session;
  readonly #clients = new Set<PgliteClient>();
  readonly #channels = new Set<string>();
  readonly #unsubscribe: () => void;
  #lastTurn: Promise<void> = Promise.resolve();
  #ended = false;

  /** `channels` are those that the session listens on already. */
  constructor(session: Session, channels: readonly string[] = []) {
    super();
    for (const channel of channels) this.#channels.add(channel);
    // Each of BullMQ's objects adds its error listener and takes none away.
    this.setMaxListeners(0);
    this.#session = session;
    this.#unsubscribe = session.onNotification((channel, payload) => {
      for (const client of this.#clients) client.notify(channel, payload);
    });
  }

  async query<R>(text: string, params?: readonly unknown[]): Promise<PgQueryResult<R>> {
    const leave = await this.enter();
    try {
      return await this.execute<R>(text, params);
    } finally {
      leave();
    }
  }

  connect(): Promise<PgPoolClient> {
    const client = new PgliteClient(this, () => this.#clients.delete(client));
    this.#clients.add(client);
    return Promise.resolve(client);
  }

  async end(): Promise<void> {
    this.#ended = true;
    this.#unsubscribe();
    await this.#lastTurn;
  }

  /** Waits for the session; what is returned hands it on. Turns are taken in the order they were asked for. */
  async enter(): Promise<() => void> {
    // BullMQ knows node-postgres by these words: an operation that close() overtook, not an error.
    if (this.#ended) throw new Error('Cannot use a pool after calling end on the pool');
    const before = this.#lastTurn;
    let leave = (): void => undefined;
    this.#lastTurn = new Promise((resolve) => (leave = resolve));
    await before;
    return leave;
  }

  /** Runs a query in a turn that the caller holds. */
  async execute<R>(text: string, params?: readonly unknown[]): Promise<PgQueryResult<R>> {
    // As in node-postgres, a text without parameters may hold many statements (migrations do).
    const result =
      params === undefined
        ? (await this.#session.exec(text)).at(-1)
        : await this.#session.query(text, [...params]);
    return { rows: (result?.rows ?? []) as R[], rowCount: result?.affectedRows ?? null };
  }

  /**
   * Subscribes the session, once. Of a channel that it listens on already, at once: a BullMQ object
   * that is closed while its LISTEN is under way sets itself a timer of 10 s and waits it out.
   */
  async listen(channel: string): Promise<void> {
    if (this.#channels.has(channel)) return;
    await this.query(`LISTEN "${channel}"`);
    this.#channels.add(channel);
  }
}

/** One borrower of the session. */
class PgliteClient extends EventEmitter implements PgPoolClient {
  readonly #pool: PglitePool;
  readonly #forget: () => void;
  readonly #unheard = new Map<string, { readonly channel: string; readonly payload: string }>();
  #leave: (() => void) | undefined;

  constructor(pool: PglitePool, forget: () => void) {
    super();
    this.#pool = pool;
    this.#forget = forget;
  }

  async query<R>(text: string, params?: readonly unknown[]): Promise<PgQueryResult<R>> {
    const [, first = '', second = ''] = FIRST_WORD.exec(text) ?? [];
    const verb = first.toUpperCase();
    if (verb === 'LISTEN' && second !== '') {
      await this.#pool.listen(second);
      return { rows: [] };
    }
    if (verb === 'BEGIN') this.#leave ??= await this.#pool.enter();
    if (this.#leave === undefined) return this.#pool.query<R>(text, params);
    try {
      return await this.#pool.execute<R>(text, params);
    } finally {
      if (verb === 'COMMIT' || verb === 'ROLLBACK') this.#handOn();
    }
  }

  /**
   * BullMQ looks for events, finds none, and only then listens: what is announced in between it
   * would learn at its next poll, 5 to 10 s later. So what nobody heard waits for a listener; a
   * needless wake-up costs it one query.
   */
  notify(channel: string, payload: string): void {
    if (!this.emit('notification', { channel, payload })) {
      this.#unheard.set(`${channel} ${payload}`, { channel, payload });
    }
  }

  override on(event: string, listener: (...args: never[]) => void): this {
    super.on(event, listener as (...args: unknown[]) => void);
    if (event === 'notification' && this.#unheard.size > 0) {
      const unheard = [...this.#unheard.values()];
      this.#unheard.clear();
      queueMicrotask(() => {
        for (const { channel, payload } of unheard) this.notify(channel, payload);
      });
    }
    return this;
  }

  release(): void {
    this.#forget();
    if (this.#leave === undefined) return;
    // Given back in the middle of a transaction: undone, as a closed connection would be.
    void this.#pool
      .execute('ROLLBACK')
      .catch(() => undefined)
      .finally(() => this.#handOn());
  }

  #handOn(): void {
    this.#leave?.();
    this.#leave = undefined;
  }
}
