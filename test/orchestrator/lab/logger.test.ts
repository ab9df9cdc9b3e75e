import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { placeLogger } from '../../../orchestrator/lab/logger.ts';
import { makeRepo } from '../../support/repo.ts';

const LOGGER = readFileSync(new URL('../../../loggers/autolab.py', import.meta.url), 'utf8');

const planOf = (command: string, directory = '.'): string => `
project: p
question: q?
objective: { metric: loss, direction: minimize }
workspace: { directory: "${directory}", editable: [train.py] }
run: { command: ${command}, timeout: 60s }
budget: { experiments: 3 }
`;

test('a logger is put beside the script that the plan runs, and over nothing', async () => {
  const repo = makeRepo({ files: { 'lab/src/train.py': 'print(1)\n', 'README.md': 'x\n' } });
  onTestFinished(() => repo.remove());
  await expect(placeLogger(repo.root, 'python')).rejects.toMatchObject({ code: 'not_found' });
  repo.write({ 'research_plan.yaml': planOf('python3 src/train.py --lr 1', 'lab') });
  expect(await placeLogger(join(repo.root, 'lab'), 'python')).toEqual({
    ...{ path: 'lab/src/autolab.py', present: false },
  });
  expect(repo.read('lab/src/autolab.py')).toBe(LOGGER);
  expect(repo.git(['diff', '--cached', '--name-only'])).toBe('');
  expect(await placeLogger(repo.root, 'python')).toMatchObject({ present: true });
  repo.write({ 'lab/src/autolab.py': 'print("mine")\n' });
  await expect(placeLogger(repo.root, 'python')).rejects.toMatchObject({
    ...{
      code: 'refused',
      message: expect.stringContaining('expected no lab/src/autolab.py') as string,
    },
  });
  expect(repo.read('lab/src/autolab.py')).toBe('print("mine")\n');

  // Where no file is named, where commands run; a script elsewhere is left alone.
  repo.write({ 'research_plan.yaml': planOf('python3 -m pkg.train ../../../etc/x.py', 'lab') });
  expect(await placeLogger(repo.root, 'python')).toMatchObject({ path: 'lab/autolab.py' });
  repo.write({ 'research_plan.yaml': planOf('node run.mjs') });
  expect(await placeLogger(repo.root, 'javascript')).toMatchObject({ path: 'autolab.mjs' });
  repo.write({ 'research_plan.yaml': 'objective: 3\n' });
  await expect(placeLogger(repo.root, 'python')).rejects.toMatchObject({ code: 'plan' });
});
