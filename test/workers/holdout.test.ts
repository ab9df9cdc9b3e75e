import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { carryOut, createLab, script, type LabOptions, type TestLab } from './support/lab.ts';

const TRAIN = script(
  `import { existsSync, writeFileSync } from 'node:fs';`,
  `writeFileSync(process.env.AUTOLAB_RUN_DIR + '/model.json', '0.5');`,
  `console.log('found: ' + Number(existsSync('test.json') || existsSync('../slot-1-holdout/test.json')));`,
  `console.log('loss: 1');`,
);
const TEST = `
  import { readFileSync } from 'node:fs';
  const model = Number(readFileSync(process.env.AUTOLAB_RUN_DIR + '/model.json', 'utf8'));
  console.log('test_loss: ' + (model + Number(readFileSync(process.env.AUTOLAB_LABELS, 'utf8'))));`;

const aLab = (test = TEST, options: Partial<LabOptions> = {}): Promise<TestLab> =>
  createLab({
    files: { ...TRAIN, 'test.mjs': test, 'test.json': '2' },
    plan: { holdout: { command: 'node test.mjs', metric: 'test_loss', labels: ['test.json'] } },
    ...options,
  });

const never = new AbortController().signal;

test('what is held out is measured on what a run left, and no training finds it', async () => {
  const lab = await aLab();
  const first = await carryOut(lab);
  expect(await lab.executor.holdOut(lab.order(), never)).toEqual({ value: 2.5, failure: null });
  const second = await carryOut(lab, { run: 'E-0007.3' });
  for (const { summary } of [first, second])
    expect(summary.find(({ key }) => key === 'found')?.number).toBe(0);
  expect(existsSync(join(lab.cacheDir, 'worktrees/slot-1-holdout/test.json'))).toBe(false);
  expect(first.summary.some(({ key }) => key.includes('test_loss'))).toBe(false);
});

test.each([
  ['fails', `throw new Error('no such model');`, 'no such model'],
  ['prints something else', `console.log('loss: 1');`, 'expected holdout to print test_loss'],
])('a command that %s leaves no number, and says why', async (_, code, message) => {
  const lab = await aLab(code);
  await carryOut(lab);
  const { value, failure } = await lab.executor.holdOut(lab.order(), never);
  expect(value).toBeNull();
  expect(failure).toMatchObject({ class: 'no_metric', message: expect.stringContaining(message) });
});

test('a run whose files are gone leaves no number either', async () => {
  const lab = await aLab();
  await carryOut(lab);
  await rm(lab.folder(), { recursive: true });
  expect(await lab.executor.holdOut(lab.order(), never)).toMatchObject({
    ...{ value: null, failure: { class: 'infrastructure' } },
  });
});
