import { LabError } from './domain/errors.ts';
import type { Queue } from './domain/ports.ts';
import type { BullQueueOptions } from './queue/bull-queue.ts';
import type { Store } from './queue/store.ts';
import { distantDatabase, type DistantDatabase } from './queue/distant-database.ts';

export interface QueueOptions {
  /** `embedded`, or the address of a Redis: `redis://[user:password@]host[:port][/db]`, `rediss://…` over TLS. */
  readonly url: string;
  /** Of the lab, so that none is another's (`autolab-<key>`); what its earlier queues left on a Redis is removed. */
  readonly lab: string;
  /** Of the launch. */
  readonly launch: string;
  /** Absolute; for an embedded queue. Holds what is made once, 6 MB per version of BullMQ and PGlite. Processes may share it. */
  readonly cacheDir: string;
  /** Told of what went wrong inside the queue, once of each time that its process or its Redis was gone, and of what handlers threw, until close(). */
  readonly onError?: (error: Error) => void;
  /** Told each time that what was gone is there again: after how many seconds. */
  readonly onReturn?: (seconds: number) => void;
}

/**
 * Opens an empty queue. Embedded, it is BullMQ on a PGlite in a child process that nobody else can
 * reach: it lies in that one's memory (some 270 MB, and 5 KB a job), ends with this process, however
 * that ends, and leaves nothing behind; a second of a processor's time, some seconds the first time. Should the child be
 * killed, the queue starts another and loses nothing. On a Redis its keys all begin with
 * `<lab>-<launch>:` and are removed by close(). No two launches of one lab may run at a time.
 *
 * Call it early: the child opens while this process goes on.
 *
 * Throws LabError failed where the cache folder could not be used, or the Redis could not.
 */
export async function openQueue(options: QueueOptions): Promise<Queue> {
  const { url, lab, launch, onError } = options;
  const told: BullQueueOptions = onError === undefined ? {} : { onError };
  const onOutage = (error: Error): void => onError?.(error);
  if (url === 'embedded') {
    // The child starts while BullMQ is loaded, which takes 150 ms.
    const [database, { BullQueue }, { embeddedStore }] = await Promise.all([
      openDatabase(options.cacheDir, onOutage),
      import('./queue/bull-queue.ts'),
      import('./queue/embedded-store.ts'),
    ]);
    const store = embeddedStore(database);
    tellOfReturns(store, options);
    return new BullQueue(store, launch, told);
  }
  const [{ redisStore }, { BullQueue }] = await Promise.all([
    import('./queue/redis-store.ts'),
    import('./queue/bull-queue.ts'),
  ]);
  const of = { prefix: `${lab}-${launch}`, leftovers: `${lab}-`, onOutage };
  const store = await redisStore(url, of);
  tellOfReturns(store, options);
  return new BullQueue(store, launch, told);
}

function tellOfReturns({ remote }: Pick<Store<unknown>, 'remote'>, { onReturn }: QueueOptions) {
  let gone: number | undefined;
  remote?.onChange(() => {
    if (!remote.reachable) gone ??= performance.now();
    else if (gone !== undefined) {
      onReturn?.((performance.now() - gone) / 1000);
      gone = undefined;
    }
  });
}

async function openDatabase(
  cacheDir: string,
  onOutage: (error: Error) => void,
): Promise<DistantDatabase> {
  try {
    return await distantDatabase(cacheDir, onOutage);
  } catch (error) {
    throw new LabError(
      'failed',
      `Expected to set up the job queue from a template in ${cacheDir}, but: ${error instanceof Error ? error.message : String(error)}. The folder must be writable, with 20 MB free.`,
      cacheDir,
      error,
    );
  }
}
