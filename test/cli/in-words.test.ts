import { afterEach, expect, test, vi } from 'vitest';
import { fact } from '../../cli/output.ts';
import { asItStands } from '../../cli/show/diff.ts';
import { spendInWords } from '../../cli/spend.ts';
import { objectiveInWords } from '../../cli/words.ts';
import { changeInWords, type Change } from '../../orchestrator/domain/hypothesis.ts';

/** Single turns of phrase of the pages that people read. */

afterEach(() => {
  vi.restoreAllMocks();
});

test('a fact whose name is long is still apart from it', () => {
  const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  fact('thought of by', 'scripted');
  fact('change', 'unchanged');
  expect(out.mock.calls.map(([line]) => line)).toEqual([
    'thought of by scripted\n',
    'change      unchanged\n',
  ]);
});

test('a patch without a file is a patch, and not called inline', () => {
  const patch = { kind: 'patch', file: null, diff: '' } as const;
  const momentum = { kind: 'knobs', values: { momentum: '0.9' } } as const;
  const words = (change: Change) => changeInWords(change);
  expect(words(patch)).toBe('a patch');
  expect(words({ kind: 'stack', changes: [momentum, patch] })).toBe('momentum=0.9, a patch');
  expect(words({ ...patch, file: 'ideas/tie.diff' })).toBe('patch=ideas/tie.diff');
  expect(words({ kind: 'none' })).toBe('unchanged');
});

test('where nothing is known of the price, it is unknown and not nothing', () => {
  const spent = (unpriced: number, usd: number) =>
    spendInWords(
      {
        total: { calls: 9, tokens: { input: 100, output: 20 }, usd, unpriced },
        ...{ by_role: {}, without: [] },
      },
      {},
    );
  expect(spent(8, 0)).toBe('9 calls of models, 120 tokens, price unknown');
  expect(spent(8, 0.5)).toContain('$0.50, 8 calls of unknown price');
  expect(spent(0, 0)).toContain('$0.00');
});

test('a run without a number was not measured, whatever its tier would be', () => {
  expect(objectiveInWords({ objective: null, tier: 'self_reported' })).toBe('not measured');
  expect(objectiveInWords({ objective: 1.5, tier: 'checked' })).toBe('1.5 (checked)');
});

test('a line of a traceback keeps its indent, and moves no cursor', () => {
  expect(asItStands('    x = \u001b[31mf(1)\u0007')).toBe('    x =  [31mf(1)');
});
