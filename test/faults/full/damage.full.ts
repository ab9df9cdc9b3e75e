import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  howItEnded,
  labsOfEachTest,
  launchToTheEnd,
  launchWith,
  notebookOf,
  TINY_PLAN,
} from '../../support/faults.ts';
import { intact } from '../../support/faults-intact.ts';
import { checkout } from '../../support/lab.ts';

/** What is deleted under a running night, or damaged by a power loss. */

const aLab = labsOfEachTest();

describe('at night', () => {
  test('worktrees, caches and runs’ folders that are deleted cost no recorded number', async () => {
    const lab = aLab();
    const before = checkout(lab);
    const worktrees = `rm -rf ${join(lab.folder, 'cache/autolab/labs/*/worktrees')}`;
    const caches = `rm -rf ${join(lab.folder, 'tmp/*')} ${join(lab.folder, 'cache/autolab/queue-*')}`;
    const said = await launchWith(
      lab,
      { when: 'after', type: 'run_ended', do: worktrees },
      { when: 'after', type: 'run_started', nth: 2, do: caches },
      { when: 'after', type: 'run_ended', nth: 2, do: 'rm -rf experiments' },
    );
    expect(howItEnded(said)).toBe('ended');
    expect(await intact(lab, { checkout: before, foldersGone: true })).toEqual([]);
    const { state } = await notebookOf(lab);
    const finished = [...state.runs.values()].filter((run) => run.status === 'finished');
    expect(finished.length).toBeGreaterThanOrEqual(2);
  }, 180_000);

  test('the folder for temporary files, taken away again and again, costs no run', async () => {
    const lab = aLab({ 'research_plan.yaml': TINY_PLAN.replace('sandbox: off\n', '') });
    const before = checkout(lab);
    const taken = 'rm -rf "$TMPDIR"';
    const said = await launchWith(
      lab,
      { when: 'after', type: 'night_started', do: taken },
      { when: 'after', type: 'run_started', nth: 2, do: taken },
      { when: 'after', type: 'run_ended', nth: 2, do: taken },
      { when: 'after', type: 'experiment_opened', nth: 2, do: taken },
    );
    expect(howItEnded(said)).toBe('ended');
    expect(await intact(lab, { checkout: before })).toEqual([]);
    const { state } = await notebookOf(lab);
    expect([...state.runs.values()].filter((run) => run.status === 'failed')).toEqual([]);
  }, 180_000);
});

describe('after a power loss', () => {
  test('damaged tables, manifest and inbox are named and made again, with the same numbers', async () => {
    const lab = aLab();
    const before = checkout(lab);
    const dir = join(lab.root, 'data/notebook');
    expect(await launchWith(lab, { when: 'after', type: 'run_ended', nth: 2 })).toMatchObject({
      signal: 'SIGKILL',
    });
    const half = await launchWith(lab, { when: 'before', type: 'night_ended' });
    expect(half).toMatchObject({ signal: 'SIGKILL' });
    // Sealed so far by the two launches: cut short, changed in place, gone.
    const damage = [
      'set -- $(ls */*.parquet)',
      'truncate -s 30 "$1"; shift',
      `printf 'X' | dd of="$1" bs=1 seek=25 conv=notrunc status=none; shift`,
      'rm "$1"',
      'printf \'{"schema":\' > manifest.json',
      'printf torn > inbox/000000000000001-1-aaaaaaaa.json',
      'printf \'12345678 {"seq":9999,"ty\' >> journal/000001.ndjson',
    ].join('\n');
    mkdirSync(join(dir, 'inbox'), { recursive: true });
    execFileSync('sh', ['-ec', damage], { cwd: dir });
    await launchToTheEnd(lab);
    expect(await intact(lab, { checkout: before })).toEqual([]);
  }, 180_000);
});
