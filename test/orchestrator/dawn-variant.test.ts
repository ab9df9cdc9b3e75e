import { describe, expect, test } from 'vitest';
import { briefFor } from '../../orchestrator/briefs.ts';
import type { ExperimentId, RunId } from '../../orchestrator/domain/ids.ts';
import type { Plan } from '../../orchestrator/domain/plan.ts';
import type { Run } from '../../orchestrator/domain/run.ts';
import { armOf, currentNight, experimentIn, runsOf } from '../../orchestrator/domain/state.ts';
import { countedRuns } from '../../orchestrator/domain/variant.ts';
import { estimate } from '../../orchestrator/lab/probe/estimate.ts';
import { mean } from '../../orchestrator/statistics/compare.ts';
import { anIdea, aPlan, nightStarted, simulate, type World } from '../support/simulate.ts';

/** Longer training reaches a loss 1 lower, and half of what a change is worth. */
const world = (gain: number): World => ({
  ideas: [anIdea('helps'), anIdea('idle')],
  measure: (titles, { seed, variant }) =>
    (variant ? 1 : 2) +
    0.001 * Math.sin((seed ?? 1) * 12.9898) -
    (titles.includes('helps') ? gain / (variant ? 2 : 1) : 0),
});

const around = { branch_prefix: 'autolab', gpus: () => null };

const aNight = (dawn: Record<string, unknown> | undefined, budget: Partial<Plan['budget']> = {}) =>
  simulate(
    world(0.2),
    nightStarted(aPlan({ dawn, budget: { experiments: 8, runs: 20, ...budget } })),
  );

const atDawn = (run: Run): boolean => run.purpose === 'dawn';

describe('a dawn that trains longer', () => {
  const { state } = aNight({ args: '--steps 5000', env: { LONG: 1 }, timeout: '2h', seeds: 6 });
  const night = currentNight(state);
  const tip = night.incumbent as ExperimentId;

  test('confirms by its own numbers, and leaves the night’s to the night', () => {
    const { judgement } = experimentIn(state, tip);
    expect(judgement).toMatchObject({ verdict: 'improved', dawn: { n: 6, n_baseline: 6 } });
    expect(judgement?.dawn?.on_baseline?.effect).toBeCloseTo(-0.1, 2);
    expect(judgement?.dawn?.baseline).toBeCloseTo(1, 2);
    expect(judgement?.on_baseline?.effect).toBeCloseTo(-0.2, 2);
    expect(judgement?.objective).toBeCloseTo(1.8, 2);
    for (const id of ['E-0000', tip] as const) {
      const fresh = new Set(
        runsOf(state, id)
          .filter(atDawn)
          .map(({ id: run }) => run),
      );
      expect(fresh.size).toBe(6);
      expect(armOf(state, id).some(({ run }) => fresh.has(run))).toBe(false);
    }
    expect(mean(armOf(state, 'E-0000').map(({ value }) => value))).toBeCloseTo(2, 2);
  });

  test('is called with more, has its own time, and says so in its order', () => {
    const orderOf = (run: Run) => {
      const work = { kind: 'run', id: '', role: 'worker', run: run.id, attempt: 1 } as const;
      const brief = briefFor(state, work, around);
      if (!('task' in brief) || brief.task !== 'run') throw new Error('expected an order');
      return brief.order;
    };
    const runs = runsOf(state, tip);
    for (const run of runs) {
      const { command, plan, variant } = orderOf(run);
      expect({ ...command, timeout: plan.run.timeout, variant }).toEqual(
        atDawn(run)
          ? {
              ...{ command: 'node train.mjs --steps 5000', env: { LONG: '1' } },
              ...{ timeout: 7200, variant: 'dawn' },
            }
          : { command: 'node train.mjs', env: {}, timeout: 3600, variant: undefined },
      );
    }
  });

  test('costs the search nothing', () => {
    const dawns = [...state.runs.values()].filter(atDawn).length;
    expect(dawns).toBe(12);
    expect(countedRuns(state, night)).toBe(night.runs_started - dawns);
    const tight = aNight({ args: '--long' }, { runs: 8 });
    const counted = countedRuns(tight.state, currentNight(tight.state));
    expect(counted).toBe(8);
    expect(currentNight(tight.state).dawn?.seeds).toHaveLength(4);
    // Without it, so small a budget has nothing left for dawn.
    expect(currentNight(aNight(undefined, { runs: 8 }).state).dawn?.seeds).toHaveLength(0);
  });
});

test('a limit is asked of dawn’s runs alone: a mean with the night’s would be of nothing', () => {
  const constraints = [{ metric: 'loss', min: 1.2 }];
  const { state } = simulate(
    world(0.2),
    nightStarted(aPlan({ constraints, dawn: { args: '--long' } })),
  );
  const tip = currentNight(state).incumbent as ExperimentId;
  const { judgement } = experimentIn(state, tip);
  expect(judgement).toMatchObject({ verdict: 'invalid', limits: [{ status: 'not_met' }] });
  expect(judgement?.limits?.[0]?.mean).toBeCloseTo(0.9, 2);
});

test('a dawn with more seeds alone is the same training, and pools as ever', () => {
  const { state } = aNight({ seeds: 7 });
  const tip = currentNight(state).incumbent as ExperimentId;
  expect(experimentIn(state, tip).judgement?.dawn?.n).toBe(7);
  const fresh = runsOf(state, tip).filter(atDawn);
  const arm = new Set(armOf(state, tip).map(({ run }): RunId => run));
  expect(fresh.every(({ id, variant }) => arm.has(id) && variant === undefined)).toBe(true);
});

test('the estimate says what dawn takes on top of the budget', () => {
  const plan = aPlan({ dawn: { args: '--long', timeout: '2h', seeds: 5 } });
  const measured = { by: 'notebook' as const, seconds: [60], dawn: [600, 600] };
  expect(estimate(plan, 2, null).dawn).toMatchObject({ runs: 10, seconds: 5 * 7200 });
  expect(estimate(plan, 2, measured)).toMatchObject({
    dawn: { runs: 10, seconds: 3000, measured: 2 },
    text: expect.stringContaining('then dawn, which the budget does not count: about 50 min'),
  });
  expect(estimate(aPlan(), 2, null).dawn).toBeNull();
});
