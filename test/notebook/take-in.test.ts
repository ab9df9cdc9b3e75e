import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, symlinkSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { holderOf, takeLock } from '../../notebook/lock.ts';
import { readManifest } from '../../notebook/manifest.ts';
import { readNotebook } from '../../notebook/reader.ts';
import { openNotebook } from '../../notebook/writer.ts';
import { clock, openLab } from '../../orchestrator/lab/lab.ts';
import { readNoticing, takeInWhatWaits } from '../../orchestrator/lab/own/reading.ts';
import { watchOwnRuns } from '../../orchestrator/lab/own/watch.ts';
import { makeLab, type FixtureLab } from '../support/lab.ts';
import { leaveOwnRun } from '../support/own.ts';
import { aPlace } from './helpers.ts';

/** Runs of one's own and their way into the notebook, with and without a night. */

const repository = new URL('../../', import.meta.url).pathname;

let lab: FixtureLab;
let dir: string;
beforeEach(() => {
  lab = makeLab();
  dir = join(lab.root, 'data/notebook');
});
afterEach(() => lab.remove());

function leave(many: number, trained = many): void {
  for (let n = 1; n <= many; n++)
    leaveOwnRun(lab.root, `R-${String(n).padStart(4, '0')}`, {
      metrics:
        n > trained ? [] : [`{"step": 1, "val_loss": ${n}}`, `{"step": 2, "val_loss": ${n + 0.5}}`],
    });
}

async function counted(): Promise<unknown> {
  const { query } = await readNotebook(dir);
  const runs = '(SELECT count(*) FROM runs) AS runs';
  const { rows } = await query(
    `SELECT ${runs}, count(*) AS points, count(DISTINCT run_id) AS trained FROM metrics`,
  );
  return rows[0];
}
const all = (many: number) => ({ runs: many, points: 2 * many, trained: many });
const takenIn = async () => Object.keys((await readManifest(dir))?.attempts ?? {}).length;

describe('runs of one’s own', () => {
  it('are taken in by the verb that finds many of them', async () => {
    leave(64, 2);
    const { state, remarks } = await readNoticing(lab.root, Infinity);
    expect(remarks).toEqual([]);
    expect(state.own.size).toBe(64);
    expect(await takenIn()).toBe(2);
    expect(await counted()).toEqual({ ...all(2), runs: 64 });
  });

  it('wait in the inbox where they are few, and outlive the loss of what was taken in', async () => {
    leave(3);
    const read = await readNoticing(lab.root, Infinity);
    expect(read.state.own.size).toBe(3);
    expect(await takeInWhatWaits(read)).toEqual([]);
    expect([await takenIn(), await counted()]).toEqual([0, all(3)]);
    expect(await takeInWhatWaits(read, 1, Infinity)).toEqual([]);
    expect([await takenIn(), await counted()]).toEqual([3, all(3)]);
    await writeFile(join(dir, 'manifest.json'), 'no');
    rmSync(join(dir, 'metrics'), { recursive: true });
    const again = await openNotebook({ dir, clock });
    await again.close();
    expect([await takenIn(), await counted()]).toEqual([3, all(3)]);
  });

  it('are noticed through the inbox while a night holds the notebook, which takes them in itself', async () => {
    const opened = await openLab(lab.root);
    const night = await openNotebook({ dir, runsDir: opened.experimentsDir, clock });
    const told: string[] = [];
    const watch = watchOwnRuns(opened, night, (text) => told.push(text));
    try {
      leave(5);
      expect((await readNoticing(lab.root, Infinity)).state.own.size).toBe(5);
      expect(night.events).toEqual([]);
      leaveOwnRun(lab.root, 'R-0006', { metrics: ['{"val_loss": 1}', '{"val_loss": 2}'] });
      while (night.events.length < 12) {
        await watch.drainInbox();
        await wait(20);
      }
      while ((await takenIn()) < 6) await wait(20);
      // No sign that a night worked.
      expect(night.state().worked).toBe(new Date(0).toISOString());
    } finally {
      await watch.close();
      await night.close();
    }
    expect([told, await counted()]).toEqual([[], all(6)]);
  });

  it('are all there, once each, though who takes them in is killed at any moment', async () => {
    leave(12);
    const built = (file: string) => JSON.stringify(join(repository, 'dist/orchestrator/lab', file));
    const code = `
      import { openLab } from ${built('lab.js')};
      import { takeInAll } from ${built('own/take-in.js')};
      const lab = await openLab(process.argv[1]);
      console.log('now');
      await takeInAll(lab, Infinity);`;
    for (let round = 0; round < 3; round++) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', code, lab.root]);
      const gone = once(child, 'exit');
      await once(child.stdout, 'data');
      await Promise.race([gone, wait(120 * round)]);
      child.kill('SIGKILL');
      await gone;
    }
    const read = await readNoticing(lab.root, Infinity);
    expect([...read.remarks, ...(await takeInWhatWaits(read, 1, Infinity))]).toEqual([]);
    expect([await takenIn(), await counted()]).toEqual([12, all(12)]);
    const { events } = await readNotebook(dir);
    expect(events.filter(({ type }) => type === 'own_run_started')).toHaveLength(12);
    expect(events).toHaveLength(24);
  });

  it('that cannot be taken in cost the verb a remark, and not its answer', async () => {
    leave(1);
    symlinkSync(lab.folder, join(lab.root, 'data'));
    const { state, remarks } = await readNoticing(lab.root, Infinity);
    expect(state.own.size).toBe(0);
    expect(remarks.join()).toMatch(/could not be taken in: expected data\/ to be a folder/);
  });
});

describe('the lock of a verb that takes in', () => {
  it('is nobody’s night, makes a launch wait, and no other verb', async () => {
    const { root } = await aPlace();
    const verb = await takeLock(root, new Date().toISOString(), 'take_in');
    expect(await holderOf(root)).toBeNull();
    await expect(takeLock(root, new Date().toISOString(), 'take_in')).rejects.toMatchObject({
      code: 'busy',
    });
    let launched = false;
    const launch = takeLock(root, new Date().toISOString()).then((lock) => {
      launched = true;
      return lock;
    });
    await wait(150);
    expect(launched).toBe(false);
    await verb.release();
    const lock = await launch;
    expect((await holderOf(root))?.pid).toBe(process.pid);
    await expect(takeLock(root, new Date().toISOString())).rejects.toMatchObject({ code: 'busy' });
    await lock.release();
  });

  it('is a launch’s for who reads a lock that says nothing of its purpose', async () => {
    const { root } = await aPlace();
    const lock = await takeLock(root, new Date().toISOString());
    const text = await readFile(join(root, 'lock'), 'utf8');
    const { purpose: _, ...old } = JSON.parse(text) as Record<string, unknown>;
    await writeFile(join(root, 'lock'), JSON.stringify(old));
    expect((await holderOf(root))?.pid).toBe(process.pid);
    await lock.release();
  });
});
