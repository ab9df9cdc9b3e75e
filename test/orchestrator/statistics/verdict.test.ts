import { expect, test } from 'vitest';
import type { RunId } from '../../../orchestrator/domain/ids.ts';
import { confidenceOf } from '../../../orchestrator/statistics/confidence.ts';
import { moderate } from '../../../orchestrator/statistics/moderate.ts';
import { judge, type Arm } from '../../../orchestrator/statistics/verdict.ts';

const arm = (of: string, values: Readonly<Record<number, number>>): Arm =>
  Object.entries(values).map(([seed, value]) => ({
    ...{ run: `${of}.${seed}` as RunId, seed: Number(seed), value },
  }));

/** A lucky first seed: beside the mean over all four, whatever ran on it looks better. */
const PARENT = arm('E-0000', { 1: 0.5595, 2: 0.562, 3: 0.5611, 4: 0.5607 });

function saidOf(candidate: Arm, chance = 0.99): string {
  const { verdict, because } = judge({
    objective: { metric: 'val_loss', direction: 'minimize', at: 'last' },
    ...{ candidate, parent: PARENT, baseline: PARENT, chance },
    moderation: moderate([PARENT.map(({ value }) => value)]),
    ...{ seeded: true, deterministic: false },
  });
  expect(verdict).toBe('inconclusive');
  return because;
}

test('a change that is no better on its parent’s seed is never said to look better', () => {
  for (const value of [0.5595, 0.5604])
    expect(saidOf(arm('E-0001', { 1: value }))).toMatch(
      /^on its one seed no better than its parent,/,
    );
});

test('a change of one seed is said to look better so far, and on which comparison', () => {
  expect(saidOf(arm('E-0001', { 1: 0.559 }))).toBe(
    'looked better on its one seed so far: better than its parent with probability 99%',
  );
  expect(saidOf(arm('E-0001', { 9: 0.5604 }))).toContain('than its parent’s mean over others');
});

test('a change that came apart on a seed is worse, however good its other seeds are', () => {
  const candidate = arm('E-0001', { 1: 0.5401, 2: 0.5402, 3: 4e78 });
  const of = (parent: Arm) =>
    judge({
      objective: { metric: 'val_loss', direction: 'minimize', at: 'last' },
      ...{ candidate, parent, baseline: parent, chance: 0.9 },
      moderation: moderate([candidate, parent, PARENT].map((one) => one.map(({ value }) => value))),
      ...{ seeded: true, deterministic: false },
    });
  const judged = of(PARENT);
  expect(judged.verdict).toBe('worse');
  expect(judged.because).toMatch(/^worse than its parent, and its 3 seeds lie 2e\+81 times as far/);
  // How much worse is not known, and not said.
  const [low, high] = judged.on_parent?.interval ?? [];
  expect(low).toBeLessThan(-1e78);
  expect(high).toBeGreaterThan(1e78);
  const sure = confidenceOf(judged, { metric: 'val_loss', direction: 'minimize', at: 'last' });
  expect(sure).toMatchObject({ level: 'medium', because: 'one of its 3 seeds came apart' });
  // Where its parent came apart too, it may be no worse than that.
  expect(of(arm('E-0002', { 1: 0.56, 2: 1e70, 3: 0.55 })).verdict).toBe('inconclusive');
});

test('a lead that is likelier luck is called so', () => {
  expect(saidOf(arm('E-0001', { 1: 0.559 }), 0.129)).toBe(
    'looked better on its one seed so far: luck is likelier (better than its parent with probability 12%)',
  );
});
