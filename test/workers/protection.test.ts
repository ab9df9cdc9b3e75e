import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { carryOut, createLab, put, script } from './support/lab.ts';

test('a protected file that a run overwrites makes it invalid, by name', async () => {
  const lab = await createLab({
    files: {
      ...script(
        `import { writeFileSync } from 'node:fs';`,
        `writeFileSync('evaluate.mjs', 'export const score = 0;');`,
        `writeFileSync('train.mjs', '// its own file it may change');`,
        `console.log('loss: 0');`,
      ),
      'evaluate.mjs': 'export const score = 1;',
    },
  });
  const result = await carryOut(lab);
  expect(result).toMatchObject({ status: 'failed', objective: 0, failure: { class: 'invalid' } });
  expect(result.failure?.message).toContain('evaluate.mjs');
  expect(result.failure?.message).not.toContain('train.mjs');
  expect(JSON.parse(await lab.read('manifest.json'))).toMatchObject({
    remarks: ['the run itself changed train.mjs'],
  });
});

test('a protected file is watched even where git was told to look away', async () => {
  const lab = await createLab({
    files: {
      ...script(
        `import { execFileSync } from 'node:child_process';`,
        `import { writeFileSync } from 'node:fs';`,
        `execFileSync('git', ['update-index', '--assume-unchanged', 'evaluate.mjs']);`,
        `writeFileSync('evaluate.mjs', 'export const score = 0;');`,
        `console.log('loss: 0');`,
      ),
      'evaluate.mjs': 'export const score = 1;',
    },
  });
  expect((await carryOut(lab)).failure).toMatchObject({ class: 'invalid' });
});

test('a protected file that is only touched is no offence', async () => {
  const lab = await createLab({
    files: {
      ...script(
        `import { utimesSync } from 'node:fs';`,
        `utimesSync('data.bin', 1, 1);`,
        `console.log('loss: 0');`,
      ),
      'data.bin': 'some data',
    },
  });
  expect(await carryOut(lab)).toMatchObject({ status: 'finished' });
});

test('a commit that differs from base in a protected file never runs', async () => {
  const lab = await createLab({
    files: { ...script(`console.log('loss: 0');`), 'evaluate.mjs': '1' },
  });
  const commit = await lab.change({ 'evaluate.mjs': '2', 'train.mjs': `console.log('loss: 1');` });
  const result = await carryOut(lab, { commit });
  expect(result).toMatchObject({ status: 'failed', failure: { class: 'invalid' }, seconds: 0 });
  expect(result.failure?.message).toContain('evaluate.mjs');
});

test('of the plan, an experiment may change run.command and run.env and nothing else', async () => {
  const plan = 'objective: { metric: loss }\nrun:\n  command: node train.mjs\n  timeout: 60s\n';
  const lab = await createLab({
    files: { ...script(`console.log('loss: 0');`), 'research_plan.yaml': plan },
  });
  const knob = await lab.change({
    'research_plan.yaml': plan.replace('node train.mjs', 'node train.mjs --lr 1'),
  });
  expect(await carryOut(lab, { commit: knob })).toMatchObject({ status: 'finished' });
  const posts = await lab.change({ 'research_plan.yaml': plan.replace('60s', '600s') });
  expect(await carryOut(lab, { commit: posts })).toMatchObject({ failure: { class: 'invalid' } });
});

const READS_DATA = script(
  `import { readFileSync } from 'node:fs';`,
  `console.log('loss: ' + readFileSync('data/corpus/a.txt', 'utf8'));`,
);

test('linked paths come from the checkout and are left alone', async () => {
  const lab = await createLab({
    files: { ...READS_DATA, 'data/README.md': 'tracked', '.gitignore': '/data/corpus\n' },
    untracked: { 'data/corpus/a.txt': '0.75' },
    workspace: { link: ['data/corpus'] },
  });
  expect(await carryOut(lab)).toMatchObject({ status: 'finished', objective: 0.75 });
  expect(await carryOut(lab, { run: 'E-0008.1' })).toMatchObject({ objective: 0.75 });
  expect(readFileSync(join(lab.root, 'data/corpus/a.txt'), 'utf8')).toBe('0.75');
  expect(JSON.parse(await lab.read('manifest.json'))).toMatchObject({
    data: [{ path: 'data/corpus', files: 1, bytes: 4 }],
  });
});

test('a run that writes to a linked path is invalid, and the path is named', async () => {
  const lab = await createLab({
    files: {
      ...script(
        `import { writeFileSync } from 'node:fs';`,
        `writeFileSync('corpus/labels.txt', '1');`,
        `console.log('loss: 0');`,
      ),
      '.gitignore': '/corpus\n',
    },
    untracked: { 'corpus/a.txt': 'a' },
    workspace: { link: ['corpus'] },
  });
  const result = await carryOut(lab);
  expect(result.failure).toMatchObject({ class: 'invalid' });
  expect(result.failure?.message).toContain('corpus/labels.txt');
});

test('bytecode that Python leaves in a linked path is no offence', async () => {
  const lab = await createLab({
    files: {
      ...script(
        `import { mkdirSync, writeFileSync } from 'node:fs';`,
        `mkdirSync('.venv/__pycache__'); writeFileSync('.venv/__pycache__/a.pyc', '');`,
        `console.log('loss: 0');`,
      ),
      '.gitignore': '/.venv\n',
    },
    untracked: { '.venv/a.py': '' },
    workspace: { link: ['.venv'] },
  });
  expect(await carryOut(lab)).toMatchObject({ status: 'finished' });
});

test('a linked path that is missing, or tracked, is refused in words', async () => {
  const missing = await createLab({ files: READS_DATA, workspace: { link: ['data'] } });
  const absent = (await carryOut(missing)).failure;
  expect(absent?.message).toContain('expected data in');
  const tracked = await createLab({
    files: { ...READS_DATA, 'data/corpus/a.txt': '1' },
    workspace: { link: ['data/corpus'] },
  });
  expect((await carryOut(tracked)).failure?.message).toContain('git tracks data/corpus');
});

test('a run that replaced a link does not reach the checkout with the next one', async () => {
  const lab = await createLab({
    files: {
      ...script(
        `import { existsSync, mkdirSync, rmSync } from 'node:fs';`,
        `console.log('loss: ' + (existsSync('corpus/a.txt') ? 1 : 0));`,
        `rmSync('corpus'); mkdirSync('corpus');`,
      ),
      '.gitignore': '/corpus\n',
    },
    untracked: { 'corpus/a.txt': 'a' },
    workspace: { link: ['corpus'] },
  });
  expect((await carryOut(lab)).objective).toBe(1);
  expect((await carryOut(lab, { run: 'E-0008.1' })).objective).toBe(1);
  expect(existsSync(join(lab.root, 'corpus/a.txt'))).toBe(true);
});

test('the environment key moves with the data and with nothing of the experiment', async () => {
  const lab = await createLab({
    files: { ...READS_DATA, '.gitignore': '/data\n' },
    untracked: { 'data/corpus/a.txt': '1' },
    workspace: { link: ['data'] },
  });
  const first = await carryOut(lab);
  const commit = await lab.change({ 'train.mjs': `console.log('loss: 3');` });
  const second = await carryOut(lab, {
    commit,
    run: 'E-0008.1',
    command: { command: 'node train.mjs --lr 3', env: {} },
  });
  expect(second.environment_key).toBe(first.environment_key);
  await put(lab.root, { 'data/corpus/a.txt': '2' });
  const third = await carryOut(lab, { run: 'E-0009.1' });
  expect(third.environment_key).not.toBe(first.environment_key);
});
