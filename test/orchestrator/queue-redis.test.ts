import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';

import type { Finished, Handler, Queue } from '../../orchestrator/domain/ports.ts';
import { openQueue } from '../../orchestrator/queue.ts';
import { BullQueue } from '../../orchestrator/queue/bull-queue.ts';
import type { BullQueueOptions } from '../../orchestrator/queue/bull-queue.ts';
import { addressOf, redisStore } from '../../orchestrator/queue/redis-store.ts';
import { gate, queueSuite } from '../conformance/queue.ts';
import { freePort, hasRedis, startRedis, type TestRedis } from '../support/redis.ts';

/** What a slow machine may take; nothing here waits that long. */
const PATIENCE = { timeout: 30_000 };

const open = (url: string, over: { lab?: string; onError?: (error: Error) => void } = {}) =>
  openQueue({ url, lab: 'autolab-lab', launch: 'one', cacheDir: '/nowhere', ...over });

describe.skipIf(!hasRedis)('with a redis-server', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.remove());

  queueSuite('redis', () => open(redis.url));

  const keys = (): Promise<string[]> => redis.ask((client) => client.keys('*'));

  const queues: Queue[] = [];
  afterEach(async () => {
    for (const queue of queues.splice(0)) await queue.close();
    await redis.start().catch(() => undefined);
  });

  /** A queue whose locks last as long as they are told to, what it complained of, and the answers. */
  async function shared(options: BullQueueOptions = {}) {
    const errors: string[] = [];
    const answers: Finished[] = [];
    const onError = (error: Error): void => void errors.push(error.message);
    const store = await redisStore(redis.url, {
      ...{ prefix: 'autolab-lab-one', leftovers: 'autolab-lab-', onOutage: onError },
    });
    const queue = new BullQueue(store, 'one', { onError, ...options });
    queue.onFinished((finished) => answers.push(finished));
    queues.push(queue);
    return { queue, errors, answers };
  }

  test('a store that was closed stays so for every client that was made of its own', async () => {
    const store = await redisStore(redis.url, {
      ...{ prefix: 'autolab-lab-one', leftovers: 'autolab-lab-', onOutage: () => undefined },
    });
    const [busy, idle] = [store.connection.duplicate(), store.connection.duplicate()];
    await busy.ping();
    const over = once(busy, 'end');
    await store.close();
    await over;
    // As BullMQ does with one whose read hung while the server was away.
    for (const client of [busy, idle])
      await expect(client.connect()).rejects.toThrow('Connection is closed');
  });

  /** A handler that the test holds, and what it went through. */
  function held(): {
    handler: Handler;
    begun: Promise<void>;
    release: () => void;
    starts: string[];
  } {
    const starts: string[] = [];
    const begun = gate();
    const hold = gate();
    const handler: Handler = async (_input, { id, signal }) => {
      starts.push(id);
      begun.open();
      const fenced = new Promise<string>((resolve) =>
        signal.addEventListener('abort', () => resolve(String(signal.reason))),
      );
      return Promise.race([hold.passed.then(() => 'done'), fenced]);
    };
    return { handler, begun: begun.passed, release: () => hold.open(), starts };
  }

  const run = (id: string) => ({ id, role: 'worker', input: null }) as const;
  const done = (id: string): Finished => ({ id, role: 'worker', output: 'done' });

  describe('the keys of a queue', () => {
    test('go when it is closed, and with them what an earlier queue of the lab left; no other key does', async () => {
      const strange = ['autolab-lab2-one:worker:meta', 'bull:mine:wait', 'autolab-la'];
      await redis.ask(async (client) => {
        for (const key of [...strange, 'autolab-lab-killed:worker:wait'])
          await client.set(key, '1');
      });
      const { queue, answers } = await shared();
      expect((await keys()).toSorted()).toEqual(strange.toSorted());
      const { handler, release } = held();
      release();
      await queue.serve('worker', 1, handler);
      await queue.dispatch(run('a'));
      await vi.waitFor(() => expect(answers).toEqual([done('a')]), PATIENCE);
      await queue.dispatch({ id: 'never', role: 'planner', input: null });
      expect((await keys()).length).toBeGreaterThan(strange.length);
      await queue.close();
      expect((await keys()).toSorted()).toEqual(strange.toSorted());
      await redis.ask((client) => client.flushall());
    });

    test('lie in the database that the address names, behind its password', async () => {
      const locked = await startRedis('--requirepass', 'open sesame');
      const queue = await open(`redis://:open%20sesame@127.0.0.1:${locked.port}/3`);
      await queue.dispatch(run('a'));
      const in3 = await locked.ask(async (client) => {
        await client.select(3);
        return client.dbsize();
      });
      expect(in3).toBeGreaterThan(0);
      expect(await locked.ask((client) => client.dbsize())).toBe(0);
      await queue.close();
      await locked.remove();
    });
  });

  describe('a lock', () => {
    const lock = 'autolab-lab-one:one-worker:job-a:lock';

    test('that another worker has taken: the signal of the handler fires, its answer is not told', async () => {
      const { queue, answers } = await shared({ lockDuration: 200 });
      const fenced = gate<string>();
      const begun = gate();
      await queue.serve('worker', 1, async (_input, { signal }) => {
        signal.addEventListener('abort', () => fenced.open(String(signal.reason)));
        begun.open();
        return fenced.passed;
      });
      await queue.dispatch(run('a'));
      await begun.passed;
      await redis.ask((client) => client.set(lock, 'somebody:else'));
      expect(await fenced.passed).toBe('fenced');
      await queue.close();
      expect(answers).toEqual([]);
    });

    test('that ran out while its holder slept, and that nobody took: the job comes back to the handler, which goes on', async () => {
      const { queue, answers } = await shared({ lockDuration: 200 });
      const { handler, begun, release, starts } = held();
      await queue.serve('worker', 8, handler);
      await queue.dispatch(run('a'));
      await begun;
      const first = await redis.ask((client) => client.get(lock));
      await redis.ask((client) => client.del(lock));
      await vi.waitFor(async () => {
        const now = await redis.ask((client) => client.get(lock));
        expect(now).not.toBeNull();
        expect(now).not.toBe(first);
      }, PATIENCE);
      release();
      await vi.waitFor(() => expect(answers).toEqual([done('a')]), PATIENCE);
      expect(starts).toEqual(['a']);
    });
  });

  describe('a server', () => {
    test('that is gone for a moment: what runs goes on, what was dispatched meanwhile is done, and it is said once', async () => {
      const { queue, errors, answers } = await shared();
      const { handler, begun, release, starts } = held();
      await queue.serve('worker', 1, handler);
      await queue.dispatch(run('a'));
      await queue.dispatch(run('b'));
      await begun;
      await redis.stop('kept');
      await vi.waitFor(() => expect(errors).toHaveLength(1), PATIENCE);
      await queue.dispatch(run('c'));
      release();
      await redis.start();
      await vi.waitFor(() => expect(answers).toHaveLength(3), PATIENCE);
      expect(answers.map(({ id }) => id).toSorted()).toEqual(['a', 'b', 'c']);
      expect(starts.toSorted()).toEqual(['a', 'b', 'c']);
      expect(errors).toEqual([expect.stringContaining(`lost the connection to ${redis.url}`)]);
    });

    test.each([1, 3])(
      'that comes back empty, %i at once: what waited and what ran are answered, each having run once',
      async (concurrency) => {
        const { queue, errors, answers } = await shared({ lockDuration: 1000 });
        const { handler, begun, release, starts } = held();
        await queue.serve('worker', concurrency, handler);
        const ids = ['a', 'b', 'c', 'd', 'e'];
        for (const id of ids) await queue.dispatch(run(id));
        await begun;
        await redis.stop('lost');
        await redis.start();
        const waiting = 'autolab-lab-one:one-worker:job-e';
        await vi.waitFor(
          async () => expect(await redis.ask((client) => client.exists(waiting))).toBe(1),
          PATIENCE,
        );
        release();
        await vi.waitFor(() => expect(answers.length).toBeGreaterThanOrEqual(5), PATIENCE);
        await queue.dispatch(run('last'));
        await vi.waitFor(() => expect(answers).toContainEqual(done('last')), PATIENCE);
        expect(answers.map(({ id }) => id).toSorted()).toEqual([...ids, 'last']);
        expect(starts.toSorted()).toEqual([...ids, 'last']);
        expect(errors).toHaveLength(1);
      },
    );

    test('that a handler outlived: its answer is told while the server is away, and once', async () => {
      const { queue, answers } = await shared();
      const { handler, begun, release, starts } = held();
      await queue.serve('worker', 1, handler);
      await queue.dispatch(run('a'));
      await begun;
      await redis.stop('lost');
      release();
      await vi.waitFor(() => expect(answers).toEqual([done('a')]), PATIENCE);
      await redis.start();
      await queue.dispatch(run('b'));
      await vi.waitFor(() => expect(answers).toEqual([done('a'), done('b')]), PATIENCE);
      expect(starts).toEqual(['a', 'b']);
    });

    test('that is gone when the queue is closed, or was never used: closing ends all the same', async () => {
      const { queue } = await shared();
      const { handler, begun, starts } = held();
      await queue.serve('worker', 1, handler);
      await queue.dispatch(run('a'));
      await begun;
      await redis.stop('lost');
      await queue.close();
      expect(starts).toEqual(['a']);
      await redis.start();
    });
  });

  test('a database that the server does not have is named before anything is begun', async () => {
    await expect(open(`${redis.url}/999`)).rejects.toThrow(/999.*DB index is out of range/);
  });

  test('a wrong password is refused, and not repeated', async () => {
    const locked = await startRedis('--requirepass', 'right');
    const error: unknown = await open(`redis://:wrong@127.0.0.1:${locked.port}`).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'failed', exit: 1, where: 'research_plan.yaml: queue' });
    expect(String(error)).toContain('WRONGPASS');
    expect(String(error)).not.toContain('wrong@');
    await locked.remove();
  });
});

describe('an address where no Redis is', () => {
  test('nobody listens: the error says where, what was expected, what was found and what to do', async () => {
    const port = await freePort();
    await expect(open(`redis://me:secret@127.0.0.1:${port}`)).rejects.toMatchObject({
      code: 'failed',
      where: 'research_plan.yaml: queue',
      message: expect.stringMatching(
        new RegExp(
          `expected a Redis .*//me:\\*\\*\\*@127.0.0.1:${port}.*ECONNREFUSED.*queue: embedded`,
        ),
      ),
    });
  });

  test('something else answers', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket.on('error', () => undefined));
      socket.write('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await expect(open(`redis://127.0.0.1:${port}`)).rejects.toThrow(
      /expected a Redis .* found: Unknown RESP/,
    );
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  test.each(['redis//x', 'http://me:secret@host'])('%s is no address of one', async (url) => {
    await expect(open(url)).rejects.toThrow(/^(?!.*secret).*expected queue to be embedded or an/);
  });
});

test.each([
  ['redis://host', 'redis://host'],
  ['rediss://host:6380/2', 'rediss://host:6380/2'],
  ['redis://:secret@host:1', 'redis://:***@host:1'],
  ['redis://me:secret@host:1?password=secret', 'redis://me:***@host:1'],
])('%s is shown as %s', (url, shown) => {
  expect(addressOf(url)).toBe(shown);
});
