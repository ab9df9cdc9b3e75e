import { spawn } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { autolab, autolabJson, makeLab, PLAN, TRAIN, type FixtureLab } from '../support/lab.ts';
import { freePort, hasRedis, startRedis, type TestRedis } from '../support/redis.ts';

const MAIN = new URL('../../dist/bin/autolab.js', import.meta.url).pathname;

const labs: FixtureLab[] = [];
const aLab = (queue: string, files: Record<string, string> = {}): FixtureLab => {
  const plan = PLAN.replace('experiments: 6, runs: 24', 'experiments: 2, runs: 16');
  const lab = makeLab({ 'research_plan.yaml': `${plan}queue: ${queue}\n`, ...files });
  labs.push(lab);
  return lab;
};
/** Its runs last long enough to be met while they run; its night is short. */
const aSlowLab = (queue: string): FixtureLab =>
  aLab(queue, {
    'research_plan.yaml': `${PLAN.replace('experiments: 6, runs: 24', 'experiments: 1, runs: 6')}queue: ${queue}\n`,
    'train.mjs': `await new Promise((resolve) => setTimeout(resolve, 300));\n${TRAIN}`,
  });
afterEach(() => {
  for (const lab of labs.splice(0)) lab.remove();
});

describe.skipIf(!hasRedis)('a night over Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.remove());

  // The next one comes to the same end with trouble on its way.
  test.runIf(process.env['FULL'])(
    'comes to the same end as any other, and leaves no key behind',
    async () => {
      const lab = aLab(redis.url);
      expect((await autolab(lab, 'check')).stdout).toContain(`${redis.url} answers: Redis`);
      expect(await autolab(lab, 'launch')).toMatchObject({ code: 0, stderr: '' });
      const status = await autolabJson<{ state: string; incumbent: { verdict: string } }>(
        lab,
        'status',
      );
      expect(status).toMatchObject({ state: 'finished', incumbent: { verdict: 'improved' } });
      expect(await redis.ask((client) => client.dbsize())).toBe(0);
    },
  );

  test('goes on to its end when the server is killed in the middle and comes back empty', async () => {
    const lab = aSlowLab(redis.url);
    const child = spawn(process.execPath, [MAIN, 'launch'], {
      ...{ cwd: lab.root, env: lab.environment, stdio: ['ignore', 'pipe', 'pipe'] },
    });
    let said = '';
    let restarted: Promise<void> | undefined;
    const restart = async (): Promise<void> => {
      await redis.stop('lost');
      await redis.start();
    };
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.split('\n').length > 6) restarted ??= restart();
      });
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
    await restarted;
    expect(said.split('lost the connection to')).toHaveLength(2);
    const told = "SELECT level, text FROM alerts WHERE text LIKE 'queue: %' ORDER BY level DESC";
    expect(await autolabJson(lab, 'query', told)).toEqual([
      { level: 'warning', text: expect.stringContaining('lost the connection to') },
      { level: 'info', text: expect.stringMatching(/^queue: back after \d+ s$/) },
    ]);
    expect(await autolabJson(lab, 'status')).toMatchObject({ state: 'finished' });
    const runs = await autolabJson<{ status: string; attempt: number }[]>(lab, 'runs');
    expect(runs.filter(({ attempt }) => attempt !== 1)).toEqual([]);
    expect(await redis.ask((client) => client.dbsize())).toBe(0);
  });

  test.runIf(process.env['FULL'])(
    'that is interrupted while its server is away drains, and goes on with the next launch',
    async () => {
      const lab = aSlowLab(redis.url);
      const child = spawn(process.execPath, [MAIN, 'launch'], {
        ...{ cwd: lab.root, env: lab.environment, stdio: ['ignore', 'pipe', 'pipe'] },
      });
      let said = '';
      let away: Promise<void> | undefined;
      let interrupted = false;
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => {
          said += chunk.toString();
          if (said.split('\n').length > 6) away ??= redis.stop('lost');
          if (interrupted || !said.includes('lost the connection')) return;
          interrupted = true;
          child.kill('SIGINT');
        });
      expect(await new Promise((resolve) => child.on('close', resolve))).toBe(130);
      await away;
      await redis.start();
      expect(await autolabJson(lab, 'status')).toMatchObject({ state: 'cut_off' });
      expect(await autolab(lab, 'launch')).toMatchObject({ code: 0 });
      expect(await redis.ask((client) => client.dbsize())).toBe(0);
    },
    180_000,
  );
});

test('a launch whose Redis is not there says where and what to do, and begins no night', async () => {
  const lab = aLab(`redis://:secret@127.0.0.1:${await freePort()}`);
  for (const verb of process.env['FULL'] ? ['check', 'launch'] : ['launch']) {
    const { code, stdout, stderr } = await autolab(lab, verb);
    expect(code).toBe(1);
    expect(stdout + stderr).toMatch(
      /expected a Redis .*:\*\*\*@127.*ECONNREFUSED.*queue: embedded/,
    );
    expect(stdout + stderr).not.toContain('secret');
  }
  expect(await autolabJson(lab, 'status')).toMatchObject({ state: 'idle' });
});
