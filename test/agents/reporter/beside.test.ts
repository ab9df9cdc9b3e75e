import { describe, expect, test } from 'vitest';
import { createReporter } from '../../../agents/reporter.ts';
import type { Report } from '../../../orchestrator/domain/ports.ts';
import { notebookOf } from './kept.ts';
import { CONFIRMED } from './nights.ts';
import type { Told, Tried } from './told.ts';

/** What stands under "What to try next" on the first page. */
async function nextAfter(night: Told): Promise<string> {
  const report = createReporter({ notebook: await notebookOf(night) });
  const { documents } = (await report({ task: 'report', night: 'N-0002' })) as Report;
  const page = documents.find(({ path }) => path === 'FINDINGS.md')?.text ?? '';
  return page.split('\n## What to try next\n')[1]?.split('![')[0] ?? '';
}

const promising = (id: string, parent: string, change: Tried['change'], at: number): Tried => ({
  ...{ id, parent, verdict: 'promising', ...(change && { change }) },
  values: [at, at + 0.001, at - 0.001],
});

describe('what was promising beside a stack that is invalid', () => {
  const tried: readonly Tried[] = [
    { id: 'E-0000', values: [1.6102, 1.6137, 1.6125], dawn: [1.6121, 1.6148, 1.6097] },
    promising('E-0001', 'E-0000', { width: '64' }, 1.59),
    {
      ...promising('E-0002', 'E-0001', { depth: '4' }, 1.57),
      ...{ verdict: 'invalid', confirmed: false, dawn: [1.57, 1.571, 1.569] },
      because_of: 'constraint: peak_memory_mb at most 600, found 900 (6 runs)',
    },
    promising('E-0003', 'E-0000', { dropout: '0.1' }, 1.595),
    promising('E-0004', 'E-0002', { activation: 'relu' }, 1.55),
    promising('E-0005', 'E-0001', { batch_size: '64' }, 1.58),
  ];

  test('is put on base, or given the fresh seeds that it lacks there', async () => {
    const next = await nextAfter({ tried });
    expect(next).toContain('Try E-0005 `batch_size=64` on base: it was promising on E-0001');
    expect(next).toMatch(
      /Give E-0003 `dropout=0.1` fresh seeds: it was promising on the baseline E-0000, −.*, and dawn did not test it/,
    );
    expect(next).not.toContain('on top of the best');
  });

  test('is none of its members, and nothing that was built on it', async () => {
    const next = await nextAfter({ tried });
    expect(next).not.toContain('E-0001 `width=64` fresh seeds');
    expect(next).not.toMatch(/E-0002|E-0004/);
  });
});

test('what was promising on something invalid is not put on top of the best', async () => {
  const invalid = { ...promising('E-0014', 'E-0007', { depth: '6' }, 1.55), verdict: 'invalid' };
  const onIt = promising('E-0015', 'E-0014', { init_scale: '0.5' }, 1.54);
  const tried = [...CONFIRMED.tried.map(({ curve: _, ...one }) => one), invalid, onIt];
  const next = await nextAfter({ tried });
  expect(next).toContain('Try E-0009 `dropout=0.1` on top of the best');
  expect(next).not.toContain('E-0015');
});

describe('another value of a knob that the best has set', () => {
  const plain = CONFIRMED.tried.map(({ curve: _, ...one }) => one);
  const nextWith = (...more: readonly Tried[]) => nextAfter({ tried: [...plain, ...more] });

  test('is to be tried in its place where it gained more on the same parent', async () => {
    const next = await nextWith(
      promising('E-0014', 'E-0003', { learning_rate: '0.05' }, 1.561),
      promising('E-0015', 'E-0003', { learning_rate: '0.04' }, 1.569),
    );
    expect(next).toMatch(
      /Try E-0014 `learning_rate=0\.05` in place of E-0007 `learning_rate=0\.03`: it gained more on E-0003 `width=64` \(−0\.031\d*, 95 % interval −\S+ to −\S+, against −0\.018\d*, 95 % interval −\S+ to −\S+\) \(E-/,
    );
    expect(next).not.toContain('E-0015');
    expect(next).toContain('Try E-0009 `dropout=0.1` on top of the best');
  });

  test.each([
    ['gained less there', promising('E-0014', 'E-0003', { learning_rate: '0.05' }, 1.581)],
    ['stood on another parent', promising('E-0014', 'E-0000', { learning_rate: '0.05' }, 1.561)],
    [
      'set another knob, too',
      promising('E-0014', 'E-0003', { learning_rate: '0.05', width: '96' }, 1.561),
    ],
  ])('is not where it %s', async (_, other) => {
    const next = await nextWith(other);
    expect(next).toContain('on top of the best');
    expect(next).not.toContain('E-0014');
  });

  test('gained more where the number is larger, if that is the better way', async () => {
    const turned = (values: readonly number[] | undefined) => (values ?? []).map((v) => 3 - v);
    const all = [...plain, promising('E-0014', 'E-0003', { learning_rate: '0.05' }, 1.561)];
    const tried = all.map((one) => ({
      ...one,
      values: turned(one.values),
      ...(one.dawn && { dawn: turned(one.dawn) }),
    }));
    const next = await nextAfter({ night: { direction: 'maximize' }, tried });
    expect(next).toMatch(/Try E-0014 .* in place of E-0007 .* \(\+0\.031/);
  });
});
