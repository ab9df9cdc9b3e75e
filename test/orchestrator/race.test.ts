import { describe, expect, test } from 'vitest';
import type { FailureClass } from '../../orchestrator/domain/run.ts';
import { currentNight, type State } from '../../orchestrator/domain/state.ts';
import {
  aPlan,
  anIdea,
  nightStarted,
  normals,
  simulate,
  uniforms,
  type Simulated,
  type World,
} from '../support/simulate.ts';

/** What must hold of every night, whatever the world; and rules that a night once broke. */

const FAILURES: readonly FailureClass[] = [
  'idea',
  'infrastructure',
  'timeout',
  'out_of_memory',
  'not_a_number',
  'no_metric',
  'invalid',
];

/** A night with failures, constraints, slots, budgets and kinds of script drawn from `seed`. */
function anyNight(seed: number): Simulated & { readonly slots: number } {
  const uniform = uniforms(seed);
  const normal = normals(uniform);
  const upTo = (most: number) => Math.floor(most * uniform());
  const often = uniform() < 0.4 ? 0 : 0.4 * uniform();
  const kind = uniform();
  const gains = Array.from({ length: 14 }, () => (uniform() < 0.4 ? 0.2 * uniform() - 0.06 : 0));
  const isMinimum = uniform() < 0.5;
  const spread = 0.02 * uniform();
  const plan = aPlan({
    objective: {
      ...{ metric: 'loss', direction: isMinimum ? 'minimize' : 'maximize' },
      ...(uniform() < 0.6 ? { min_effect: 0.001 + 0.05 * uniform() } : {}),
    },
    budget: {
      experiments: 1 + upTo(20),
      runs: 5 + upTo(56),
      ...(uniform() < 0.3 ? { wall_clock: `${1 + upTo(400)}s` } : {}),
    },
    ...(uniform() < 0.3 ? { constraints: [{ metric: 'loss', max: 1.03 }] } : {}),
    run: {
      command: 'x',
      ...(kind < 0.7 ? { seed: { env: 'SEED' } } : { deterministic: kind < 0.85 }),
    },
  });
  const world: World = {
    ideas: gains.map((_, i) => anIdea(`idea-${i}`)),
    measure: (titles) => {
      if (uniform() < often * (titles.length === 0 ? 0.3 : 1))
        return { fails: FAILURES[upTo(FAILURES.length)] ?? 'idea' };
      const gain = titles.reduce((sum, title) => sum + (gains[Number(title.slice(5))] ?? 0), 0);
      return 1 + (isMinimum ? -gain : gain) + (plan.run.deterministic ? 0 : spread * normal());
    },
  };
  const slots = 1 + upTo(5);
  return { ...simulate(world, nightStarted(plan, { slots })), slots };
}

/** Seeds of an experiment's runs, repeats left out; a further attempt is the same run. */
const seedsOf = (state: State, runs: readonly string[]) =>
  runs.flatMap((id) => {
    const run = state.runs.get(id as 'E-0.1');
    return run?.purpose === 'repeat' ? [] : (run?.seed ?? []);
  });

function expectRules({ state, events, slots }: ReturnType<typeof anyNight>): void {
  const night = currentNight(state);
  expect(night.ended).not.toBeNull();
  expect([...state.runs.values()].filter((run) => run.status === 'running')).toEqual([]);
  const { experiments, runs = Infinity } = night.plan.budget;
  expect(night.candidates).toBeLessThanOrEqual(experiments);
  // What the machine lost is made again, though the budget knew nothing of it.
  const again = events.filter((e) => e.type === 'run_started' && e.attempt > 1).length;
  expect(night.runs_started - again).toBeLessThanOrEqual(runs);
  for (const { parent, judgement, runs: own } of state.experiments.values()) {
    expect(parent === null || judgement !== null).toBe(true);
    expect(judgement?.verdict === 'improved').toBe(judgement?.dawn?.confirmed ?? false);
    const seeds = seedsOf(state, own);
    expect(new Set(seeds).size).toBe(seeds.length);
  }
  const searched = new Set<number>();
  const busy = new Map<string, number>();
  for (const event of events) {
    if (event.type === 'run_ended') busy.delete(event.result.run);
    if (event.type !== 'run_started') continue;
    const { run, seed, slot, purpose } = event;
    expect([...busy.values()].includes(slot), `slot of ${run}`).toBe(false);
    busy.set(run, slot);
    expect(busy.size).toBeLessThanOrEqual(slots);
    if (seed === null) continue;
    if (purpose === 'dawn') expect(searched.has(seed), `seed ${seed} at dawn`).toBe(false);
    else searched.add(seed);
  }
}

describe('any night', () => {
  test('ends, judges all it tried, keeps to its budget and slots, and claims on fresh seeds alone', () => {
    const many = process.env['FULL'] ? 150 : 30;
    let claims = 0;
    for (let seed = 1; seed <= many; seed++) {
      try {
        const night = anyNight(seed);
        expectRules(night);
        claims += [...night.state.experiments.values()].filter(
          ({ judgement }) => judgement?.verdict === 'improved',
        ).length;
      } catch (error) {
        throw new Error(`night ${seed}`, { cause: error });
      }
    }
    // Nights in which nothing is ever claimed would hold all of this too.
    expect(claims).toBeGreaterThan(many / 8);
  });
});

const noise = (seed: number) => normals(uniforms(seed));

describe('a night', () => {
  test.each([
    ['two runs', { experiments: 5, runs: 2 }, 'runs_spent'],
    ['less time than its baseline needs', { experiments: 5, wall_clock: '15s' }, 'time_spent'],
  ])('of %s ends, and says that there was nothing to compare with', (_, budget, reason) => {
    for (const slots of [1, 2]) {
      const normal = noise(1);
      const world: World = {
        ideas: ['a', 'b'].map((title) => anIdea(title)),
        measure: () => 1 + 0.01 * normal(),
      };
      const { state } = simulate(world, nightStarted(aPlan({ budget }), { slots }));
      expect(currentNight(state).ended?.reason).toBe(reason);
      const judged = [...state.experiments.values()].filter(({ parent }) => parent !== null);
      for (const { judgement } of judged) expect(judgement?.verdict).toBe('inconclusive');
    }
  });

  test('makes every run again that the machine lost, a further seed too', () => {
    for (let seed = 1; seed <= (process.env['FULL'] ? 10 : 3); seed++) {
      const uniform = uniforms(seed);
      const normal = normals(uniform);
      const world: World = {
        ideas: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((title) => anIdea(title)),
        measure: (titles, run) =>
          run.attempt === 1 && uniform() < 0.2
            ? { fails: 'infrastructure' }
            : 1 + 0.01 * normal() - (titles.includes('c') ? 0.02 : 0),
      };
      const { state } = simulate(world, nightStarted(aPlan()));
      expect([...state.runs.values()].filter((run) => run.status !== 'finished')).toEqual([]);
    }
  });

  test('gives the rest of a clock to doubtful leads, as it gives the rest of its runs', () => {
    const replicates = (budget: Record<string, unknown>): number => {
      let sum = 0;
      for (let seed = 1; seed <= 5; seed++) {
        const normal = noise(seed);
        const world: World = {
          ideas: ['a', 'b', 'c', 'd', 'e', 'f'].map((title) => anIdea(title)),
          measure: () => 1 + 0.01 * normal(),
        };
        const plan = aPlan({ budget: { experiments: 6, ...budget } });
        const { state } = simulate(world, nightStarted(plan));
        sum += [...state.runs.values()].filter(({ purpose }) => purpose === 'replicate').length;
      }
      return sum;
    };
    const [bySize, byClock, without] = [{ runs: 2000 }, { wall_clock: '4h' }, {}].map(replicates);
    expect(byClock).toBe(bySize);
    expect(byClock).toBeGreaterThan(without ?? Infinity);
  });

  test('lets every idea run before it gives what is left to doubtful leads', () => {
    let unrun = 0;
    for (const budget of [{ runs: 40 }, { wall_clock: '40m' }])
      for (let seed = 1; seed <= 10; seed++) {
        const normal = noise(seed);
        const world: World = {
          ideas: Array.from({ length: 12 }, (_, i) => anIdea(`idea-${i}`)),
          measure: () => 1 + 0.01 * normal(),
          secondsPerRun: 60,
        };
        const plan = aPlan({ budget: { experiments: 12, ...budget } });
        const { state } = simulate(world, nightStarted(plan, { slots: 1 }));
        const screens = [...state.runs.values()].filter(({ purpose }) => purpose === 'screen');
        unrun += 12 - screens.length;
      }
    // What had a real chance was followed up before; of 240 ideas 24 never ran where doubt came first.
    expect(unrun).toBeLessThan(10);
  });

  test('says that its experiments were tried where doubtful leads had the rest of the clock', () => {
    const reasons = [12, 20].flatMap((ideas) =>
      Array.from({ length: 10 }, (_, seed) => {
        const normal = noise(seed);
        const world: World = {
          ideas: Array.from({ length: ideas }, (__, i) => anIdea(`idea-${i}`)),
          measure: () => 1 + 0.01 * normal(),
          secondsPerRun: 60,
        };
        const plan = aPlan({ budget: { experiments: 12, wall_clock: '60m' } });
        const { state } = simulate(world, nightStarted(plan, { slots: 1 }));
        const ran = [...state.experiments.values()].filter(({ runs }) => runs.length > 0).length;
        return ran === 13 ? [currentNight(state).ended?.reason] : [];
      }).flat(),
    );
    expect(reasons.length).toBeGreaterThan(10);
    expect(new Set(reasons)).toEqual(new Set(['experiments_spent']));
  });

  test('does not believe a script to be deterministic whose baseline gives two numbers', () => {
    let runs = 0;
    const world: World = {
      ideas: [anIdea('a')],
      measure: (titles) => (titles.length > 0 ? 0.9 : 1 + 0.01 * runs++),
    };
    const plan = aPlan({ run: { command: 'x', deterministic: true } });
    const { state } = simulate(world, nightStarted(plan));
    const judged = [...state.experiments.values()].find(({ title }) => title === 'a')?.judgement;
    expect(judged).toMatchObject({ verdict: 'inconclusive', dawn: { confirmed: false } });
    expect(judged?.because).toContain('deterministic');
  });
});
