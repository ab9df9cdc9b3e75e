import { expect, test } from 'vitest';
import { reviewed } from '../../agents/worker/repair.ts';
import type { Desk } from '../../orchestrator/domain/desk.ts';
import type { RepairOrder } from '../../orchestrator/domain/brief.ts';
import { changeKey } from '../../orchestrator/domain/hypothesis.ts';
import { aPlan } from '../support/simulate.ts';

/** Whether two patches are one: what they add where counts, and how they are written does not. */

const patch = (hunk: string): string => `--- a/train.mjs\n+++ b/train.mjs\n${hunk}\n`;
const key = (diff: string): string => changeKey({ kind: 'patch', file: null, diff });

const EARLY = patch('@@ -1,3 +1,4 @@\n import x\n+model = wrap(model)\n a = 1\n model = make()');
const LATE = patch('@@ -2,2 +2,3 @@\n a = 1\n model = make()\n+model = wrap(model)');

test('a line that is added elsewhere is another change', () => {
  expect(key(EARLY)).not.toBe(key(LATE));
});

test('where it is added is known with more context, less of it, and lines given anew', () => {
  const alike = [
    '@@ -3,1 +3,2 @@\n model = make()\n+model = wrap(model)',
    '@@ -1,5 +1,6 @@\n import x\n a = 1\n model = make()\n \n+model = wrap(model)\n train()',
    '@@ -2,2 +2,3 @@\n a = 1\n-model = make()\n+model = make()\n+model = wrap(model)',
  ];
  for (const hunk of alike) expect(key(patch(hunk))).toBe(key(LATE));
});

/** Takes any patch, and has no knobs to read. */
const DESK = {
  patched: async (_: string, diff: string) => ({ commit: diff }),
  editable: async () => new Map<string, string>(),
  settings: async () => null,
} as unknown as Desk;

test('a repair that moves the added line to where it works is another patch than the crashed one', async () => {
  const order = {
    ...{ original: EARLY, diff: EARLY, earlier: [], plan: aPlan() },
    failure: { class: 'idea', message: 'NameError' },
  } as unknown as RepairOrder;
  expect(await reviewed(DESK, order, LATE)).toEqual([]);
  expect(await reviewed(DESK, order, EARLY)).toEqual([
    expect.stringContaining('expected another patch than those that crashed'),
  ]);
});
