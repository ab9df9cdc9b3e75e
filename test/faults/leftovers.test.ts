import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { aFaultLab, launchToTheEnd, scratchOf, TINY_PLAN } from '../support/faults.ts';
import { autolabJson, type FixtureLab } from '../support/lab.ts';

/** Temporary folders whose process was killed: known by its name, removed once it is dead for certain. */

const SCRIPT = new URL('holding.mjs', import.meta.url).pathname;

let plain: FixtureLab;
let lab: FixtureLab;
const children: ChildProcess[] = [];
beforeEach(() => {
  plain = aFaultLab('embedded', { 'research_plan.yaml': TINY_PLAN });
  lab = { ...plain, environment: { ...plain.environment, TMPDIR: scratchOf(plain) } };
  mkdirSync(scratchOf(lab));
});
afterEach(() => {
  for (const { pid } of children.splice(0))
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    } catch {
      // Nobody of its group is left.
    }
  plain.remove();
});

/** The name of the temporary folder that a process of its own has made, and is at. */
async function held(by: 'git' | 'pipe'): Promise<{ child: ChildProcess; name: string }> {
  const tools = join(lab.folder, 'tools');
  lab.write({ '../tools/mkfifo': '#!/bin/sh\nexec sleep 1000\n' });
  chmodSync(join(tools, 'mkfifo'), 0o755);
  const before = new Set(readdirSync(scratchOf(lab)));
  const PATH = `${tools}:${process.env['PATH']}`;
  const child = spawn(process.execPath, [SCRIPT], {
    ...{ env: { ...lab.environment, PATH, HOLD: by }, stdio: 'inherit', detached: true },
  });
  children.push(child);
  const made = () => readdirSync(scratchOf(lab)).filter((name) => !before.has(name));
  await expect.poll(made, { timeout: 20_000 }).toHaveLength(1);
  return { child, name: made()[0] ?? '' };
}

async function killed(by: 'git' | 'pipe'): Promise<string> {
  const { child, name } = await held(by);
  const over = once(child, 'exit');
  // What it had started lives on, as after any such kill.
  child.kill('SIGKILL');
  await over;
  return name;
}

test.runIf(process.env['FULL'])(
  'temporary folders of killed processes are named by gc and gone after the next launch, no others',
  async () => {
    const dead = [await killed('git'), await killed('pipe')];
    const { name: alive } = await held('git');
    const space = readlinkSync('/proc/self/ns/pid').replaceAll(/\D/g, '');
    // This test's pid, of a process that started long before it.
    dead.push(`autolab-git-${process.pid}-1-${space}-AbCdEf`);
    const kept = [
      // The same of another PID namespace: that one's processes cannot be seen from here.
      `autolab-git-${process.pid}-1-${Number(space) + 1}-AbCdEf`,
      'autolab-git-notes',
      alive,
    ];
    for (const name of [...dead, ...kept])
      mkdirSync(join(scratchOf(lab), name), { recursive: true });

    const { found } = await autolabJson<{ found: { kind: string; what: string }[] }>(
      ...[lab, 'gc', '--dry-run'],
    );
    const temporary = found.filter(({ kind }) => kind === 'temporary');
    expect(temporary.map(({ what }) => basename(what)).toSorted()).toEqual(dead.toSorted());

    await launchToTheEnd(lab);
    const there = (name: string) => existsSync(join(scratchOf(lab), name));
    expect(dead.filter(there)).toEqual([]);
    expect(kept.filter(there)).toEqual(kept);
  },
);
