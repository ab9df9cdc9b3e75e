import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';

import type { Finished, Job, Queue } from '../../orchestrator/domain/ports.ts';
import { openQueue } from '../../orchestrator/queue.ts';
import { gate, queueSuite } from '../conformance/queue.ts';
import { lendTemplate } from '../support/template.ts';

/** The process of the embedded queue's database: whatever becomes of it, the queue loses nothing. */

/** What a slow machine may take; nothing here waits that long. */
const PATIENCE = { timeout: 30_000 };
const DIST = new URL('../../dist/orchestrator/queue.js', import.meta.url).href;

let home: string;
let cacheDir: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'autolab-test-queue-'));
  lendTemplate(home);
  cacheDir = join(home, 'autolab');
});
afterAll(() => rm(home, { recursive: true, force: true }));

const options = { url: 'embedded', lab: 'a lab', launch: 'one' } as const;

/** The living queue processes whose parent is `parent`. */
function processesOf(parent: number): number[] {
  return execFileSync('ps', ['-ax', '-o', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, ppid, stat]) => Number(ppid) === parent && !stat?.startsWith('Z'))
    .filter(([, , , ...args]) => /^autolab queue|bin\/queue\.js/.test(args.join(' ')))
    .map(([pid]) => Number(pid));
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Ends a queue's process in the hardest way. One that is not there for a moment is waited for. */
async function killProcess(among = (pid: number): boolean => pid > 0): Promise<void> {
  await vi.waitFor(() => expect(processesOf(process.pid).some(among)).toBe(true), PATIENCE);
  for (const pid of processesOf(process.pid).filter(among)) process.kill(pid, 'SIGKILL');
}

test('a queue whose process is killed while it opens is opened all the same', async () => {
  const known = new Set(processesOf(process.pid));
  const opening = openQueue({ ...options, cacheDir, launch: 'killed' });
  for (const _ of [1, 2]) {
    await killProcess((pid) => !known.has(pid) && isAlive(pid));
    for (const pid of processesOf(process.pid)) known.add(pid);
  }
  const queue = await opening;
  expect(processesOf(process.pid).filter((pid) => !known.has(pid))).toHaveLength(1);
  await queue.close();
});

describe.runIf(process.env['FULL'])('a queue whose process is killed now and then', () => {
  /** Kills before every fifth dispatch. */
  async function openKilled(): Promise<Queue> {
    const others = new Set(processesOf(process.pid));
    const queue = await openQueue({ ...options, cacheDir });
    let dispatched = 0;
    const dispatch = async (job: Job): Promise<void> => {
      dispatched += 1;
      if (dispatched % 5 === 0 && dispatched < 25) await killProcess((pid) => !others.has(pid));
      return queue.dispatch(job);
    };
    return new Proxy(queue, {
      get: (target, name) => {
        const found: unknown = name === 'dispatch' ? dispatch : Reflect.get(target, name);
        return typeof found === 'function' ? found.bind(target) : found;
      },
    });
  }
  queueSuite('embedded, killed', openKilled);
});

describe('the process of the embedded queue', () => {
  const queues: Queue[] = [];
  afterEach(async () => {
    for (const queue of queues.splice(0)) await queue.close();
  });

  /** A queue, what it complained of, what it answered, and a handler that the test holds. */
  async function opened() {
    const errors: string[] = [];
    const answers: Finished[] = [];
    const returns: number[] = [];
    const queue = await openQueue({
      ...options,
      cacheDir,
      onError: (error) => errors.push(error.message),
      onReturn: (seconds) => returns.push(seconds),
    });
    queues.push(queue);
    queue.onFinished((finished) => answers.push(finished));
    const starts: string[] = [];
    const [begun, hold] = [gate(), gate()];
    const serve = (concurrency: number): Promise<void> =>
      queue.serve('worker', concurrency, async (_input, { id }) => {
        starts.push(id);
        begun.open();
        await hold.passed;
        return 'done';
      });
    return {
      queue,
      errors,
      answers,
      returns,
      starts,
      serve,
      begun: begun.passed,
      release: hold.open,
    };
  }
  const run = (id: string): Job => ({ id, role: 'worker', input: null });
  const done = (id: string): Finished => ({ id, role: 'worker', output: 'done' });

  test.runIf(process.env['FULL'])(
    'killed while the queue is idle: the next job is done, and it is said once',
    async () => {
      const { queue, errors, answers, serve, release } = await opened();
      release();
      await serve(1);
      await killProcess();
      await vi.waitFor(() => expect(errors).toHaveLength(1), PATIENCE);
      await queue.dispatch(run('a'));
      await vi.waitFor(() => expect(answers).toEqual([done('a')]), PATIENCE);
      expect(errors).toEqual([expect.stringMatching(/its process ended \(SIGKILL\)/)]);
    },
  );

  test.each(process.env['FULL'] ? [1, 3] : [3])(
    'killed twice with jobs that wait and %i that run: each runs once and is answered once',
    async (concurrency) => {
      const { queue, errors, answers, returns, starts, serve, begun, release } = await opened();
      await serve(concurrency);
      const ids = ['a', 'b', 'c', 'd', 'e'];
      for (const id of ids) await queue.dispatch(run(id));
      await begun;
      await killProcess();
      await vi.waitFor(() => expect(errors).toHaveLength(1), PATIENCE);
      expect(errors).toEqual([expect.stringMatching(/its process ended \(SIGKILL\)/)]);
      // While the next one opens, or is open.
      await killProcess();
      release();
      await vi.waitFor(() => expect(answers.length).toBeGreaterThanOrEqual(5), PATIENCE);
      await queue.dispatch(run('last'));
      await vi.waitFor(() => expect(answers).toContainEqual(done('last')), PATIENCE);
      expect(answers.map(({ id }) => id).toSorted()).toEqual([...ids, 'last']);
      expect(starts.toSorted()).toEqual([...ids, 'last']);
      // The second one may have ended before it was there.
      expect([1, 2]).toContain(returns.length);
      for (const seconds of returns) expect(seconds).toBeGreaterThan(0);
    },
  );

  test.runIf(process.env['FULL'])(
    'killed before its role was served: the job waits all the same',
    async () => {
      const { queue, errors, answers, serve, release } = await opened();
      release();
      await queue.dispatch(run('a'));
      await killProcess();
      await vi.waitFor(() => expect(errors).toHaveLength(1), PATIENCE);
      await serve(1);
      await vi.waitFor(() => expect(answers).toEqual([done('a')]), PATIENCE);
    },
  );

  test.runIf(process.env['FULL'])('gone when a handler ends: its answer is told', async () => {
    const { queue, errors, answers, serve, begun, release } = await opened();
    await serve(1);
    await queue.dispatch(run('a'));
    await begun;
    await killProcess();
    await vi.waitFor(() => expect(errors).toHaveLength(1), PATIENCE);
    release();
    await vi.waitFor(() => expect(answers).toEqual([done('a')]), PATIENCE);
  });

  const inTheWay: readonly [string, NodeJS.Signals][] = [
    ['stopped', 'SIGSTOP'],
    ['killed', 'SIGKILL'],
  ];
  test.each(process.env['FULL'] ? inTheWay : inTheWay.slice(0, 1))(
    '%s when the queue is closed: closing ends all the same',
    async (_what, signal) => {
      const { queue, serve } = await opened();
      await serve(2);
      await queue.dispatch({ id: 'never', role: 'planner', input: null });
      for (const pid of processesOf(process.pid)) process.kill(pid, signal);
      await queue.close();
      await vi.waitFor(() => expect(processesOf(process.pid)).toEqual([]), PATIENCE);
    },
  );

  test('is left alone by Ctrl-C and by the end of a session, and is called what it is', async () => {
    const { queue, errors, answers, serve, release } = await opened();
    release();
    await serve(1);
    const [pid = 0] = processesOf(process.pid);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal);
    await queue.dispatch(run('a'));
    await vi.waitFor(() => expect(answers).toEqual([done('a')]), PATIENCE);
    expect(processesOf(process.pid)).toEqual([pid]);
    expect(errors).toEqual([]);
    const args = execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
    expect(args.trim()).toBe('autolab queue');
    await queue.close();
    expect(processesOf(process.pid)).toEqual([]);
  });

  const moments: readonly [string, string][] = [
    ['open', `await openQueue(options); console.log('go');`],
    ['still opening', `void openQueue(options); console.log('go');`],
  ];
  test.each(process.env['FULL'] ? moments : moments.slice(0, 1))(
    'ends with a parent that is killed, while it is %s',
    async (_when, script) => {
      const text = `const { openQueue } = await import(${JSON.stringify(DIST)});
      const options = ${JSON.stringify({ ...options, cacheDir })}; ${script}`;
      const parent = spawn(process.execPath, ['--input-type=module', '-e', text], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await new Promise((resolve) => parent.stdout.once('data', resolve));
      let child = 0;
      await vi.waitFor(() => {
        [child = 0] = processesOf(parent.pid ?? 0);
        expect(child).not.toBe(0);
      }, PATIENCE);
      parent.kill('SIGKILL');
      await vi.waitFor(() => expect(isAlive(child)).toBe(false), PATIENCE);
    },
  );
});
