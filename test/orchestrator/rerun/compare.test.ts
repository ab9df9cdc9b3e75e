import { expect, test } from 'vitest';
import type { RunResult } from '../../../orchestrator/domain/run.ts';
import { compareOutcomes } from '../../../orchestrator/lab/rerun/compare.ts';
import { aResult } from '../../support/events.ts';

const failed = (kind: 'idea' | 'timeout', message: string): Partial<RunResult> => ({
  ...{ status: 'failed', objective: null, summary: [] },
  failure: { class: kind, message },
});
const compared = (was: Partial<RunResult>, now: Partial<RunResult>) =>
  compareOutcomes(aResult('E-0007.2', was), aResult('E-0007.2', now), 'loss');

test('the same number is one to the last digit, NaN included', () => {
  expect(compared({ objective: 0.1 + 0.2 }, { objective: 0.1 + 0.2 }).same).toBe(true);
  expect(compared({ objective: 0.1 + 0.2 }, { objective: 0.3 }).same).toBe(false);
  expect(compared({ objective: NaN }, { objective: NaN }).same).toBe(true);
});

test('a failure is the same by its class, not by the paths in its message', () => {
  const was = failed('idea', 'slot-1/train.mjs: no');
  expect(compared(was, failed('idea', 'slot-1007/train.mjs: no')).same).toBe(true);
  expect(compared(was, failed('timeout', 'late')).same).toBe(false);
  expect(compared(was, {}).same).toBe(false);
  expect(compared({}, was).same).toBe(false);
});

test('a rerun that was stopped is never the same', () => {
  const stopped = { ...failed('idea', 'no'), status: 'killed' } as const;
  expect(compared(failed('idea', 'no'), stopped).same).toBe(false);
});

test('the other numbers of the summary are compared, but for the memory it took', () => {
  const text = (key: string, value: string) => ({ key, number: null, text: value });
  const number = (key: string, value: number) => ({ key, number: value, text: null });
  const rest = [number('a', 1), text('saved', '/tmp/1')];
  expect(
    compared(
      { summary: [number('loss', 1), number('peak_memory_mb', 5), number('b', 7), ...rest] },
      { summary: [number('loss', 2), number('peak_memory_mb', 6), number('c', NaN), ...rest] },
    ),
  ).toEqual({
    ...{ same: true, compared: 3 },
    metrics: [
      { key: 'b', was: 7, now: null },
      { key: 'c', was: null, now: NaN },
    ],
  });
});
