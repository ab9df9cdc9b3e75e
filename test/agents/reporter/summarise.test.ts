import { describe, expect, test } from 'vitest';
import { createReporter } from '../../../agents/reporter.ts';
import type { RunId } from '../../../orchestrator/domain/ids.ts';
import { memoryNotebook } from './notebook.ts';
import * as nights from './nights.ts';
import { told, type Told } from './told.ts';

async function said(night: Told, run: RunId): Promise<string> {
  const report = createReporter({ notebook: await memoryNotebook(told(night)) });
  return ((await report({ task: 'summarise', run })) as { text: string }).text;
}

describe('the line on a run that ended', () => {
  test('says seed, objective, the difference from the baseline, and how long it took', async () => {
    expect(await said(nights.GOING, 'E-0001.2')).toBe(
      'E-0001.2 seed 2: val_bpb 1.5921 (−0.0200 on baseline’s mean of n 3), 5.9 s',
    );
  });

  test('of a baseline’s run compares with the other ones', async () => {
    expect(await said(nights.GOING, 'E-0000.1')).toBe(
      'E-0000.1 seed 1: val_bpb 1.6102 (−0.0029 on the other baseline runs’ mean of n 2), 5.8 s',
    );
  });

  test('of a failure says class and message, on one line', async () => {
    expect(await said(nights.CONFIRMED, 'E-0005.1')).toBe(
      'E-0005.1 seed 1: not_a_number: expected a finite val_bpb, found NaN, 5.8 s',
    );
    expect(await said(nights.HOSTILE, 'E-0002.1')).not.toContain('\n');
  });

  test('makes no comparison while the baseline has no number', async () => {
    const first: Told = { tried: [{ id: 'E-0000', values: [1.61] }] };
    expect(await said(first, 'E-0000.1')).toBe('E-0000.1 seed 1: val_bpb 1.61, 5.8 s');
  });
});
