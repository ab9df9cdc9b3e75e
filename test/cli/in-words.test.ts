import { afterEach, expect, test, vi } from 'vitest';
import { run as ask } from '../../cli/ask.ts';
import { fact } from '../../cli/output.ts';
import { asItStands } from '../../cli/show/diff.ts';
import { spendInWords } from '../../cli/spend.ts';
import { objectiveInWords } from '../../cli/words.ts';
import type { Event } from '../../orchestrator/domain/event.ts';
import { replay } from '../../orchestrator/domain/fold.ts';
import { changeInWords, type Change } from '../../orchestrator/domain/hypothesis.ts';
import type { Lab } from '../../orchestrator/lab/lab.ts';
import { checkoutProbe } from '../../orchestrator/lab/probe.ts';
import { targetOf } from '../../orchestrator/lab/rerun/target.ts';
import { statusOf } from '../../orchestrator/lab/status.ts';
import { aNight } from '../support/events.ts';

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

test('the plan is told of where it alone is not committed', () => {
  expect(checkoutProbe([]).text).toBe('nothing uncommitted');
  expect(checkoutProbe(['research_plan.yaml']).text).toContain(
    'research_plan.yaml is not committed',
  );
});

test('an empty question is refused, with what was expected', async () => {
  await expect(ask([''], {})).rejects.toThrow('expected a question');
});

const lab = { root: '/nowhere', notebookDir: '/nowhere' } as Lab;

test('a run of one’s own is not rerun, and its refusal says how it is repeated', async () => {
  const own = { id: 'R-0001', command: `python 'a b.py'` };
  const state = { ...replay([]), own: new Map([['R-0001', own]]) } as never;
  await expect(targetOf(lab, state, 'R-0001', '/')).rejects.toThrow(
    "autolab run -- python 'a b.py'",
  );
});

test('a night that was asked to stop is told from one that was cut off', async () => {
  const stop = { type: 'stopping', night: 'N-0001', how: 'drain', who: 'autolab stop' } as const;
  const events = [aNight(), stop].map(
    (body, seq) => ({ ...body, seq, at: '2026-01-01T00:00:00.000Z' }) as Event,
  );
  const stopped = (all: readonly Event[]) => statusOf(lab, replay(all));
  expect(await stopped(events)).toMatchObject({ state: 'cut_off', stopped_by: 'autolab stop' });
  expect(await stopped(events.slice(0, -1))).toMatchObject({ stopped_by: null });
});
