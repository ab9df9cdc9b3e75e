import { afterEach, expect, test } from 'vitest';
import { createPlanner } from '../../agents/planner.ts';
import type { Hypothesis } from '../../orchestrator/domain/hypothesis.ts';
import { hypothesisId } from '../../orchestrator/domain/ids.ts';
import { openRepository } from '../../orchestrator/git.ts';
import { openDesk } from '../../workers/desk.ts';
import { makeRepo, type TestRepo } from '../support/repo.ts';
import { aPlan } from '../support/simulate.ts';

/** The Planner over a real repository: git says what applies, node what parses. */

let repo: TestRepo | undefined;
afterEach(() => repo?.remove());

test('patches that do not apply to the incumbent, or do not parse, are turned down with the reason', async () => {
  repo = makeRepo({ files: { 'train.mjs': 'const RATE = 0.1;\nconsole.log(RATE);\n' } });
  const commit = repo.git(['rev-parse', 'HEAD']);
  const patch = (old: string, young: string): string =>
    `--- a/train.mjs\n+++ b/train.mjs\n@@ -1,2 +1,2 @@\n-${old}\n+${young}\n console.log(RATE);\n`;
  const idea = (n: number, diff: string): Hypothesis => ({
    ...{ id: hypothesisId(n), night: 'N-0001', title: `idea ${n}`, because: 'it may help' },
    ...{ source: 'model', line: 'ideas', parent: 'E-0000', success_criteria: [] },
    change: { kind: 'patch', file: null, diff },
  });
  const patches = openDesk(await openRepository(repo.root), process.env, async () => null);
  const before = repo.git(['for-each-ref']);
  const { queue, rejected } = await createPlanner({ patches })({
    ...{ night: 'N-0001', round: 1, incumbent: 'E-0000', settings: {}, waiting: [], memory: [] },
    proposed: [
      idea(1, patch('const RATE = 0.1;', 'const RATE = 0.1 * 2;')),
      idea(2, patch('const RATE = 0.5;', 'const RATE = 0.2;')),
      idea(3, patch('const RATE = 0.1;', 'const RATE = (0.1;')),
    ],
    lab: {
      ...{ project: 'tiny', question: 'What helps?', directory: '.', editable: ['train.mjs'] },
      ...{ commit, base: commit, plan: aPlan() },
      ...{ remembered: [], rejected: [], findings: [], notes: [] },
    },
  });
  expect(queue).toEqual(['H-0001']);
  expect(rejected).toEqual([
    { id: 'H-0002', because: expect.stringMatching(/^it does not apply to E-0000: .*train\.mjs/) },
    {
      id: 'H-0003',
      because: expect.stringMatching(/^it does not parse: train\.mjs: expected JavaScript/),
    },
  ]);
  // Nothing of it is left where anybody would see it.
  expect(repo.git(['for-each-ref'])).toBe(before);
  expect(repo.git(['status', '--porcelain'])).toBe('');
});
