import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import {
  acknowledged,
  aFaultLab,
  lasting,
  startLaunch,
  TINY_PLAN,
  type Launch,
} from '../../support/faults.ts';
import { intact } from '../../support/faults-intact.ts';
import { checkout, type FixtureLab } from '../../support/lab.ts';

/** Disks that fill up while a night runs, and are cleared later: file systems in memory, for root. */

const mounts: string[] = [];

function disk(folder: string, megabytes: number): string {
  mkdirSync(folder, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'autolab-test', folder]);
  mounts.push(folder);
  return folder;
}

const mayMount = ((): boolean => {
  if (process.getuid?.() !== 0) return false;
  const folder = mkdtempSync(join(tmpdir(), 'autolab-mount-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'autolab-test', folder]);
  if (status === 0) execFileSync('umount', [folder]);
  rmSync(folder, { recursive: true });
  return status === 0;
})();

/** Takes every byte that is left. */
const filler = (folder: string): string =>
  `for size in 1M 4k; do dd if=/dev/zero bs=$size status=none >>${folder}/filler 2>/dev/null; done; true`;

async function until(launch: Launch, met: () => boolean): Promise<void> {
  while (!met()) {
    if (launch.process.exitCode !== null) throw new Error(`it ended meanwhile: ${launch.said()}`);
    await wait(100);
  }
}

afterEach(() => {
  for (const folder of mounts.splice(0).toReversed()) execFileSync('umount', ['-l', folder]);
});

const plan = { 'research_plan.yaml': TINY_PLAN, 'train.mjs': lasting(1500) };

describe.skipIf(!mayMount)('a disk that is full', () => {
  test('under the notebook holds the night up, which says so, and goes on when there is room', async () => {
    const lab = aFaultLab('embedded', plan);
    const before = checkout(lab);
    const folder = disk(join(lab.root, 'data/notebook'), 30);
    const launch = startLaunch(lab, { when: 'after', type: 'run_started', do: filler(folder) });
    await until(launch, () => launch.said().includes('waits for room'));
    rmSync(join(folder, 'filler'));
    expect((await launch.ended).code, launch.said()).toBe(0);
    expect(await intact(lab, { checkout: before })).toEqual([]);
    execFileSync('umount', [mounts.pop() ?? '']);
    lab.remove();
  });

  test('under the lab, its cache and the queue pauses the night, starts nothing, and ends intact', async () => {
    const folder = disk(mkdtempSync(join(tmpdir(), 'autolab-full-')), 1200);
    const lab = onDisk(folder, () => aFaultLab('embedded', plan));
    const before = checkout(lab);
    const launch = startLaunch(lab, {
      when: 'after',
      type: 'hypotheses_planned',
      do: filler(folder),
    });
    await until(launch, () => acknowledged(lab).some(({ type }) => type === 'paused'));
    await wait(8000);
    const started = acknowledged(lab).filter(({ type }) => type === 'run_started').length;
    await wait(4000);
    expect(acknowledged(lab).filter(({ type }) => type === 'run_started')).toHaveLength(started);
    rmSync(join(folder, 'filler'));
    expect((await launch.ended).code, launch.said()).toBe(0);
    expect(await intact(lab, { checkout: before })).toEqual([]);
  });

  test('but for a little pauses the night, and it goes on by itself when there is room again', async () => {
    const folder = disk(mkdtempSync(join(tmpdir(), 'autolab-low-')), 1200);
    const lab = onDisk(folder, () => aFaultLab('embedded', plan));
    const before = checkout(lab);
    // Before the first look at the disk.
    const low = `fallocate -l 800M ${folder}/filler`;
    const launch = startLaunch(lab, { when: 'after', record: 1, do: low });
    await until(launch, () => acknowledged(lab).some(({ type }) => type === 'paused'));
    rmSync(join(folder, 'filler'));
    expect((await launch.ended).code, launch.said()).toBe(0);
    const types = acknowledged(lab).map(({ type }) => type);
    const [from, to] = [types.indexOf('paused'), types.indexOf('unpaused')];
    expect(to).toBeGreaterThan(from);
    expect(types.slice(from, to)).not.toContain('run_started');
    expect(await intact(lab, { checkout: before })).toEqual([]);
  });
});

/** Temporary folders, and so the lab, lie there meanwhile. */
function onDisk(folder: string, make: () => FixtureLab): FixtureLab {
  const usual = process.env['TMPDIR'];
  process.env['TMPDIR'] = folder;
  try {
    return make();
  } finally {
    if (usual === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = usual;
  }
}
