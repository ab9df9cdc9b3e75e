import { spawn, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { autolab, autolabJson, makeLab, PLAN, TRAIN, type FixtureLab } from '../support/lab.ts';

/** Watching, from another process, a night that runs: real nights, plain lines. */

const MAIN = new URL('../../dist/cli/main.js', import.meta.url).pathname;

/** Candidates wait for a file, so that a night is where a test wants it. */
const WAITING = `import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
const lab = dirname(process.env.GATE);
// One whose night was killed must not outlive the lab that it waits in.
while (process.env.SEED !== '1' && existsSync(lab) && !existsSync(process.env.GATE))
  await new Promise((resolve) => setTimeout(resolve, 50));
${TRAIN}`;

function aLab(): FixtureLab & { readonly open: () => void } {
  const lab = makeLab();
  const gate = join(lab.folder, 'gate');
  lab.write({
    'train.mjs': WAITING,
    'research_plan.yaml': `${PLAN.replace('seed: { env: SEED }', `seed: { env: SEED }\n  env: { GATE: ${gate} }`)}`,
  });
  lab.commit('waits');
  return { ...lab, open: () => writeFileSync(gate, '') };
}

interface Child {
  readonly process: ChildProcess;
  readonly said: () => string;
  readonly ended: Promise<number | null>;
}

function start(lab: FixtureLab, ...args: string[]): Child {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: lab.root,
    env: lab.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { process: child, said: () => text, ended };
}

async function until(child: Child, pattern: RegExp): Promise<void> {
  let over = false;
  void child.ended.finally(() => (over = true));
  while (!pattern.test(child.said())) {
    if (over) throw new Error(`it ended before it said ${pattern}: ${child.said()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('attach', () => {
  const lab = aLab();
  afterAll(() => lab.remove());

  test('says how to begin a night where none runs', async () => {
    const { code, stderr } = await autolab(lab, 'attach');
    expect(code).toBe(1);
    expect(stderr).toContain('expected a night to be running in this lab, found none');
    expect(stderr).toContain('autolab launch begins one');
  });

  test('leaves on Ctrl-C and the night goes on; another one watches it to its end', async () => {
    const night = start(lab, 'launch', '--experiments', '1');
    await until(night, /E-0000\.1 seed 1/);
    const first = start(lab, 'attach');
    const second = start(lab, 'attach');
    for (const child of [first, second])
      await until(child, /N-0001 fixture: \d of 1 experiments and \d+ runs so far/);
    const status = await autolabJson<{
      state: string;
      paused: string | null;
      seconds_left: number | null;
      slots: { run: string | null; purpose: string | null; seconds: number | null }[];
    }>(lab, 'status');
    expect(status).toMatchObject({ state: 'running', paused: null });
    expect(status.seconds_left).toBeGreaterThanOrEqual(0);
    const busy = status.slots.find(({ run }) => run?.startsWith('E-0000.'));
    expect(busy).toMatchObject({ purpose: 'baseline', seconds: expect.any(Number) });
    first.process.kill('SIGINT');
    expect(await first.ended).toBe(0);
    expect(first.said()).toContain('left; the night goes on');
    lab.open();
    expect(await night.ended).toBe(0);
    expect(await second.ended).toBe(0);
    expect(second.said()).toMatch(/^E-0001 \w+/m);
    expect(second.said()).toMatch(/^N-0001 ended: /m);
    expect(second.said().trimEnd()).toMatch(/N-0001 is over: read FINDINGS\.md$/);
  }, 120_000);
});

describe('attach to a night that is killed', () => {
  const lab = aLab();
  afterAll(() => lab.remove());

  test('says that it was cut off and how it goes on', async () => {
    const night = start(lab, 'launch', '--experiments', '1');
    await until(night, /E-0000\.1 seed 1/);
    const watching = start(lab, 'attach');
    await until(watching, /runs so far/);
    night.process.kill('SIGKILL');
    expect(await watching.ended).toBe(0);
    expect(watching.said()).toContain('N-0001 was cut off; autolab launch goes on from there');
    lab.open(); // what trains on without its night may end
  }, 120_000);
});
