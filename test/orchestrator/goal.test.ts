import { describe, expect, test } from 'vitest';
import { goalRemark } from '../../orchestrator/goal.ts';
import { memoryOf } from '../../orchestrator/memory.ts';
import { opening, planKey, type Found } from '../../orchestrator/opening.ts';
import { replay } from '../../orchestrator/domain/fold.ts';
import { currentNight } from '../../orchestrator/domain/state.ts';
import { aPlan, anIdea, nightStarted, simulate } from '../support/simulate.ts';

const plan = aPlan();
const last = currentNight(
  replay([{ ...nightStarted(plan), seq: 1, at: '2026-01-01T00:00:00.000Z' }]),
);
const more = aPlan({ objective: { metric: 'loss', direction: 'maximize', min_effect: 0.01 } });

const found: Found = {
  ...{ plan: more, plan_text: '', base: { branch: 'main', commit: 'base' }, settings: {} },
  ...{ slots: 2, machine: 'a test', data: [], own: [], diffOf: async (id) => `diff of ${id}` },
  ...{ highest_number: -1, remarks: [], because: 'it was upside down', gpus_per_run: 2 },
};

describe('a night whose goal moved', () => {
  test('says what moved, since when and why', () => {
    const remark = goalRemark(last, more, 'the metric was upside down');
    expect(remark).toBe(
      'the goal moved since N-0001 (objective.direction); verdicts of before and after are not ranked together; because: the metric was upside down',
    );
  });

  test('says that nobody gave a reason, and how one is given', () => {
    const other = aPlan({ run: { command: 'node other.mjs', seed: { env: 'SEED' } } });
    expect(goalRemark(last, other, null)).toContain('(run.command)');
    expect(goalRemark(last, other, null)).toContain('no reason was given (launch --because');
  });

  test('is not one with another budget, target or gate', () => {
    const richer = aPlan({
      objective: { metric: 'loss', direction: 'minimize', min_effect: 0.01, target: 0.5 },
      budget: { experiments: 99, plateau: '5 experiments' },
      gates: [{ after: '5 experiments', require: 'loss < 1' }],
    });
    expect(goalRemark(last, richer, null)).toBeNull();
    expect(planKey(richer)).toBe(planKey(plan));
  });

  test('nor is the first', () => {
    expect(goalRemark(null, plan, null)).toBeNull();
  });

  test('remembers what was tried before, and ranks none of it with what it tries now', () => {
    const { events, state } = simulate(
      {
        ideas: [anIdea('a')],
        measure: (titles, run) => (titles.length > 0 ? 0.5 : 1) + 0.001 * ((run.seed ?? 0) % 5),
      },
      nightStarted(plan, { plan_key: 'before' }),
    );
    const [known] = memoryOf(state, currentNight(state));
    expect(known).toMatchObject({ verdict: 'improved', gain: expect.any(Number) });
    const next = (plan_key: string) => {
      const started = nightStarted(plan, { night: 'N-0002', plan_key });
      const after = replay([...events, { ...started, seq: 9999, at: '2026-01-02T00:00:00.000Z' }]);
      return memoryOf(after, currentNight(after));
    };
    expect(next('before')).toEqual([known]);
    expect(next('after')).toEqual([{ ...known, gain: null }]);
  });

  test('is not offered what was best by another measure', async () => {
    const { state } = simulate(
      {
        ideas: [anIdea('a')],
        measure: (titles, run) => (titles.length > 0 ? 0.5 : 1) + 0.001 * ((run.seed ?? 0) % 5),
      },
      nightStarted(plan),
    );
    const offered = async (now: typeof plan) => {
      const [body] = await opening(state, { ...found, plan: now });
      return body?.type === 'night_started' ? body.proposals.map(({ title }) => title) : null;
    };
    expect(await offered(plan)).toEqual(['again: a (E-0001)']);
    expect(await offered(more)).toEqual([]);
  });

  test('records the reason with the night, and takes no baseline over', async () => {
    const { state } = simulate(
      { ideas: [anIdea('a')], measure: (_, run) => 1 + 0.001 * (run.seed ?? 0) },
      nightStarted(plan, { plan_key: planKey(plan) }),
    );
    expect(await opening(state, found)).toMatchObject([
      { type: 'night_started', baseline: null, because: 'it was upside down', gpus_per_run: 2 },
    ]);
  });
});
