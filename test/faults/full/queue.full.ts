import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  acknowledged,
  acknowledgedMany,
  aFaultLab,
  launchToTheEnd,
  lasting,
  startLaunch,
  TINY_PLAN,
} from '../../support/faults.ts';
import { intact, queuesOf } from '../../support/faults-intact.ts';
import { checkout } from '../../support/lab.ts';
import { hasRedis, startRedis, type TestRedis } from '../../support/redis.ts';

/** A queue whose process or server dies, or is away for longer than BullMQ's locks last, or for good. */

test('the process of the embedded queue, killed while runs train, is replaced and costs no attempt', async () => {
  const plan = { 'research_plan.yaml': TINY_PLAN, 'train.mjs': lasting(800) };
  const lab = aFaultLab('embedded', plan);
  const before = checkout(lab);
  const launch = startLaunch(lab);
  for (const runs of [1, 2, 3]) {
    await acknowledgedMany(lab, launch, runs, 'run_started');
    const [queue] = queuesOf(lab);
    if (queue !== undefined) process.kill(queue, 'SIGKILL');
  }
  expect((await launch.ended).code, launch.said()).toBe(0);
  expect(launch.said()).toContain('SIGKILL');
  const attempts = acknowledged(lab).flatMap((event) =>
    event.type === 'run_started' ? [event.attempt] : [],
  );
  expect(attempts.every((attempt) => attempt === 1)).toBe(true);
  expect(await intact(lab, { checkout: before })).toEqual([]);
  lab.remove();
});

/** A lock lasts 30 s; whether a job stalled is looked at as often. */
const LONG_MS = 75_000;

describe.skipIf(!hasRedis)('a Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.remove());

  test.each(['kept', 'lost'] as const)(
    'that is away until every lock has run out, its data %s, costs no attempt',
    async (data) => {
      const lab = aFaultLab(redis.url, { 'train.mjs': lasting(2000) });
      const before = checkout(lab);
      const launch = startLaunch(lab);
      await acknowledgedMany(lab, launch, 3, 'run_started');
      await redis.stop(data);
      await wait(LONG_MS);
      await redis.start();
      expect((await launch.ended).code, launch.said()).toBe(0);
      expect(launch.said().split('lost the connection to')).toHaveLength(2);
      const attempts = acknowledged(lab).flatMap((event) =>
        event.type === 'run_started' ? [event.attempt] : [],
      );
      expect(attempts.every((attempt) => attempt === 1)).toBe(true);
      expect(await intact(lab, { checkout: before })).toEqual([]);
      expect(await redis.ask((client) => client.dbsize())).toBe(0);
      lab.remove();
    },
  );

  test('that is away while a run lasts longer than every lock has its answer when it is back', async () => {
    const patient = TINY_PLAN.replace('timeout: 20s', 'timeout: 90s');
    const lab = aFaultLab(redis.url, {
      'research_plan.yaml': `${patient}queue: ${redis.url}\n`,
      'train.mjs': lasting(60_000),
    });
    const launch = startLaunch(lab);
    await acknowledgedMany(lab, launch, 1, 'run_started');
    await wait(3000);
    await redis.stop('lost');
    await wait(LONG_MS);
    await redis.start();
    await acknowledgedMany(lab, launch, 1, 'run_ended');
    // The rest need not last as long.
    launch.process.kill('SIGINT');
    await wait(500);
    launch.process.kill('SIGINT');
    expect((await launch.ended).code, launch.said()).toBe(130);
    const [first] = acknowledged(lab).flatMap((event) =>
      event.type === 'run_ended' ? [event.result] : [],
    );
    expect(first).toMatchObject({ attempt: 1, status: 'finished' });
    // Base moved on to a quick script: the night is closed, the next one comes to its end.
    lab.commit('quick', { 'train.mjs': lasting(10) });
    await launchToTheEnd(lab);
    expect(await intact(lab)).toEqual([]);
    lab.remove();
  });

  test('that does not come back holds the night up, and the next launch goes on over another one', async () => {
    const lab = aFaultLab(redis.url, { 'train.mjs': lasting(500) });
    const before = checkout(lab);
    const launch = startLaunch(lab);
    await acknowledgedMany(lab, launch, 3, 'run_started');
    await redis.stop('lost');
    await wait(5000);
    launch.process.kill('SIGKILL');
    await launch.ended;
    await redis.start();
    await launchToTheEnd(lab);
    expect(await intact(lab, { checkout: before })).toEqual([]);
    lab.remove();
  });
});
