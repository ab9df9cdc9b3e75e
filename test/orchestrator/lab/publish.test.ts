import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { publish } from '../../../orchestrator/lab/footprint.ts';
import { makeLab, type FixtureLab } from '../../support/lab.ts';

let lab: FixtureLab;
beforeEach(() => {
  lab = makeLab();
});
afterEach(() => lab.remove());

it('a document is written where AutoLab’s own are', async () => {
  await publish(lab.root, [{ path: 'experiments/E-0001/FINDINGS.md', text: 'good' }]);
  expect(lab.read('experiments/E-0001/FINDINGS.md')).toBe('good');
});

it.each([
  'experiments/E-0001/../../../x.md',
  'experiments/E-0001/../../train.mjs',
  'experiments/E-1/x.md',
  '/tmp/x.md',
  'train.mjs',
  '.git/config',
])('no document goes to %s', async (path) => {
  const before = lab.read('train.mjs');
  await expect(publish(lab.root, [{ path, text: 'bad' }])).rejects.toMatchObject({
    code: 'refused',
  });
  expect(lab.read('train.mjs')).toBe(before);
  expect(existsSync(join(lab.root, '..', 'x.md'))).toBe(false);
});
