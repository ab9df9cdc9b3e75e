import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Finished, Handler, Json, Queue, Post } from '../../orchestrator/domain/ports.ts';

type Script = (...call: Parameters<Handler>) => Json | Promise<Json>;

/** A promise that the test settles: what it waits for, or holds a handler with. */
export function gate<T = void>(): {
  readonly passed: Promise<T>;
  readonly open: (value: T) => void;
} {
  let open: (value: T) => void = () => undefined;
  const passed = new Promise<T>((resolve) => (open = resolve));
  return { passed, open };
}

/** Every answer that reached the listener, and a way to wait for those of an id. */
function answersOf(queue: Queue): {
  readonly all: readonly Finished[];
  /** Resolves with the nth answer for the id, counted from 1. */
  of(id: string, nth?: number): Promise<Finished>;
} {
  const all: Finished[] = [];
  const looks = new Set<() => void>();
  queue.onFinished((finished) => {
    all.push(finished);
    for (const look of looks) look();
  });
  const of = (id: string, nth = 1): Promise<Finished> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = all.filter((finished) => finished.id === id)[nth - 1];
        if (found === undefined) return;
        looks.delete(look);
        resolve(found);
      };
      looks.add(look);
      look();
    });
  return { all, of };
}

/** What every implementation of the port Queue keeps. `open` gives an empty one each time. */
export function queueSuite(name: string, open: () => Promise<Queue>): void {
  describe(`the queue, ${name}`, () => {
    let queue: Queue;
    let answers: ReturnType<typeof answersOf>;
    const scripts = new Map<string, Script>();
    const started: string[] = [];

    /** Dispatches a job whose handler is `script`. */
    const dispatch = (
      role: Post,
      id: string,
      script: Script,
      input: Json = null,
    ): Promise<void> => {
      scripts.set(id, script);
      return queue.dispatch({ id, role, input });
    };
    const timesStarted = (id: string): number => started.filter((each) => each === id).length;

    beforeAll(async () => {
      queue = await open();
      answers = answersOf(queue);
      const handler: Handler = async (input, job) => {
        started.push(job.id);
        const script = scripts.get(job.id);
        if (script === undefined) throw new Error(`no script for ${job.id}`);
        return script(input, job);
      };
      // One at a time for the planner: what it was given last is done when all before it is.
      await queue.serve('planner', 1, handler);
      await queue.serve('worker', 3, handler);
    });
    afterAll(() => queue.close());

    test('an answer reaches the listener, with the id and the role of its job', async () => {
      await dispatch('worker', 'run-E-0007.2-1', (input) => ({ got: input }), { seed: 2 });
      expect(await answers.of('run-E-0007.2-1')).toEqual({
        id: 'run-E-0007.2-1',
        role: 'worker',
        output: { got: { seed: 2 } },
      });
    });

    test.each<[string, Json]>([
      ['null', null],
      ['a string', 'text'],
      ['an empty list', []],
      ['a NUL and half a character, as a cut log holds them', 'a\u0000b\ud83d'],
      ['an object whose keys are in an order', { z: 1, a: { y: -0.5, b: false } }],
    ])('%s goes in and comes out as it was', async (what, value) => {
      let seen: Json | undefined;
      const id = `echo ${what}`;
      await dispatch('worker', id, (input) => (seen = input), value);
      expect(await answers.of(id)).toEqual({ id, role: 'worker', output: value });
      expect(JSON.stringify(seen)).toBe(JSON.stringify(value));
    });

    test.each(['42', '0', 'a:b', 'E-0007/ü %'])('the id %j is taken like any other', async (id) => {
      await dispatch('worker', id, () => 'done');
      expect(await answers.of(id)).toEqual({ id, role: 'worker', output: 'done' });
    });

    test('an input and an output of a megabyte pass', async () => {
      const text = 'autolab '.repeat(131_072);
      await dispatch('worker', 'large', (input) => input, { text });
      expect(await answers.of('large')).toEqual({ id: 'large', role: 'worker', output: { text } });
    });

    test('a job is told to have begun once its handler has, and not while it waits', async () => {
      const [begun, hold] = [gate(), gate()];
      await dispatch('planner', 'first', async () => {
        begun.open();
        await hold.passed;
        return null;
      });
      await dispatch('planner', 'second', () => null);
      await begun.passed;
      const said = ['first', 'second'].map((id) => queue.hasBegun({ role: 'planner', id }));
      hold.open();
      expect(said).toEqual([true, false]);
      await answers.of('second');
    });

    test('as many jobs run at once as were asked for, and no more', async () => {
      const ids = ['c-1', 'c-2', 'c-3', 'c-4', 'c-5'];
      const allIn = gate();
      let running = 0;
      let most = 0;
      for (const id of ids) {
        await dispatch('worker', id, async () => {
          running += 1;
          most = Math.max(most, running);
          if (running === 3) allIn.open();
          await allIn.passed;
          running -= 1;
          return null;
        });
      }
      await Promise.all(ids.map((id) => answers.of(id)));
      expect(most).toBe(3);
    });

    test('an id that waits or runs is not queued a second time', async () => {
      const running = gate();
      const hold = gate();
      await dispatch('planner', 'active', async () => {
        running.open();
        await hold.passed;
        return null;
      });
      await running.passed;
      await dispatch('planner', 'waiting', () => null);
      await queue.dispatch({ id: 'active', role: 'planner', input: null });
      await queue.dispatch({ id: 'waiting', role: 'planner', input: null });
      await dispatch('planner', 'last', () => null);
      hold.open();
      await answers.of('last');
      expect(timesStarted('active')).toBe(1);
      expect(timesStarted('waiting')).toBe(1);
    });

    test('an id that finished runs again when it is dispatched again', async () => {
      await dispatch('planner', 'again', () => 'first');
      await answers.of('again');
      await dispatch('planner', 'again', () => 'second');
      expect(await answers.of('again', 2)).toMatchObject({ output: 'second' });
      expect(timesStarted('again')).toBe(2);
    });

    test('a handler that throws gives an error, and the next job its answer', async () => {
      await dispatch('planner', 'bug', () => {
        throw new Error('the model\u0000 is gone');
      });
      await dispatch('planner', 'after the bug', () => 'fine');
      expect(await answers.of('bug')).toEqual({
        id: 'bug',
        role: 'planner',
        error: 'the model\u0000 is gone',
      });
      expect(await answers.of('after the bug')).toMatchObject({ output: 'fine' });
      expect(timesStarted('bug')).toBe(1);
    });

    test('a handler that blocks the event loop for over a second runs once', async () => {
      await dispatch('planner', 'blocking', () => {
        const until = performance.now() + 1500;
        while (performance.now() < until);
        return null;
      });
      await dispatch('planner', 'after the block', () => null);
      await answers.of('after the block');
      expect(timesStarted('blocking')).toBe(1);
      expect(answers.all.filter(({ id }) => id === 'blocking')).toHaveLength(1);
    });

    test('a job waits for its role, whatever the others are idle', async () => {
      scripts.set('shared id', (_input, { id }) => id);
      await queue.dispatch({ id: 'shared id', role: 'reporter', input: 'for the reporter' });
      await queue.dispatch({ id: 'shared id', role: 'planner', input: null });
      await answers.of('shared id');
      const reports: Json[] = [];
      await queue.serve('reporter', 1, (input) => {
        reports.push(input);
        return Promise.resolve('reported');
      });
      await answers.of('shared id', 2);
      expect(reports).toEqual(['for the reporter']);
      expect(answers.all.filter(({ id }) => id === 'shared id')).toEqual([
        { id: 'shared id', role: 'planner', output: 'shared id' },
        { id: 'shared id', role: 'reporter', output: 'reported' },
      ]);
    });

    test('a hundred jobs dispatched at once are each answered once', async () => {
      const ids = Array.from({ length: 100 }, (_, index) => `many-${index}`);
      await Promise.all(ids.map((id) => dispatch('worker', id, () => id)));
      await Promise.all(ids.map((id) => answers.of(id)));
      const outputs = answers.all.filter(({ id }) => id.startsWith('many-'));
      expect(outputs.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    });

    test('a role that is served already is not served twice', async () => {
      await expect(queue.serve('worker', 1, () => Promise.resolve(null))).rejects.toThrow('worker');
    });
  });

  describe(`closing the queue, ${name}`, () => {
    test('the running handler is told through its signal and waited for, the waiting job never starts', async () => {
      const queue = await open();
      const answers = answersOf(queue);
      const running = gate();
      const steps: string[] = [];
      await queue.serve('worker', 1, async (_input, { id, signal }) => {
        steps.push(`${id} started`);
        running.open();
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        steps.push('aborted');
        // Cleaning up takes more than a tick.
        await new Promise((resolve) => setTimeout(resolve, 20));
        steps.push('cleaned up');
        return null;
      });
      await queue.dispatch({ id: 'long', role: 'worker', input: null });
      await queue.dispatch({ id: 'never', role: 'worker', input: null });
      await running.passed;
      await queue.close();
      expect(steps).toEqual(['long started', 'aborted', 'cleaned up']);
      expect(answers.all).toEqual([]);
    });

    test('it can be closed twice, at once after opening, and takes nothing afterwards', async () => {
      const queue = await open();
      const pending = queue.dispatch({ id: 'late', role: 'worker', input: null });
      await Promise.all([queue.close(), queue.close(), pending]);
      await expect(queue.dispatch({ id: 'x', role: 'worker', input: null })).rejects.toThrow(
        'closed',
      );
      await expect(queue.serve('worker', 1, () => Promise.resolve(null))).rejects.toThrow('closed');
    });
  });
}
