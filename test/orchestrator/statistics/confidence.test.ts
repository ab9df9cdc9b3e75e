import { describe, expect, test } from 'vitest';
import type {
  Attribution,
  DawnJudgement,
  Interval,
  Judgement,
  Verdict,
} from '../../../orchestrator/domain/experiment.ts';
import type { Objective } from '../../../orchestrator/domain/plan.ts';
import { confidenceOf } from '../../../orchestrator/statistics/confidence.ts';
import { aJudgement } from '../../support/events.ts';
import { aPlan } from '../../support/simulate.ts';

const objective = (more: object = {}): Objective =>
  aPlan({ objective: { metric: 'loss', direction: 'minimize', ...more } }).objective;

const centre = ([a, b]: Interval) => (a + b) / 2;

const night = (verdict: Verdict, interval: Interval | null, n = 3): Judgement =>
  aJudgement({
    ...{ verdict, n },
    on_parent: { effect: interval ? centre(interval) : -0.1, interval },
  });

const atDawn = (interval: Interval, n: number, more: Partial<DawnJudgement> = {}): Judgement =>
  aJudgement({
    verdict: more.confirmed === false ? 'inconclusive' : 'improved',
    dawn: {
      ...{ confirmed: true, n, n_baseline: n, objective: 1, baseline: 1.1, runs: [] },
      ...{ on_baseline: { effect: centre(interval), interval }, test: 'welch' as const },
      ...more,
    },
  });

const member = (more: Partial<Attribution>): Judgement =>
  aJudgement({
    stack: 'E-0009',
    attribution: {
      ...{ effect: -0.1, interval: [-0.12, -0.08], n: 6, p: 0.001, attributed: true, runs: [] },
      ...more,
    },
  });

const says = (judgement: Judgement, of: Objective = objective()) => {
  const { level, borderline } = confidenceOf(judgement, of) ?? { level: null, borderline: null };
  return [level, borderline];
};

describe('confidence', () => {
  test.each([
    ['5 fresh seeds, far from no effect', atDawn([-0.12, -0.08], 5), 'high', false],
    ['a gain where more is better', atDawn([0.08, 0.12], 5), 'high', false],
    ['4 fresh seeds', atDawn([-0.12, -0.08], 4), 'medium', false],
    ['5 fresh seeds, size not well known', atDawn([-0.12, -0.02], 5), 'medium', false],
    ['3 fresh seeds', atDawn([-0.12, -0.08], 3), 'low', true],
    ['an interval that ends at no effect', atDawn([-0.12, -0.005], 8), 'low', true],
    ['refuted, but only just', atDawn([-0.12, 0.005], 8, { confirmed: false }), 'low', true],
    ['refuted clearly', atDawn([-0.05, 0.06], 8, { confirmed: false }), 'low', false],
    ['no fresh seed', atDawn([0, 0], 0, { on_baseline: null, confirmed: false }), 'low', true],
  ] as const)('at dawn: %s', (name, judgement, level, borderline) => {
    const direction = name.includes('more') ? 'maximize' : 'minimize';
    expect(says(judgement, objective({ direction }))).toEqual([level, borderline]);
  });

  test('a confirmed gain next to min_effect is a near thing, however sure its sign', () => {
    const judgement = atDawn([-0.12, -0.08], 8);
    expect(says(judgement, objective({ min_effect: 0.099 }))).toEqual(['low', true]);
    expect(says(judgement, objective({ min_effect: 0.05 }))).toEqual(['high', false]);
  });

  test.each([
    ['attributed', {}, 'high', false],
    ['attributed on 4 seeds', { n: 4 }, 'medium', false],
    ['not attributed', { p: 0.4, attributed: false }, 'low', false],
    ['p just below α', { p: 0.04 }, 'low', true],
    ['p just above α', { p: 0.09, attributed: false }, 'low', true],
    ['p just out of a factor of two', { p: 0.024 }, 'high', false],
  ] as const)('of a change in a stack: %s', (_, more, level, borderline) => {
    expect(says(member(more))).toEqual([level, borderline]);
  });

  test.each([
    ['clearly worse', night('worse', [0.08, 0.12]), 'medium', false],
    ['just worse', night('worse', [0.002, 0.12]), 'low', true],
    ['promising on 3 seeds', night('promising', [-0.12, -0.08]), 'medium', false],
    ['promising on 2 seeds', night('promising', [-0.12, -0.08], 2), 'low', false],
    ['promising, just', night('promising', [-0.12, -0.002]), 'low', true],
    ['clearly no difference', night('no_difference', [-0.01, 0.01]), 'medium', false],
    ['just no difference', night('no_difference', [-0.049, 0.01]), 'low', true],
    ['not settled', night('inconclusive', [-0.1, 0.1]), 'low', false],
    ['a deterministic script', night('worse', null), 'high', false],
    ['a deterministic script, before dawn', night('promising', null), 'low', false],
  ] as const)('at night: %s', (_, judgement, level, borderline) => {
    expect(says(judgement, objective({ min_effect: 0.05 }))).toEqual([level, borderline]);
  });

  test('is nobody’s where nothing was compared', () => {
    expect(confidenceOf(null, objective())).toBeNull();
    expect(confidenceOf(night('failed', null), objective())).toBeNull();
    expect(confidenceOf(aJudgement({ on_parent: null }), objective())).toBeNull();
  });

  test('is never high on the script’s own word where an evaluator could have checked it', () => {
    const judgement = atDawn([-0.12, -0.08], 5);
    const level = (tier: string, evaluator: boolean) =>
      confidenceOf(judgement, objective(), { tier, evaluator })?.level;
    expect(level('self_reported', true)).toBe('medium');
    expect(level('self_reported', false)).toBe('high');
    expect(level('checked', true)).toBe('high');
  });
});
