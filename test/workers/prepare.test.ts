import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PrepareOrder } from '../../orchestrator/domain/ports.ts';
import { createLab, git, script, type TestLab } from './support/lab.ts';

const FILES = {
  'train.mjs': 'const rate = 0.1;\nconsole.log(rate);\n',
  'evaluate.mjs': '1\n',
  'research_plan.yaml': 'run:\n  command: node train.mjs\n',
};
const SPACE = {
  rate: { file: 'train.mjs', match: 'const rate = {value};', values: [0.2, 0.3] },
  score: { file: 'evaluate.mjs', match: '{value}', values: [2] },
  depth: { arg: '--depth', default: 2, values: [4] },
};

const orderIn = (lab: TestLab, change: PrepareOrder['change']): PrepareOrder => ({
  experiment: 'E-0001',
  parent: lab.base,
  base: lab.base,
  parent_command: { command: 'node train.mjs', env: {} },
  change,
  message: 'rate=0.2',
  branch: 'autolab/E-0001',
  plan: lab.plan,
});

const labWithSpace = (): Promise<TestLab> =>
  createLab({ files: FILES, plan: { search_space: SPACE } });

test('a file knob becomes one commit on its parent, the command stays', async () => {
  const lab = await labWithSpace();
  const made = await lab.executor.prepare(orderIn(lab, { kind: 'knobs', values: { rate: '0.2' } }));
  if ('failure' in made) throw new Error(made.failure.message);
  expect(made.command).toEqual({ command: 'node train.mjs', env: {} });
  expect(git(lab.root, 'show', `${made.commit}:train.mjs`)).toContain('const rate = 0.2;');
  expect(git(lab.root, 'rev-parse', 'autolab/E-0001').trim()).toBe(made.commit);
  expect(git(lab.root, 'rev-parse', `${made.commit}^`).trim()).toBe(lab.base);
});

test('an argument knob is an edit of the plan on the branch, and a new command', async () => {
  const lab = await labWithSpace();
  const made = await lab.executor.prepare(orderIn(lab, { kind: 'knobs', values: { depth: '4' } }));
  if ('failure' in made) throw new Error(made.failure.message);
  expect(made.command.command).toBe('node train.mjs --depth 4');
  expect(git(lab.root, 'show', `${made.commit}:research_plan.yaml`)).toContain('--depth 4');
});

test('an unchanged experiment is its parent', async () => {
  const lab = await labWithSpace();
  const made = await lab.executor.prepare(orderIn(lab, { kind: 'none' }));
  const command = { command: 'node train.mjs', env: {} };
  expect(made).toEqual({ commit: lab.base, command, settings: null });
});

test('several changes are a commit each, and the branch is at the last of them', async () => {
  const lab = await labWithSpace();
  const changes = [
    { kind: 'knobs', values: { rate: '0.2' } },
    { kind: 'knobs', values: { depth: '4' } },
    { kind: 'knobs', values: { rate: '0.3' } },
  ] as const;
  const order = orderIn(lab, { kind: 'stack', changes });
  const made = await lab.executor.prepare(order);
  if ('failure' in made) throw new Error(made.failure.message);
  expect(made.command.command).toBe('node train.mjs --depth 4');
  expect(git(lab.root, 'show', `${made.commit}:train.mjs`)).toContain('const rate = 0.3;');
  expect(git(lab.root, 'rev-parse', 'autolab/E-0001').trim()).toBe(made.commit);
  expect(git(lab.root, 'rev-parse', `${made.commit}~3`).trim()).toBe(lab.base);
  // A crash between the commits asks again, and gets the same.
  expect(await lab.executor.prepare(order)).toEqual(made);
});

test('a repaired patch moves the branch from the commit that crashed, and from no other', async () => {
  const lab = await labWithSpace();
  const first = await lab.executor.prepare(
    orderIn(
      lab,
      patch('train.mjs', 'const rate = 0.1;', 'const rate = crash;', 'console.log(rate);'),
    ),
  );
  if ('failure' in first) throw new Error(first.failure.message);
  const repaired = patch('train.mjs', 'const rate = 0.1;', 'const rate = 9;', 'console.log(rate);');
  const again = orderIn(lab, repaired);
  expect(await lab.executor.prepare(again)).toMatchObject({
    failure: { message: expect.stringMatching(/^branch autolab\/E-0001 stands at/) },
  });
  const order = { ...again, replaces: first.commit };
  const made = await lab.executor.prepare(order);
  if ('failure' in made) throw new Error(made.failure.message);
  expect(git(lab.root, 'rev-parse', 'autolab/E-0001').trim()).toBe(made.commit);
  expect(git(lab.root, 'rev-parse', `${made.commit}^`).trim()).toBe(lab.base);
  expect(git(lab.root, 'show', `${made.commit}:train.mjs`)).toContain('const rate = 9;');
  // A crash before it was recorded asks again, and gets the same.
  expect(await lab.executor.prepare(order)).toEqual(made);
  expect(await readFile(join(lab.experimentsDir, 'E-0001/change.diff'), 'utf8')).toContain(
    '+const rate = 9;',
  );
});

const patch = (file: string, from: string, to: string, below = ''): PrepareOrder['change'] => {
  const [size, context] = below === '' ? [1, ''] : [2, ` ${below}\n`];
  const header = `--- a/${file}\n+++ b/${file}\n@@ -1,${size} +1,${size} @@\n`;
  return { kind: 'patch', file: null, diff: `${header}-${from}\n+${to}\n${context}` };
};

test.each([
  [
    'a knob of a protected file',
    { kind: 'knobs', values: { score: '2' } },
    'invalid',
    'evaluate.mjs',
  ],
  [
    'a knob that the plan does not have',
    { kind: 'knobs', values: { x: '2' } },
    'invalid',
    'found x',
  ],
  ['a patch of a protected file', patch('evaluate.mjs', '1', '2'), 'invalid', 'evaluate.mjs'],
  [
    'a patch of the plan',
    patch('research_plan.yaml', 'run:', 'ran:', '  command: node train.mjs'),
    'invalid',
    'research_plan',
  ],
  ['a patch that does not apply', patch('train.mjs', 'const x = 1;', 'x'), 'idea', ''],
] as const)('%s comes to nothing, in words', async (_, change, kind, words) => {
  const lab = await labWithSpace();
  const made = await lab.executor.prepare(orderIn(lab, change));
  expect(made).toMatchObject({
    failure: { class: kind, message: expect.stringContaining(words) as string },
  });
});

test('an argument knob without a committed plan says what to do', async () => {
  const lab = await createLab({
    files: script('console.log(1)'),
    plan: { search_space: { depth: SPACE.depth } },
  });
  const made = await lab.executor.prepare(orderIn(lab, { kind: 'knobs', values: { depth: '4' } }));
  const message = expect.stringContaining('commit it first') as string;
  expect(made).toMatchObject({ failure: { class: 'invalid', message } });
});
