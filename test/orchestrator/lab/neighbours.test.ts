import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { startOf } from '../../../notebook/lock.ts';
import { openNotebook, type OpenNotebook } from '../../../notebook/writer.ts';
import { clock, openLab } from '../../../orchestrator/lab/lab.ts';
import { neighbours, refuseBesideNeighbours } from '../../../orchestrator/lab/neighbours.ts';
import { autolab, autolabJson, CERTAIN, makeLab, type FixtureLab } from '../../support/lab.ts';

/** Labs in several worktrees of one repository, whose locks are really held, by this process. */

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).toReversed()) await each();
});

function aLab(): FixtureLab {
  const lab = makeLab({ 'research_plan.yaml': CERTAIN });
  undo.push(() => lab.remove());
  return lab;
}

/** A lab and another one in a linked worktree of its repository. */
function twoLabs(): readonly [FixtureLab, FixtureLab] {
  const lab = aLab();
  const root = join(lab.folder, 'second');
  lab.git(['worktree', 'add', '--quiet', root, '-b', 'second']);
  return [lab, { ...lab, root }];
}

/** Holds the lab in a folder as a launch does. */
async function held(root: string): Promise<OpenNotebook> {
  const notebook = await openNotebook({ dir: join(root, 'data/notebook'), clock });
  undo.push(() => notebook.close());
  return notebook;
}

const refusal = async ({ root }: FixtureLab): Promise<string | null> =>
  refuseBesideNeighbours(await openLab(root)).then(
    () => null,
    (error: Error) => error.message,
  );

describe('a launch beside a night in another worktree of its repository', () => {
  test('is refused from either side: it says where, by whom, since when and what to do', async () => {
    const [first, second] = twoLabs();
    for (const [running, other] of [
      [first, second],
      [second, first],
    ] as const) {
      const notebook = await held(running.root);
      const said = await refusal(other);
      expect(said).toContain(`another worktree, ${running.root}: its notebook is held by process`);
      expect(said).toMatch(
        new RegExp(
          `process ${process.pid} on \\S+, which took it at \\d{4}-\\S+Z \\(process start `,
        ),
      );
      expect(said).toContain(`autolab stop in ${running.root}`);
      expect(said).toContain('git clone');
      expect(await refusal(running)).toBeNull();
      await notebook.close();
      expect(await refusal(other)).toBeNull();
    }
  });

  test('which is suspended is told how to continue or end that', async () => {
    const [first, second] = twoLabs();
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    undo.push(() => child.kill('SIGKILL'));
    const { pid = 0 } = child;
    const lock = { pid, process_started: await startOf(pid), host: hostname(), since: 'now' };
    mkdirSync(join(first.root, 'data/notebook'), { recursive: true });
    writeFileSync(join(first.root, 'data/notebook/lock'), JSON.stringify(lock));
    expect(await refusal(second)).toContain(`process ${pid} `);
    child.kill('SIGSTOP');
    await expect.poll(() => refusal(second)).toContain(`kill -CONT ${pid}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await refusal(second)).toBeNull();
  });

  test('at the very same moment: the one whose folder comes first goes on, the other gives way', async () => {
    const [first, second] = twoLabs();
    await held(first.root);
    const later = await held(second.root);
    const waiting = refusal(first);
    expect(await refusal(second)).toContain(first.root);
    await later.close();
    expect(await waiting).toBeNull();
  });

  test('is none beside a clone, a worktree that is gone, or one that AutoLab made', async () => {
    const lab = aLab();
    const [clone, gone, slot] = ['clone', 'gone', 'slot'].map((name) => join(lab.folder, name));
    lab.git(['clone', '--quiet', lab.root, clone ?? '']);
    lab.git(['worktree', 'add', '--quiet', '--detach', gone ?? '']);
    lab.write({ [gone ?? '']: null }, '/');
    const opened = await openLab(lab.root);
    await opened.repository.checkOut(slot ?? '', lab.git(['rev-parse', 'HEAD']), []);
    for (const root of [clone ?? '', slot ?? '']) await held(root);
    expect(await opened.repository.otherCheckouts()).toEqual([]);
    expect(await neighbours(opened)).toEqual([]);
    expect(await refusal(lab)).toBeNull();
  });

  test('ends with 1 and makes no branch; check says it before', async () => {
    const [first, second] = twoLabs();
    const notebook = await held(first.root);
    const { code, stderr } = await autolab(second, 'launch');
    expect(code).toBe(1);
    expect(stderr).toContain(`a night of this repository runs in another worktree, ${first.root}:`);
    expect(first.git(['branch', '--list', 'autolab/*'])).toBe('');
    type Checked = { probes: { name: string; result: string; text: string }[] };
    const lock = async () =>
      (await autolabJson<Checked>(second, 'check')).probes.find(({ name }) => name === 'lock');
    expect(await lock()).toMatchObject({
      result: 'odd',
      text: expect.stringContaining(`${first.root} (pid ${process.pid})`),
    });
    await notebook.close();
    expect(await lock()).toMatchObject({ result: 'ok' });
  });
});
