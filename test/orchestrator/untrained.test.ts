import { expect, test } from 'vitest';
import type { Change } from '../../orchestrator/domain/hypothesis.ts';
import type { Run, RunResult } from '../../orchestrator/domain/run.ts';
import { untrained } from '../../orchestrator/untrained.ts';
import { aResult } from '../support/events.ts';
import { aPlan } from '../support/simulate.ts';

const plan = aPlan({
  search_space: {
    rate: { file: 'train.py', match: 'lr = {value}', values: [1] },
    epochs: { arg: '--n={value}', default: 8, values: [1] },
    length: { file: 'train.py', match: 'MAX_STEPS = {value}', values: [1] },
  },
});

const aRun = (extra: Partial<RunResult>): Run => ({
  ...{ id: 'E-0001.1', experiment: 'E-0001', seed: 1, purpose: 'screen', attempt: 1, slot: 1 },
  ...{ status: 'finished', started: '', ended: '', said: null },
  result: aResult('E-0001.1', extra),
});
const baseline = [aRun({ steps: 1000, seconds: 60 }), aRun({ steps: 900, seconds: 80 })];
const turning = (knob: string): Change => ({ kind: 'knobs', values: { [knob]: '1' } });
const judged = (extra: Partial<RunResult>, change = turning('rate'), base = baseline) =>
  untrained(plan, [change], base, [aRun(extra)]);

test('a run that logged no step, in less than a quarter of the time, shows no training', () => {
  expect(judged({ steps: null, seconds: 14 })).toBe(
    'no training was seen: E-0001.1 logged no step in 14 s, each run of the baseline 900 or more in 60 s or more',
  );
  expect(judged({ steps: 0, seconds: 14 }, turning('epochs'))).toContain('no training was seen');
  // It may have trained as long without a word.
  expect(judged({ steps: null, seconds: 16 })).toBeNull();
});

test('a run of less than a tenth of steps and time shows none, unless the change says how long', () => {
  const hasty = { steps: 89, seconds: 5.9 };
  expect(judged(hasty)).toContain('logged 89 steps in 5.9 s');
  expect(judged({ ...hasty, seconds: 6.1 })).toBeNull();
  expect(judged({ ...hasty, steps: 91 })).toBeNull();
  expect(judged(hasty, turning('epochs'))).toBeNull();
  expect(judged(hasty, turning('length'))).toBeNull();
  const patch = (line: string): Change => ({
    ...{ kind: 'patch', file: null },
    diff: `--- a/train.py\n+++ b/train.py\n@@ -1,2 +1,2 @@\n for step in range(9):\n+${line}\n`,
  });
  expect(judged(hasty, patch('width = 3'))).toContain('no training');
  expect(judged(hasty, patch('if loss < 1: break  # early stopping'))).toBeNull();
});

test('nothing is said where there is too little to compare with', () => {
  const nothing = { steps: null, seconds: 0.1 };
  expect(judged(nothing, turning('rate'), [])).toBeNull();
  expect(
    judged(nothing, turning('rate'), [...baseline, aRun({ steps: 4, seconds: 60 })]),
  ).toBeNull();
  expect(judged(nothing, turning('rate'), [aRun({ seconds: 60 })])).toBeNull();
  // Of before steps were recorded, or of an attempt that could go on with an earlier one's work.
  expect(judged({ seconds: 0.1 })).toBeNull();
  expect(judged({ ...nothing, attempt: 2 })).toBeNull();
});
