import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';

import type { PGlite } from '@electric-sql/pglite';
import { createPostgresBackend } from 'bullmq';
import type { PgPool } from 'bullmq';

import { LabError } from './domain/errors.ts';
import type { Queue } from './domain/ports.ts';
import { BullQueue } from './queue/bull-queue.ts';
import { CHANNELS, openDatabase } from './queue/database.ts';
import { PglitePool } from './queue/pglite-pool.ts';
import { throwAwayFolder } from './queue/throwaway.ts';

export interface QueueOptions {
  /** Absolute; holds what is made once, 40 MB per version of BullMQ and PGlite. Processes may share it. */
  readonly cacheDir: string;
  /** Of lab and launch. */
  readonly name: string;
  /** Absolute; holds this queue's copy, 40 MB and growing by some 5 KB a job, until close(). Default: the system's temporary folder. */
  readonly scratchDir?: string;
  /** Told of what went wrong inside the queue, and of what handlers threw, until close(). */
  readonly onError?: (error: Error) => void;
}

/**
 * Opens an empty queue inside this process: BullMQ on a PGlite that nobody else can reach. It
 * dies with the process; what a killed one left on disk the next open removes. Half a second,
 * twice that the first time.
 *
 * Import this module late: BullMQ and PGlite take some 150 ms to load.
 *
 * Throws LabError failed where neither cache nor scratch folder could be used.
 */
export async function openQueue(options: QueueOptions): Promise<Queue> {
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
  return new BullQueue(
    { connection: pool, backend: createPostgresBackend, exclusive: true, close },
    options.name,
    options.onError === undefined ? {} : { onError: options.onError },
  );
}
