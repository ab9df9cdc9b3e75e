import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import {
  acknowledgedMany,
  aFaultLab,
  launchWith,
  startLaunch,
  TINY_PLAN,
  type Launch,
} from '../../support/faults.ts';
import { intact, processesOf } from '../../support/faults-intact.ts';
import { checkout, TRAIN, type FixtureLab } from '../../support/lab.ts';

/** A launch that is suspended (SIGSTOP: Ctrl-Z, a debugger, a frozen container), and another one. */

/** Trains for as long as there is a file `wait` in the home folder. */
const WAITING = `
import { existsSync } from 'node:fs';
while (existsSync(process.env.HOME + '/wait')) await new Promise((resolve) => setTimeout(resolve, 50));
${TRAIN}`;

let lab: FixtureLab;
let first: Launch | undefined;
afterEach(async () => {
  first?.process.kill('SIGKILL');
  await first?.ended;
  first = undefined;
  rmSync(join(lab.folder, 'home/wait'), { force: true });
  lab.remove();
});

const stateOf = (pid: number): string =>
  /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1] ?? 'gone';

/** A launch whose first run trains, stopped; its journal as it then is. */
async function suspended() {
  lab = aFaultLab('embedded', { 'research_plan.yaml': TINY_PLAN, 'train.mjs': WAITING });
  lab.write({ '../home/wait': '' });
  const before = checkout(lab);
  first = startLaunch(lab);
  await acknowledgedMany(lab, first, 1, 'run_started');
  await expect
    .poll(() => processesOf(lab).filter(({ run }) => run), { timeout: 30_000 })
    .not.toEqual([]);
  const pid = first.process.pid ?? 0;
  first.process.kill('SIGSTOP');
  await expect.poll(() => stateOf(pid)).toBe('T');
  return { launch: first, pid, before };
}

const letTrain = (): void => rmSync(join(lab.folder, 'home/wait'));
const journal = (): string => lab.read('data/notebook/journal/000001.ndjson');

describe('a launch that is suspended', () => {
  test('keeps its lock, and once it is killed the next one ends what it left training and goes on', async () => {
    const { pid, before, launch } = await suspended();
    const recorded = journal();
    const refused = await launchWith(lab);
    expect(refused).toMatchObject({ code: 1, signal: null });
    expect(refused.said).toMatch(new RegExp(`busy: .*process ${pid} .*process start`));
    expect(refused.said).toContain(`It is stopped: kill -CONT ${pid}`);
    expect(journal()).toBe(recorded);
    const trains = processesOf(lab).filter(({ run }) => run);
    expect(trains).not.toEqual([]);

    launch.process.kill('SIGKILL');
    await launch.ended;
    const second = startLaunch(lab);
    await expect.poll(second.said, { timeout: 30_000 }).toContain('ended process');
    letTrain();
    expect((await second.ended).code, second.said()).toBe(0);
    for (const each of trains) expect(second.said()).toContain(`ended process ${each.pid}, which`);
    expect(journal().startsWith(recorded)).toBe(true);
    expect(await intact(lab, { checkout: before })).toEqual([]);
  });

  test('whose lock somebody deleted writes nothing when it is continued beside the next one', async () => {
    const { before, launch } = await suspended();
    rmSync(join(lab.root, 'data/notebook/lock'));
    const second = startLaunch(lab);
    await acknowledgedMany(lab, second, 2, 'run_started');
    launch.process.kill('SIGCONT');
    letTrain();
    const late = await launch.ended;
    expect(late).toMatchObject({ code: 1 });
    expect(late.said).toContain('busy');
    expect((await second.ended).code, second.said()).toBe(0);
    expect(await intact(lab, { checkout: before, lateSeals: true })).toEqual([]);
  });
});
