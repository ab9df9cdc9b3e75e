import { copyFile, mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { PGlite } from '@electric-sql/pglite';
import { createPostgresBackend } from 'bullmq';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';

import type { Finished, Json, Queue } from '../../orchestrator/domain/ports.ts';
import { openQueue } from '../../orchestrator/queue.ts';
import { BullQueue } from '../../orchestrator/queue/bull-queue.ts';
import type { BullQueueOptions } from '../../orchestrator/queue/bull-queue.ts';
import { openDatabase } from '../../orchestrator/queue/database.ts';
import { CHANNELS, PglitePool } from '../../orchestrator/queue/pglite-pool.ts';
import { gate, queueSuite } from '../conformance/queue.ts';
import { lendTemplate } from '../support/template.ts';

let home: string;
let cacheDir: string;
/** In this process, for who asks nothing of the queue's own. */
let database: PGlite;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'autolab-test-queue-'));
  lendTemplate(home);
  cacheDir = join(home, 'autolab');
  database = await openDatabase(cacheDir);
});
afterAll(async () => {
  await database.close();
  await rm(home, { recursive: true, force: true });
});

const open = (over: { readonly cacheDir?: string } = {}): Promise<Queue> =>
  openQueue({
    ...{ url: 'embedded', lab: 'a lab', launch: 'N-0001: 1' },
    ...{ cacheDir, ...over },
  });

/** A queue over `database`, as a store that others could reach. */
function shared(options: BullQueueOptions): Queue {
  const connection = new PglitePool(database, CHANNELS);
  const close = (): Promise<void> => connection.end();
  const store = { connection, backend: createPostgresBackend, exclusive: false, close };
  return new BullQueue(store, 'shared', options);
}

/** One job there and back. */
async function works(queue: Queue): Promise<void> {
  const answer = gate<Finished>();
  queue.onFinished(answer.open);
  await queue.serve('worker', 1, (input) => Promise.resolve(input));
  await queue.dispatch({ id: 'one', role: 'worker', input: 'there and back' });
  expect(await answer.passed).toEqual({ id: 'one', role: 'worker', output: 'there and back' });
}

queueSuite('embedded', open);

describe('the folder of the embedded queue', () => {
  test.runIf(process.env['FULL'])(
    'two queues opened at once over an empty cache both work, and make one template',
    async () => {
      const empty = join(home, 'empty cache');
      const queues = await Promise.all([open({ cacheDir: empty }), open({ cacheDir: empty })]);
      await Promise.all(queues.map(works));
      await Promise.all(queues.map((queue) => queue.close()));
      expect(await readdir(empty)).toEqual([expect.stringMatching(/^queue-bullmq-[\d.]+-pglite-/)]);
    },
  );

  const damages: readonly [string, (template: string) => Promise<void>][] = [
    ['was cut short', (template) => truncate(template, 100)],
    [
      'holds noise of the right length',
      async (template) => writeFile(template, Buffer.alloc((await stat(template)).size, 7)),
    ],
  ];
  test.runIf(process.env['FULL']).each(damages)(
    'a template that %s is made anew',
    async (_damage, damage) => {
      const own = await mkdtemp(join(home, 'damaged-'));
      const [name = ''] = await readdir(cacheDir);
      await copyFile(join(cacheDir, name), join(own, name));
      const { size } = await stat(join(own, name));
      await damage(join(own, name));
      const queue = await open({ cacheDir: own });
      await works(queue);
      await queue.close();
      expect(await readdir(own)).toEqual([name]);
      expect((await stat(join(own, name))).size).toBeGreaterThan(size / 2);
    },
  );

  test.runIf(process.env['FULL'])(
    'is needed to open it alone: deleted, it takes nothing from a queue',
    async () => {
      const own = join(home, 'own cache');
      const queue = await open({ cacheDir: own });
      await rm(own, { recursive: true });
      await works(queue);
      await queue.close();
      await expect(readdir(own)).rejects.toThrow('ENOENT');
    },
  );

  test('a cache that cannot be written is an error a person can act on', async () => {
    const file = join(home, 'a file');
    await writeFile(file, '');
    await expect(open({ cacheDir: file })).rejects.toMatchObject({ code: 'failed', where: file });
  });
});

test('closing leaves no timer behind', async () => {
  const timers = (): number =>
    process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;
  const before = timers();
  const queue = await open();
  await works(queue);
  await queue.close();
  // vitest's own timers come and go; one that BullMQ forgot stays for seconds.
  await vi.waitFor(() => expect(timers()).toBeLessThanOrEqual(before));
});

describe('a job that is taken away', () => {
  afterEach(() => database.exec('DELETE FROM job'));

  test('by another worker: the signal of its handler fires', async () => {
    const queue = shared({ lockDuration: 200 });
    const started = gate();
    const aborted = gate<string>();
    await queue.serve('worker', 1, async (_input, { signal }) => {
      signal.addEventListener('abort', () => aborted.open(signal.reason as string));
      started.open();
      await aborted.passed;
      return null;
    });
    await queue.dispatch({ id: 'run', role: 'worker', input: null });
    await started.passed;
    await database.exec(`UPDATE job SET lock_token = 'somebody else'`);
    expect(await aborted.passed).toBe('fenced');
    await queue.close();
  });

  test('not while it runs, however often its lock would have run out', async () => {
    const queue = shared({ lockDuration: 200 });
    const answered = gate<Finished>();
    queue.onFinished(answered.open);
    const lockedUntil = async (): Promise<number> =>
      Number(
        (await database.query<{ at: string }>(`SELECT locked_until_ms AS at FROM job`)).rows[0]?.at,
      );
    let starts = 0;
    await queue.serve('worker', 2, async () => {
      starts += 1;
      const first = await lockedUntil();
      await vi.waitFor(async () => expect(await lockedUntil()).toBeGreaterThan(first + 600), {
        timeout: 30_000,
      });
      return starts;
    });
    await queue.dispatch({ id: 'run', role: 'worker', input: null });
    expect(await answered.passed).toEqual({ id: 'run', role: 'worker', output: 1 });
    await queue.close();
  });

  test('and given back to the same process: the handler goes on, and its one answer counts', async () => {
    const queue = shared({});
    const answers: Finished[] = [];
    const answered = gate();
    queue.onFinished((finished) => {
      answers.push(finished);
      answered.open();
    });
    const started = gate();
    const hold = gate();
    let starts = 0;
    await queue.serve('worker', 2, async () => {
      starts += 1;
      started.open();
      await hold.passed;
      return starts;
    });
    await queue.dispatch({ id: 'run', role: 'worker', input: null });
    await started.passed;
    const job = async (): Promise<Json> =>
      (await database.query<{ state: string }>(`SELECT state FROM job`)).rows[0]?.state ?? null;
    await database.exec(`UPDATE job SET state = 'waiting', lock_token = NULL;
      SELECT pg_notify('bullmq_jobs', (SELECT queue FROM job))`);
    await vi.waitFor(async () => expect(await job()).toBe('active'), { timeout: 30_000 });
    hold.open();
    await answered.passed;
    expect(answers).toEqual([{ id: 'run', role: 'worker', output: 1 }]);
    await queue.close();
  });
});

describe('the pool over one PGlite', () => {
  beforeAll(() => database.exec('CREATE TABLE t (n int)'));

  const count = async (pool: PglitePool): Promise<Json> =>
    (await pool.query<{ n: number }>('SELECT count(*)::int AS n FROM t')).rows[0]?.n ?? null;

  test('a transaction keeps the queries of others out until it ends', async () => {
    const pool = new PglitePool(database);
    const client = await pool.connect();
    await client.query('BEGIN');
    await client.query('INSERT INTO t VALUES ($1)', [1]);
    const outsider = count(pool);
    const other = await pool.connect();
    const otherTransaction = async (): Promise<void> => {
      await other.query('-- with a comment before it\n begin');
      await other.query('INSERT INTO t VALUES (2), (3)');
      other.release();
    };
    const afterwards = otherTransaction();
    await client.query('ROLLBACK');
    client.release();
    expect(await outsider).toBe(0);
    await afterwards;
    // Given back without a COMMIT, so undone.
    expect(await count(pool)).toBe(0);
    await pool.end();
  });

  test('a notification that came while nobody listened reaches the next listener', async () => {
    const pool = new PglitePool(database);
    const client = await pool.connect();
    await client.query('LISTEN doorbell;');
    await pool.query(`SELECT pg_notify('doorbell', 'rang')`);
    const heard = gate<{ channel: string; payload?: string }>();
    client.on('notification', heard.open);
    expect(await heard.passed).toEqual({ channel: 'doorbell', payload: 'rang' });
    client.release();
    await pool.end();
  });
});
