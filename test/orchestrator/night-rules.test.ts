import { describe, expect, test } from 'vitest';
import { briefFor } from '../../orchestrator/briefs.ts';
import type { PlannerBrief } from '../../orchestrator/domain/brief.ts';
import type { Experiment } from '../../orchestrator/domain/experiment.ts';
import type { Event } from '../../orchestrator/domain/event.ts';
import type { Plan } from '../../orchestrator/domain/plan.ts';
import type { FailureClass, Run } from '../../orchestrator/domain/run.ts';
import { replay } from '../../orchestrator/domain/fold.ts';
import { currentNight, experimentIn, type State } from '../../orchestrator/domain/state.ts';
import { elapsed } from '../../orchestrator/budget.ts';
import { searchMoves } from '../../orchestrator/search.ts';
import {
  aPatch,
  aPlan,
  anIdea,
  nightStarted,
  normals,
  simulate,
  uniforms,
  type World,
} from '../support/simulate.ts';

/** Rules that a night once broke, each found by a review or a fuzzed night. */

const steady = (gains: Record<string, number>): World => {
  const noise = normals(uniforms(11));
  return {
    ideas: ['a', 'b', 'c', 'd'].map((title) => anIdea(title)),
    measure: (titles) => 1 + 0.01 * noise() - titles.reduce((sum, t) => sum + (gains[t] ?? 0), 0),
  };
};

const memoryIn = (state: State) => {
  const night = currentNight(state);
  const brief = briefFor(
    state,
    {
      ...{ kind: 'plan', id: 'p', role: 'planner', night: night.id, round: 1 },
      incumbent: night.incumbent ?? 'E-0000',
    },
    { branch_prefix: 'autolab', gpus: () => null },
  ) as PlannerBrief;
  return brief.memory;
};

describe('a night', () => {
  test('ends, within its budget, whatever fails', () => {
    const classes: FailureClass[] = [
      'idea',
      'infrastructure',
      'timeout',
      'not_a_number',
      'no_metric',
    ];
    for (let seed = 1; seed <= (process.env['FULL'] ? 300 : 50); seed++) {
      const uniform = uniforms(seed);
      const often = uniform() * 0.6;
      const runs = 10 + Math.floor(uniform() * 30);
      const plan = aPlan({
        budget: { experiments: 1 + Math.floor(uniform() * 12), runs },
        ...(uniform() < 0.3 ? { constraints: [{ metric: 'loss', max: 1 }] } : {}),
        run: {
          command: 'x',
          ...(uniform() < 0.8 ? { seed: { env: 'S' } } : { deterministic: uniform() < 0.5 }),
        },
      });
      const world: World = {
        ideas: Array.from({ length: 12 }, (_, i) => anIdea(`idea-${i}`)),
        measure: () =>
          uniform() < often
            ? { fails: classes[Math.floor(uniform() * classes.length)] ?? 'idea' }
            : uniform(),
      };
      const slots = 1 + Math.floor(uniform() * 5);
      const { state } = simulate(world, nightStarted(plan, { slots }));
      const night = currentNight(state);
      expect(night.ended, `seed ${seed}`).not.toBeNull();
      expect(night.candidates).toBeLessThanOrEqual(plan.budget.experiments);
      expect([...state.runs.values()].filter((run) => run.status === 'running')).toEqual([]);
      for (const { id, parent, judgement } of state.experiments.values())
        expect(parent === null || judgement !== null, `${id} of seed ${seed}`).toBe(true);
    }
  });

  test('stops at the first baseline run that fails, and leaves nothing open', () => {
    const world: World = { ideas: [anIdea('a')], measure: () => ({ fails: 'no_metric' }) };
    const { state } = simulate(world, nightStarted(aPlan(), { slots: 1 }));
    expect(state.runs.size).toBe(1);
    expect(currentNight(state).active).toEqual([]);
  });

  test('confirms a clear gain on a small budget of runs: what dawn needs is not spent on screens', () => {
    const many = process.env['FULL'] ? 20 : 8;
    const confirmed = Array.from({ length: many }, (_, seed) => {
      const noise = normals(uniforms(seed + 50));
      const world: World = {
        ideas: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((title) => anIdea(title)),
        measure: (titles) => 1 + 0.01 * noise() - (titles.includes('a') ? 0.5 : 0),
      };
      const plan = aPlan({ budget: { experiments: 8, runs: 14 } });
      const { state } = simulate(world, nightStarted(plan));
      expect(currentNight(state).runs_started).toBeLessThanOrEqual(14);
      return [...state.experiments.values()].some((e) => e.judgement?.verdict === 'improved');
    });
    expect(confirmed.filter(Boolean).length).toBeGreaterThanOrEqual(many - 1);
  });

  test('judges a constraint as it does the objective, by an interval over all seeds', () => {
    const plan = aPlan({ constraints: [{ metric: 'loss', min: 0.75 }] });
    const where = (ofA: (seed: number, purpose: string) => number) => {
      const world: World = {
        ...steady({}),
        measure: (titles, run) => {
          const noise = ((run.seed ?? 0) % 7) * 0.001;
          return noise + (titles.includes('a') ? ofA(run.seed ?? 0, run.purpose) : 1);
        },
      };
      const { state } = simulate(world, nightStarted(plan));
      return [...state.experiments.values()].find((e) => e.title === 'a')?.judgement;
    };
    const brokenAtDawn = where((_, purpose) => (purpose === 'dawn' ? 0.71 : 0.76));
    expect(brokenAtDawn).toMatchObject({ verdict: 'invalid', limits: [{ status: 'not_met' }] });
    // Far apart beyond what any other arm shows: what its own seeds say, which is not enough.
    const apart = where((_, purpose) => (purpose === 'dawn' ? 0.6 : 0.8));
    expect(apart).toMatchObject({ verdict: 'inconclusive', limits: [{ status: 'borderline' }] });
    const oddSeed = where((seed) => (seed === 2 ? 0.74 : 0.8));
    expect(oddSeed).toMatchObject({ verdict: 'improved', limits: [{ status: 'met' }] });
    const doubtful = where((seed) => (seed % 2 === 0 ? 0.6 : 0.82));
    expect(doubtful).toMatchObject({ verdict: 'inconclusive', limits: [{ status: 'borderline' }] });
    expect(doubtful?.because).toContain('whether it holds is open');
  });

  test('claims nothing of a change that diverges on one of its fresh seeds', () => {
    let fresh = 0;
    const noise = normals(uniforms(5));
    const world: World = {
      ideas: [anIdea('a')],
      measure: (titles, run) => {
        const value = 1 + 0.01 * noise();
        if (!titles.includes('a')) return value;
        if (run.purpose === 'dawn' && ++fresh === 2) return { fails: 'not_a_number' };
        return value - 0.5;
      },
    };
    const { state } = simulate(world, nightStarted(aPlan()));
    const judged = [...state.experiments.values()].find((e) => e.title === 'a')?.judgement;
    expect(judged).toMatchObject({ verdict: 'inconclusive', dawn: { confirmed: false, n: 3 } });
    expect(judged?.because).toContain('not_a_number');
  });

  test('names what a claim lacks: the size that the plan asks for, or fresh seeds that were lost', () => {
    const judged = (plan: Plan, lost: (run: Run) => boolean) => {
      const noise = normals(uniforms(5));
      const world: World = {
        ideas: [anIdea('a')],
        measure: (titles, run) =>
          lost(run)
            ? { fails: 'infrastructure' }
            : 1 +
              0.001 * noise() -
              (titles.includes('a') ? (run.purpose === 'dawn' ? 0.3 : 0.5) : 0),
      };
      const { state } = simulate(world, nightStarted(plan));
      return [...state.experiments.values()].find((e) => e.title === 'a')?.judgement;
    };
    const objective = { metric: 'loss', direction: 'minimize', min_effect: 0.4 } as const;
    const fresh = (run: Run) => run.purpose === 'dawn' && run.experiment === 'E-0001';
    let n = 0;
    const small = judged(aPlan({ objective }), () => false);
    expect(small).toMatchObject({ verdict: 'inconclusive', dawn: { confirmed: false } });
    expect(small?.because).toBe(
      'looked promising at night; the gain on fresh seeds is below min_effect 0.4',
    );
    const lost = judged(aPlan({ objective }), (run) => fresh(run) && ++n > 2);
    expect(lost).toMatchObject({ verdict: 'inconclusive', dawn: { confirmed: false, n: 2 } });
    expect(lost?.because).toBe(
      'looked promising at night; only 2 fresh seeds of E-0001 finished at dawn, and a claim needs 3',
    );
  });

  test('does not believe a script to be deterministic that gives two numbers', () => {
    const plan = aPlan({ run: { command: 'x', deterministic: true } });
    let i = 0;
    const world: World = {
      ideas: [anIdea('a')],
      measure: (titles) => (titles.includes('a') ? 0.5 : 1) + 0.001 * i++,
    };
    const { state } = simulate(world, nightStarted(plan));
    const judged = [...state.experiments.values()].find((e) => e.title === 'a')?.judgement;
    expect(judged).toMatchObject({ verdict: 'inconclusive' });
    expect(judged?.because).toContain('deterministic');
  });

  test('says of a leader without replicates that no run was left, not that it did not look better', () => {
    const plan = aPlan({ budget: { experiments: 1, runs: 4 } });
    const { state } = simulate(steady({ a: 0.5 }), nightStarted(plan));
    const judged = [...state.experiments.values()].find((e) => e.title === 'a')?.judgement;
    expect(judged?.because).toContain('looked better');
    // And it is free to be tried again.
    expect(memoryIn(state)).toEqual([]);
  });

  test('remembers what looked good on one run while it may still follow it up', () => {
    const { events } = simulate(steady({ a: 0.5, b: 0.4, c: 0.3 }), nightStarted(aPlan()));
    const at = events.findIndex((e) => e.type === 'experiment_judged');
    const state = replay(events.slice(0, at + 1));
    const judged = events[at];
    const id = judged?.type === 'experiment_judged' ? judged.experiment : null;
    expect(memoryIn(state).map(({ experiment }) => experiment)).toContain(id);
  });

  test('puts on a newer incumbent no change that it has already, by whatever way', () => {
    const gains: Record<string, number> = { a: 0.3, b: 0.2 };
    const { events } = simulate(steady(gains), nightStarted(aPlan()));
    const again = events.findIndex(
      (event) => event.type === 'experiment_opened' && event.experiment.reapplies,
    );
    const before = replay(events.slice(0, again));
    const reapplied = (state: State) =>
      searchMoves(state, currentNight(state)).flatMap((move) =>
        move.kind === 'reapply' ? [move.of] : [],
      );
    const [of] = reapplied(before);
    if (of === undefined) throw new Error('expected a change to put on the incumbent');
    const { incumbent } = currentNight(before);
    if (incumbent === null) throw new Error('expected an incumbent');
    const having = (change: Experiment['change'], there: Partial<Experiment>): State => ({
      ...before,
      experiments: new Map(before.experiments)
        .set(of, { ...experimentIn(before, of), change })
        .set(incumbent, { ...experimentIn(before, incumbent), ...there }),
    });
    const patch = (what: string) => ({ kind: 'patch', file: null, ...aPatch(what) }) as const;
    const knobs = { kind: 'knobs', values: { rate: '2' } } as const;
    expect(reapplied(having(patch('x'), { change: patch('y') }))).toEqual([of]);
    expect(reapplied(having(patch('x'), { change: patch('x') }))).toEqual([]);
    expect(reapplied(having(knobs, { settings: { rate: '1' } }))).toEqual([of]);
    expect(reapplied(having(knobs, { settings: { rate: '2' } }))).toEqual([]);
  });

  test('that was cut off leaves no idea blocked for the next', () => {
    const { events } = simulate(steady({ a: 0.5 }), nightStarted(aPlan()));
    const cut = events.slice(
      0,
      events.findIndex((e) => e.type === 'run_ended' && e.result.run === 'E-0001.1') + 1,
    );
    const at = '2026-01-02T00:00:00.000Z';
    const next = replay([
      ...cut,
      {
        type: 'night_ended',
        night: 'N-0001',
        reason: 'superseded',
        message: '',
        seq: 900,
        at,
      } as Event,
      { ...nightStarted(aPlan(), { night: 'N-0002', baseline: 'E-0000' }), seq: 901, at } as Event,
    ]);
    expect(experimentIn(next, 'E-0001').judgement).toBeNull();
    expect(memoryIn(next)).toEqual([]);
  });

  test('does not count the time that a flag in between was set as worked', () => {
    const { events } = simulate(steady({}), nightStarted(aPlan()));
    const cut = events.slice(0, 12);
    const worked = elapsed(replay(cut), currentNight(replay(cut)));
    const state = replay([
      ...cut,
      {
        ...{ type: 'flagged', target: 'E-0000', label: 'odd', because: '', who: 'me' },
        ...{ seq: 13, at: '2026-01-01T10:00:00.000Z' },
      },
      {
        type: 'night_resumed',
        night: 'N-0001',
        slots: 2,
        plan: aPlan(),
        seq: 14,
        at: '2026-01-01T10:00:05.000Z',
      },
    ]);
    expect(elapsed(state, currentNight(state))).toBeCloseTo(worked, 6);
  });
});
