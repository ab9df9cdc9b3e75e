import type { BackendFactory, IQueueBackend } from 'bullmq';

/** Where BullMQ keeps its queues. */
export interface Store<Connection> {
  readonly connection: Connection;
  readonly backend: BackendFactory<IQueueBackend, Connection>;
  /**
   * True where no other process can take a job: then an active job is one that this process is
   * at, however long its event loop was blocked, none is ever handed out again, and this process's
   * workers say what came of it. False: a job whose worker has not renewed its lock in time goes
   * to another one (see `BullQueue`), and what came of it is read from the store.
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
  /** Asks: one that stopped without hanging up looks reachable for some seconds. */
  answers(): Promise<boolean>;
  /** Resolves when the store cannot be reached; at once where that is so already. */
  unreachable(): Promise<void>;
  /** `listener` is called each time the store has gone, and each time it has come back. */
  onChange(listener: () => void): void;
  /** Who holds the lock at that key: a token that begins with the worker's id; null: nobody. Not asked of an exclusive store. */
  lockHolder(key: string): Promise<string | null>;
  /** True for what only says that the connection is gone: the store tells of that itself, once. */
  isOutage(error: Error): boolean;
}
