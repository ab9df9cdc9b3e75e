import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { carryOut, createLab, script } from './support/lab.ts';

/** Counts its calls outside of any worktree, prepares data, and dirties a tracked file. */
const SETUP = [
  `import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';`,
  `appendFileSync(process.env.COUNT, 'x');`,
  `mkdirSync('prepared', { recursive: true });`,
  `writeFileSync('prepared/data.txt', '0.5');`,
  `writeFileSync('notes.txt', 'changed by setup');`,
  `console.log('prepared');`,
].join('\n');
const TRAIN = [
  `import { readFileSync } from 'node:fs';`,
  `console.log('loss: ' + readFileSync('prepared/data.txt', 'utf8'));`,
  `console.log('---'); console.log('notes: ' + readFileSync('notes.txt', 'utf8'));`,
].join('\n');

async function prepared(more: { setup?: string; files?: Record<string, string> } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'autolab-count-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const count = join(folder, 'calls');
  writeFileSync(count, '');
  const lab = await createLab({
    files: {
      'train.mjs': TRAIN,
      'model.mjs': '1',
      'prepare.mjs': SETUP,
      'notes.txt': 'as committed',
      '.gitignore': '/prepared\n',
      ...more.files,
    },
    run: { setup: more.setup ?? 'node prepare.mjs', env: { COUNT: count } },
    workspace: { editable: ['train.mjs', 'model.mjs', 'requirements.txt'] },
  });
  return { lab, calls: () => readFileSync(count, 'utf8').length };
}

test('setup runs once per slot; what it left is there for each run, tracked files as committed', async () => {
  const { lab, calls } = await prepared();
  const first = await carryOut(lab);
  expect(first).toMatchObject({ status: 'finished', objective: 0.5 });
  expect(first.summary).toContainEqual({ key: 'notes', number: null, text: 'as committed' });
  expect(await lab.read('setup.log')).toBe('prepared\n');
  const commit = await lab.change({ 'train.mjs': `${TRAIN} console.log('extra: 1');` });
  const second = await carryOut(lab, { run: 'E-0008.1', commit });
  expect(second.summary).toContainEqual({ key: 'notes', number: null, text: 'as committed' });
  expect(calls()).toBe(1);
  await carryOut(lab, { run: 'E-0008.2', slot: 2 });
  expect(calls()).toBe(2);
});

test('a run that is to stand on nothing of the slot gets a worktree made anew, and setup runs again', async () => {
  const { lab, calls } = await prepared();
  await carryOut(lab);
  writeFileSync(join(lab.cacheDir, 'worktrees/slot-1/prepared/data.txt'), '0.1');
  const again = { run: 'E-0007.2', anew: true } as const;
  expect(await carryOut(lab, again)).toMatchObject({ status: 'finished', objective: 0.5 });
  expect(calls()).toBe(2);
});

test('setup runs again where the change is in a file that it reads, and then back again', async () => {
  const { lab, calls } = await prepared({
    files: { 'prepare.mjs': `${SETUP}\nawait import('./model.mjs');` },
  });
  await carryOut(lab);
  const commit = await lab.change({ 'model.mjs': '2' });
  await carryOut(lab, { run: 'E-0008.1', commit });
  expect(calls()).toBe(2);
  await carryOut(lab, { run: 'E-0009.1' });
  expect(calls()).toBe(3);
});

test('setup runs again where a lock file changed', async () => {
  const { lab, calls } = await prepared({ files: { 'requirements.txt': 'torch==2.0' } });
  await carryOut(lab);
  const commit = await lab.change({ 'requirements.txt': 'torch==2.1' });
  await carryOut(lab, { run: 'E-0008.1', commit });
  expect(calls()).toBe(2);
});

test('setup runs again where a run wrote to what it had left', async () => {
  const { lab, calls } = await prepared();
  await carryOut(lab);
  const commit = await lab.change({
    'train.mjs': `${TRAIN}\nimport { writeFileSync } from 'node:fs'; writeFileSync('prepared/data.txt', '0');`,
  });
  await carryOut(lab, { run: 'E-0008.1', commit });
  expect(await carryOut(lab, { run: 'E-0009.1' })).toMatchObject({ objective: 0.5 });
  expect(calls()).toBe(2);
});

test('a setup that fails on base is the machine’s fault, on a change that it reads the idea’s', async () => {
  const onBase = await prepared({ setup: 'node missing.mjs' });
  const base = await carryOut(onBase.lab);
  expect(base).toMatchObject({ status: 'failed', failure: { class: 'infrastructure' } });
  expect(base.failure?.message).toContain('run.setup: ');
  expect(await onBase.lab.read('setup.log')).toContain('missing.mjs');

  const { lab } = await prepared({
    files: { 'prepare.mjs': `${SETUP}\nawait import('./model.mjs');` },
  });
  const commit = await lab.change({ 'model.mjs': 'this is no JavaScript' });
  expect(await carryOut(lab, { commit })).toMatchObject({ failure: { class: 'idea' } });
});

test('bytecode that setup left beside sources is not kept', async () => {
  const { lab } = await prepared({
    files: {
      'prepare.mjs': `${SETUP}\nmkdirSync('__pycache__'); writeFileSync('__pycache__/train.pyc', '');`,
      'train.mjs': `import { existsSync } from 'node:fs'; console.log('loss: ' + (existsSync('__pycache__') ? 1 : 0));`,
    },
  });
  expect((await carryOut(lab)).objective).toBe(0);
});

/** What setup makes for the scorer is worth 0.5; the second run makes it 0.0 at the same size and time. */
const scoredBySetup = (setup: string) =>
  createLab({
    files: {
      ...script(
        `import { execFileSync } from 'node:child_process';`,
        `import { writeFileSync } from 'node:fs';`,
        `writeFileSync('predictions.json', '[1]');`,
        `if (process.env.AUTOLAB_RUN_ID === 'E-0007.3') {`,
        `  const made = '../slot-1-score/made';`,
        `  execFileSync('touch', ['-r', made, 'kept']);`,
        `  writeFileSync(made, '0.0');`,
        `  execFileSync('touch', ['-r', 'kept', made]);`,
        `}`,
        `console.log('loss: 1');`,
      ),
      '.gitignore': 'made*\n',
      'labels.json': '[1]',
      'setup.mjs': `import { linkSync, writeFileSync } from 'node:fs'; ${setup}`,
      'score.mjs': `import { readFileSync } from 'node:fs'; console.log('loss: ' + readFileSync('made', 'utf8'));`,
    },
    run: { setup: 'node setup.mjs' },
    plan: {
      score: {
        command: 'node score.mjs',
        labels: ['labels.json'],
        predictions: 'predictions.json',
      },
    },
  });
const second = { run: 'E-0007.3' } as const;

test('what a run wrote over in the scorer’s set-up is made again, also at the same size and time', async () => {
  const lab = await scoredBySetup(`writeFileSync('made', '0.5');`);
  expect(await carryOut(lab)).toMatchObject({ objective: 0.5, tier: 'verified' });
  expect(await carryOut(lab, second)).toMatchObject({ objective: 0.5, tier: 'verified' });
});

test('a run that is to stand on nothing of the slot trusts no set-up of what measures it either', async () => {
  // A file of two names is one whose writing over can go unseen.
  const lab = await scoredBySetup(`writeFileSync('made', '0.5'); linkSync('made', 'made-too');`);
  await carryOut(lab);
  expect(await carryOut(lab, second)).toMatchObject({ objective: 0 });
  expect(await carryOut(lab, { run: 'E-0007.4' })).toMatchObject({ objective: 0 });
  expect(await carryOut(lab, { run: 'E-0007.5', anew: true })).toMatchObject({ objective: 0.5 });
});
