import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';

import type { PGlite } from '@electric-sql/pglite';
import { createPostgresBackend } from 'bullmq';
import type { PgPool } from 'bullmq';

import { LabError } from './domain/errors.ts';
import type { Queue } from './domain/ports.ts';
import { BullQueue } from './queue/bull-queue.ts';
import type { Store } from './queue/bull-queue.ts';
import { CHANNELS, openDatabase } from './queue/database.ts';
import { PglitePool } from './queue/pglite-pool.ts';
import { throwAwayFolder } from './queue/throwaway.ts';

export interface QueueOptions {
  /** `embedded`, or the address of a Redis: `redis://[user:password@]host[:port][/db]`, `rediss://…` over TLS. */
  readonly url: string;
  /** Of the lab, so that none is another's (`autolab-<key>`); what its earlier queues left on a Redis is removed. */
  readonly lab: string;
  /** Of the launch. */
  readonly launch: string;
  /** Absolute; for an embedded queue. Holds what is made once, 40 MB per version of BullMQ and PGlite. Processes may share it. */
  readonly cacheDir: string;
  /** Absolute; holds the embedded queue's copy, 40 MB and growing by some 5 KB a job, until close(). Default: the system's temporary folder. */
  readonly scratchDir?: string;
  /** Told of what went wrong inside the queue, once of each outage of a Redis, and of what handlers threw, until close(). */
  readonly onError?: (error: Error) => void;
}

/**
 * Opens an empty queue. Embedded, it is BullMQ on a PGlite inside this process that nobody else
 * can reach: it dies with the process, and what a killed one left on disk the next open removes;
 * half a second, twice that the first time. On a Redis its keys all begin with `<lab>-<launch>:`
 * and are removed by close(). No two launches of one lab may run at a time.
 *
 * Import this module late: BullMQ and PGlite take some 150 ms to load.
 *
 * Throws LabError failed where neither cache nor scratch folder could be used, or the Redis could not.
 */
export async function openQueue(options: QueueOptions): Promise<Queue> {
  const { url, lab, launch, onError } = options;
  const told = onError === undefined ? {} : { onError };
  if (url === 'embedded') return new BullQueue(await embeddedStore(options), launch, told);
  const { redisStore } = await import('./queue/redis-store.ts');
  const store = await redisStore(url, {
    prefix: `${lab}-${launch}`,
    leftovers: `${lab}-`,
    onOutage: (error) => onError?.(error),
  });
  return new BullQueue(store, launch, told);
}

async function embeddedStore(options: QueueOptions): Promise<Store<PgPool>> {
  const scratchDir = options.scratchDir ?? tmpdir();
  let folder: string | undefined;
  let database: PGlite;
  try {
    folder = await throwAwayFolder(scratchDir, 'autolab-queue');
    database = await openDatabase(options.cacheDir, folder);
  } catch (error) {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    throw new LabError(
      'failed',
      `Expected to set up the job queue in ${scratchDir} from a copy in ${options.cacheDir}, but: ${error instanceof Error ? error.message : String(error)}. Both folders must be writable, with 100 MB free.`,
      options.cacheDir,
      error,
    );
  }
  const pool: PgPool = new PglitePool(database, CHANNELS);
  const close = async (): Promise<void> => {
    await pool.end();
    await database.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { connection: pool, backend: createPostgresBackend, exclusive: true, close };
}
