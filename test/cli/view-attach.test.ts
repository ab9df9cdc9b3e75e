import { spawn, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { autolab, autolabJson, makeLab, PLAN, TRAIN, type FixtureLab } from '../support/lab.ts';
import { aPlan, anIdea, nightStarted, simulate } from '../support/simulate.ts';

/** Watching, from another process, a night that runs: plain lines. */

const built = (file: string): string => new URL(`../../dist/${file}`, import.meta.url).pathname;

interface Child {
  readonly process: ChildProcess;
  readonly said: () => string;
  readonly ended: Promise<number | null>;
}

const start = (lab: FixtureLab, ...args: string[]): Child =>
  startNode(lab, built('bin/autolab.js'), ...args);

function startNode(lab: FixtureLab, ...args: string[]): Child {
  const child = spawn(process.execPath, args, {
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

/** A night of one experiment that waits for a file, so that it is where a test wants it. */
type Begin = (lab: FixtureLab, gate: string) => Child;

/** Its candidates wait. */
const launched: Begin = (lab, gate) => {
  const waits = `import { existsSync } from 'node:fs';
    import { dirname } from 'node:path';
    const lab = dirname(process.env.GATE);
    // One whose night was killed must not outlive the lab that it waits in.
    while (process.env.SEED !== '1' && existsSync(lab) && !existsSync(process.env.GATE))
      await new Promise((resolve) => setTimeout(resolve, 50));
    ${TRAIN}`;
  const plan = PLAN.replace('{ env: SEED }', `{ env: SEED }\n  env: { GATE: ${gate} }`);
  lab.write({ 'train.mjs': waits, 'research_plan.yaml': plan });
  lab.commit('waits');
  return start(lab, 'launch', '--experiments', '1');
};

const { events } = simulate(
  { ideas: [anIdea('helps')], measure: (titles) => 2 - titles.length },
  nightStarted(aPlan({ budget: { experiments: 1, runs: 6 } })),
);

/** The same in the records of a process that holds the lab and trains nothing: one run is over, two are not. */
const recorded: Begin = (lab, gate) => {
  const over = events.findIndex(({ type }) => type === 'run_ended');
  const first = events.findIndex(({ type }, i) => i > over && type === 'run_started') + 1;
  const code = `
    import { existsSync } from 'node:fs';
    import { openNotebook } from ${JSON.stringify(built('notebook/writer.js'))};
    const clock = { now: Date.now, monotonic: Date.now, asleep: () => 0 };
    const notebook = await openNotebook({ dir: 'data/notebook', clock });
    const bodies = JSON.parse(process.argv[1]);
    for (const body of bodies.splice(0, ${first})) await notebook.append(body);
    console.log('E-0000.1 seed 1');
    while (!existsSync(process.argv[2])) await new Promise((resolve) => setTimeout(resolve, 20));
    for (const body of bodies) await notebook.append(body);
    await notebook.close();`;
  const bodies = events.map(({ seq: _, at: __, ...body }) => body);
  return startNode(lab, '--input-type=module', '-e', code, JSON.stringify(bodies), gate);
};

const NIGHTS: [string, Begin][] = [['recorded', recorded]];
if (process.env['FULL']) NIGHTS.push(['launched', launched]);

async function until(child: Child, pattern: RegExp): Promise<void> {
  let over = false;
  void child.ended.finally(() => (over = true));
  while (!pattern.test(child.said())) {
    if (over) throw new Error(`it ended before it said ${pattern}: ${child.said()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('attach says how to begin a night where none runs', async () => {
  const lab = makeLab();
  try {
    const { code, stderr } = await autolab(lab, 'attach');
    expect(code).toBe(1);
    expect(stderr).toContain('expected a night to be running in this lab, found none');
    expect(stderr).toContain('autolab launch begins one');
  } finally {
    lab.remove();
  }
});

describe.each(NIGHTS)('attach to a night that is %s', (_, begin) => {
  let lab: FixtureLab;
  let gate: string;
  beforeEach(() => {
    lab = makeLab();
    gate = join(lab.folder, 'gate');
  });
  afterEach(() => lab.remove());

  test('leaves on Ctrl-C and the night goes on; another one watches it to its end', async () => {
    const night = begin(lab, gate);
    await until(night, /E-0000\.1 seed 1/);
    const first = start(lab, 'attach');
    const second = start(lab, 'attach');
    for (const child of [first, second])
      await until(child, /N-0001 \w+: \d of 1 experiments and \d+ runs so far/);
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
    writeFileSync(gate, '');
    expect(await night.ended).toBe(0);
    expect(await second.ended).toBe(0);
    expect(second.said()).toMatch(/^E-0001 \w+/m);
    expect(second.said()).toMatch(/^N-0001 ended: /m);
    expect(second.said().trimEnd()).toMatch(/N-0001 is over: read FINDINGS\.md$/);
  });

  test('says that it was cut off where it is killed, and how it goes on', async () => {
    const night = begin(lab, gate);
    await until(night, /E-0000\.1 seed 1/);
    const watching = start(lab, 'attach');
    await until(watching, /runs so far/);
    night.process.kill('SIGKILL');
    expect(await watching.ended).toBe(0);
    expect(watching.said()).toContain('N-0001 was cut off; autolab launch goes on from there');
    writeFileSync(gate, ''); // what trains on without its night may end
  });
});
