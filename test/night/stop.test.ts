import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import type { Status } from '../../orchestrator/lab/status.ts';
import {
  autolab,
  autolabJson,
  CERTAIN,
  makeLab,
  statusOnce,
  TRAIN,
  type FixtureLab,
} from '../support/lab.ts';

const MAIN = new URL('../../dist/bin/autolab.js', import.meta.url).pathname;
const labs: FixtureLab[] = [];
afterEach(async () => {
  for (const lab of labs.splice(0)) {
    // A night that is held to the end is one whose test failed.
    if (existsSync(`${lab.folder}/hold`)) await autolab(lab, 'stop', '--now');
    lab.remove();
  }
});

/** Each run waits until the test says so, by a file that it looks for. */
const WAITING = `import { existsSync } from 'node:fs';
while (existsSync(process.env.HOLD)) await new Promise((r) => setTimeout(r, 20));
${TRAIN}`;

function aLab(plan = CERTAIN): FixtureLab {
  const lab = makeLab({ 'train.mjs': WAITING });
  const hold = `${lab.folder}/hold`;
  lab.write({
    'research_plan.yaml': plan
      .replace('experiments: 2', 'experiments: 1')
      .replace('  timeout: 20s', `  timeout: 50s\n  env: { HOLD: '${hold}' }`),
  });
  lab.commit('hold runs');
  labs.push(lab);
  return lab;
}
const hold = (lab: FixtureLab) => lab.write({ '../hold': '' });
const release = (lab: FixtureLab) => lab.write({ '../hold': null });

const trains = ({ slots }: Status) => slots.some(({ run }) => run !== null);

describe('a night in the background', () => {
  test('says who runs it, drains or ends at once when asked, and goes on at the next launch', async () => {
    const lab = aLab();
    hold(lab);
    const begun = await autolab(lab, 'launch', '--detach');
    expect(begun).toMatchObject({ code: 0, stderr: '' });
    expect(begun.stdout).toMatch(/N-0001 runs in the background \(process \d+\)/);
    const second = await autolab(lab, 'launch', '--detach');
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/a night runs here already: process \d+ .* since 2/);
    await statusOnce(lab, trains);

    expect((await autolab(lab, 'stop', '--no-wait')).stdout).toContain('was asked to stop');
    const draining = await statusOnce(lab, ({ state }) => state === 'draining');
    expect(trains(draining)).toBe(true);
    release(lab);
    const stopped = await autolab(lab, 'stop');
    // It may have ended before the second call looked.
    if (stopped.code !== 0) expect(stopped.stderr).toContain('expected a night to be running');
    const cut = await statusOnce(lab, ({ state }) => state === 'cut_off');
    expect(cut.counts.runs).toBe(draining.counts.runs);
    const runs = await autolabJson<{ status: string }[]>(lab, 'runs');
    expect(runs.every(({ status }) => status === 'finished')).toBe(true);
    expect(lab.read('data/notebook/launch.log')).toContain('interrupted');

    hold(lab);
    expect((await autolab(lab, 'launch', '--detach')).code).toBe(0);
    await statusOnce(lab, trains);
    expect(await autolabJson(lab, 'stop', '--now')).toMatchObject({ how: 'now', over: true });
    expect(processesOf(lab)).toEqual([]);
    release(lab);

    expect(await autolab(lab, 'launch')).toMatchObject({ code: 0, stderr: '' });
    expect(await autolabJson(lab, 'status')).toMatchObject({ state: 'finished' });
    const alerts = await autolabJson<{ kind: string }[]>(
      lab,
      'query',
      'SELECT kind FROM alerts ORDER BY time',
    );
    expect(alerts.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['stopping', 'new_incumbent', 'night_ended']),
    );
  }, 120_000);

  test('that cannot begin says why at once, with the exit code of a launch', async () => {
    const lab = aLab();
    lab.write({ 'FINDINGS.md': 'my own notes' });
    const { code, stderr } = await autolab(lab, 'launch', '--detach');
    expect(code).toBe(1);
    expect(stderr).toContain('FINDINGS.md');
  });

  test.runIf(process.env['FULL'])('of a broken plan ends with the code for that', async () => {
    const broken = aLab(CERTAIN.replace('minimize', 'down'));
    expect((await autolab(broken, 'launch', '--detach')).code).toBe(2);
  });
});

test('stop where no night runs says so', async () => {
  const { code, stderr } = await autolab(aLab(), 'stop');
  expect(code).toBe(1);
  expect(stderr).toContain('expected a night to be running in this lab, found none');
});

describe('a launch that is told to end by SIGTERM', () => {
  test.runIf(process.env['FULL'])(
    'drains, says how long it has, and exits as interrupted',
    async () => {
      const lab = aLab();
      hold(lab);
      const child = spawn(process.execPath, [MAIN, 'launch'], {
        ...{ cwd: lab.root, env: lab.environment, stdio: ['ignore', 'pipe', 'inherit'] },
      });
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const code = new Promise((resolve) => child.once('close', resolve));
      await statusOnce(lab, trains);
      child.kill('SIGTERM');
      await statusOnce(lab, ({ state }) => state === 'draining');
      release(lab);
      expect(await code).toBe(130);
      expect(said).toMatch(/what runs has \d+ s to finish/);
      expect(await autolabJson(lab, 'status')).toMatchObject({ state: 'cut_off' });
    },
    120_000,
  );
});

describe('a night that people are told of', () => {
  test.runIf(process.env['FULL'])(
    'sends its alerts by the plan’s command, and one that fails costs it nothing',
    async () => {
      const tell = `node -e 'require("fs").appendFileSync("../told", require("fs").readFileSync(0) + "\\n")'`;
      const lab = aLab(
        `notify: "${tell.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"\n${CERTAIN}`,
      );
      expect(await autolab(lab, 'launch')).toMatchObject({ code: 0, stderr: '' });
      const told = readFileSync(`${lab.folder}/told`, 'utf8').trim().split('\n');
      const kinds = told.flatMap((line) =>
        (JSON.parse(line) as { alerts: { kind: string }[] }).alerts.map(({ kind }) => kind),
      );
      expect(kinds).toContain('new_incumbent');
      expect(kinds.at(-1)).toBe('night_ended');
      const recorded = await autolabJson<{ kind: string }[]>(
        lab,
        'query',
        'SELECT kind FROM alerts ORDER BY time, id',
      );
      expect(kinds.toSorted()).toEqual(recorded.map(({ kind }) => kind).toSorted());
    },
  );

  test.runIf(process.env['FULL'])(
    'hears that the plan was edited, and the next launch uses the new one',
    async () => {
      const lab = aLab();
      hold(lab);
      expect((await autolab(lab, 'launch', '--detach')).code).toBe(0);
      await statusOnce(lab, trains);
      const plan = lab.read('research_plan.yaml');
      lab.write({
        'research_plan.yaml': plan.replace('question: Which', 'question: Really, which'),
      });
      const edited = () =>
        autolabJson<unknown[]>(lab, 'query', "SELECT 1 FROM alerts WHERE kind = 'plan_edited'");
      while ((await edited()).length === 0);
      release(lab);
      await statusOnce(lab, ({ state }) => state === 'finished');
      expect(await autolab(lab, 'launch')).toMatchObject({ code: 0, stderr: '' });
      const nights = await autolabJson<{ question: string }[]>(
        lab,
        'query',
        'SELECT question FROM nights ORDER BY id',
      );
      expect(nights.map(({ question }) => question.split(',')[0])).toEqual([
        'Which changes lower val_loss?',
        'Really',
      ]);
    },
    120_000,
  );
});

/** Processes of this machine that carry the lab's folder in their environment. */
function processesOf(lab: FixtureLab): readonly string[] {
  const listed = execFileSync('sh', [
    '-c',
    `grep -lF '${lab.folder}/hold' /proc/[0-9]*/environ 2>/dev/null || true`,
  ]).toString();
  return listed.split('\n').filter((line) => line !== '' && !line.includes(`/${process.pid}/`));
}
