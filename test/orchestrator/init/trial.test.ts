import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { openRepository } from '../../../orchestrator/git.ts';
import { tryScript, type TrialOrder } from '../../../orchestrator/lab/init/trial.ts';
import { makeRepo, snapshot, type TestRepo } from '../../support/repo.ts';

let repo: TestRepo | undefined;
afterEach(() => repo?.remove());

async function tried(script: string, order: Partial<TrialOrder> = {}) {
  repo = makeRepo({ files: { 'train.mjs': script } });
  const { root, folder, env } = repo;
  const before = snapshot(repo);
  const repository = await openRepository(root, env);
  const lab = {
    root,
    repository,
    notebookDir: '',
    experimentsDir: '',
    cacheDir: join(folder, 'cache'),
    sharedCacheDir: folder,
  };
  const trial = await tryScript(lab, {
    commit: repo.git(['rev-parse', 'HEAD']),
    files: ['train.mjs'],
    command: 'node train.mjs',
    directory: '',
    link: [],
    seconds: 30,
    environment: env,
    ...order,
  });
  expect(snapshot(repo)).toEqual(before);
  return { trial, folder };
}

test('a script that goes on and on is ended with its children, and what it printed counts', async () => {
  const script = `
    import { spawn } from 'node:child_process';
    const beat = "setInterval(() => require('fs').writeFileSync(process.argv[1], ''), 50)";
    spawn(process.execPath, ['-e', beat, process.env.BEAT], { detached: true, stdio: 'ignore' });
    console.log('step 1 | val_loss: 2.5');
    setInterval(() => {}, 1000);`;
  const place = mkdtempSync(join(tmpdir(), 'autolab-beat-'));
  const beat = join(place, 'beat');
  const { trial } = await tried(script, {
    seconds: 2,
    environment: { ...process.env, BEAT: beat },
  });
  expect(trial).toEqual({ metrics: ['val_loss'], seconds: null, trouble: null });
  rmSync(beat, { force: true });
  await sleep(300);
  expect(existsSync(beat)).toBe(false);
  rmSync(place, { recursive: true });
});

test('what it writes lands in a copy that is gone afterwards', async () => {
  const script = `import { writeFileSync } from 'node:fs';
    writeFileSync('train.mjs', ''); writeFileSync('model.bin', ''); console.log('acc=0.5');`;
  const { trial, folder } = await tried(script);
  expect(trial).toMatchObject({ metrics: ['acc'], trouble: null });
  expect(trial.seconds).toBeGreaterThan(0);
  expect(existsSync(join(folder, 'cache', `trial-${process.pid}`))).toBe(false);
});

test('a program that is not there is trouble, in words', async () => {
  const { trial } = await tried('', { command: 'no-such-python train.mjs' });
  expect(trial.trouble).toContain('no-such-python');
});
