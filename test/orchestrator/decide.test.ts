import { describe, expect, test } from 'vitest';
import { openActions } from '../../orchestrator/decide.ts';
import type { Event } from '../../orchestrator/domain/event.ts';
import { fold, replay } from '../../orchestrator/domain/fold.ts';
import type { Plan } from '../../orchestrator/domain/plan.ts';
import { currentNight, experimentIn, runsOf, type State } from '../../orchestrator/domain/state.ts';
import {
  aPlan,
  anIdea,
  nightStarted,
  normals,
  simulate,
  uniforms,
  type World,
} from '../support/simulate.ts';

/** Noise of 0.01 around 1.0; every title that names a gain moves the mean by it. */
function noisy(seed: number, gains: Record<string, number> = {}): World {
  const noise = normals(uniforms(seed));
  return {
    ideas: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].map((title) => anIdea(title)),
    measure: (titles) =>
      1 + 0.01 * noise() - titles.reduce((sum, title) => sum + (gains[title] ?? 0), 0),
  };
}

/** Nights of a property; all of them in `npm run test:faults`. */
const nights = (all: number, sample: number): number => (process.env['FULL'] ? all : sample);

const verdictsOf = (state: State) =>
  [...state.experiments.values()].map((e) => [e.title, e.judgement?.verdict ?? null] as const);

describe('a night', () => {
  test('asks for a line on every run of its own that ended and has none, and on no other', () => {
    const { events } = simulate(noisy(3, { b: 0.2 }), nightStarted(aPlan()));
    const ends = events.findIndex((event) => event.type === 'run_ended');
    // The first night is left with a run that nobody said anything on.
    const first = events.slice(0, ends + 1);
    const second = { ...nightStarted(aPlan()), night: 'N-0002' as const };
    const at = new Date(Date.parse(events.at(-1)?.at ?? '') + 1000).toISOString();
    let state = replay([]);
    let asked = 0;
    const step = (event: Event): void => {
      state = fold(state, event);
      const { started } = currentNight(state);
      const unsaid = [...state.runs.values()].filter(
        (run) => run.result !== null && run.said === null && run.started >= started,
      );
      const lines = openActions(state).flatMap((one) => (one.kind === 'summarise' ? one.run : []));
      expect(lines.toSorted()).toEqual(unsaid.map(({ id }) => id).toSorted());
      asked += lines.length;
    };
    for (const event of events) step(event);
    expect(asked).toBeGreaterThan(10);
    state = replay([]);
    for (const event of first) step(event);
    expect(openActions(state).some((one) => one.kind === 'summarise')).toBe(true);
    step({ ...second, seq: ends + 10, at });
    // Nor of one that was cut off, and is closed only now.
    const late = events.slice(ends + 1).find((event) => event.type === 'run_ended');
    if (!late) throw new Error('expected a second run');
    const run = late.result;
    for (const event of events.slice(ends + 1, events.indexOf(late)))
      if (event.type === 'run_started') state = fold(state, { ...event, at: first[0]?.at ?? '' });
    expect(state.runs.get(run.run)?.status).toBe('running');
    step({ ...late, seq: ends + 11, at });
    expect(openActions(state).some((one) => one.kind === 'summarise')).toBe(false);
  });

  test('finds a real gain, stacks a second one on it, and confirms the stack at dawn', () => {
    const plan = aPlan({ budget: { experiments: 24 } });
    const { state } = simulate(noisy(1, { b: 0.2, d: 0.2 }), nightStarted(plan));
    const night = currentNight(state);
    const tip = experimentIn(state, night.incumbent ?? 'E-');
    expect(tip.judgement?.verdict).toBe('improved');
    expect(tip.judgement?.dawn?.confirmed).toBe(true);
    expect(tip.judgement?.dawn?.n).toBeGreaterThanOrEqual(3);
    expect(tip.judgement?.objective).toBeCloseTo(0.6, 1);
    const member = experimentIn(state, tip.parent ?? 'E-');
    expect(member.judgement).toMatchObject({ verdict: 'promising', stack: tip.id });
    expect(['experiments_spent', 'ideas_spent']).toContain(night.ended?.reason);
  });

  test('says improved of nothing but the tip that dawn confirmed', () => {
    for (let seed = 1; seed <= nights(20, 5); seed++) {
      const { state } = simulate(noisy(seed, { c: 0.05 }), nightStarted(aPlan()));
      for (const { judgement } of state.experiments.values()) {
        if (judgement?.verdict === 'improved') expect(judgement.dawn?.confirmed).toBe(true);
        else expect(judgement?.dawn?.confirmed ?? false).toBe(false);
      }
    }
  });

  test('claims nothing in most nights in which no idea does anything', () => {
    const many = nights(60, 15);
    const claims = Array.from({ length: many }, (_, seed) =>
      simulate(noisy(1000 + seed), nightStarted(aPlan())),
    ).filter(({ state }) => verdictsOf(state).some(([, verdict]) => verdict === 'improved'));
    expect(claims.length).toBeLessThanOrEqual(many / 15);
  });

  test('never builds on a single run', () => {
    for (let seed = 1; seed <= nights(20, 5); seed++) {
      const { events, state } = simulate(noisy(seed, { b: 0.03, e: 0.03 }), nightStarted(aPlan()));
      for (const event of events) {
        if (event.type !== 'incumbent_moved') continue;
        const then = replay(events.slice(0, event.seq));
        const seeds = runsOf(then, event.to).filter((run) => run.status === 'finished');
        expect(seeds.length).toBeGreaterThanOrEqual(2);
      }
      expect(currentNight(state).ended).not.toBeNull();
    }
  });

  test('uses at dawn only seeds that no search has used', () => {
    const { state } = simulate(noisy(1, { b: 0.2 }), nightStarted(aPlan()));
    const seeds = (which: boolean) =>
      [...state.runs.values()].filter((r) => (r.purpose === 'dawn') === which).map((r) => r.seed);
    expect(seeds(true).length).toBeGreaterThanOrEqual(6);
    expect(seeds(true).every((seed) => (seed ?? 0) > 100_000)).toBe(true);
    expect(seeds(false).every((seed) => (seed ?? 0) <= 10)).toBe(true);
  });

  test('states every effect as the objective minus that of the baseline, after dawn too', () => {
    const { state } = simulate(noisy(3, { b: 0.2, d: 0.1 }), nightStarted(aPlan()));
    const objective = (id: string) => {
      const values = runsOf(state, id as 'E-0').flatMap((run) => run.result?.objective ?? []);
      return values.reduce((a, b) => a + b, 0) / values.length;
    };
    for (const { id, baseline, judgement } of state.experiments.values()) {
      if (!judgement?.on_baseline) continue;
      expect(judgement.objective).toBeCloseTo(objective(id), 12);
      expect(judgement.on_baseline.effect).toBeCloseTo(objective(id) - objective(baseline), 12);
    }
  });

  test.each([
    ['its runs', { budget: { experiments: 100, runs: 20 } }, 'runs_spent'],
    ['its experiments', { budget: { experiments: 3 } }, 'experiments_spent'],
    ['its wall clock', { budget: { experiments: 100, wall_clock: '200s' } }, 'time_spent'],
    ['its ideas', { budget: { experiments: 100 } }, 'ideas_spent'],
  ])('stops when %s are spent', (_what, extra, reason) => {
    const { state } = simulate(noisy(1, { b: 0.2 }), nightStarted(aPlan(extra)));
    const night = currentNight(state);
    expect(night.ended?.reason).toBe(reason);
    expect(night.runs_started).toBeLessThanOrEqual(night.plan.budget.runs ?? Infinity);
    expect(night.candidates).toBeLessThanOrEqual(night.plan.budget.experiments);
    expect(night.reported).toBe(night.revision);
    expect([...state.runs.values()].every((run) => run.said !== null)).toBe(true);
  });

  test('keeps dawn’s runs back from the search', () => {
    const plan = aPlan({ budget: { experiments: 100, runs: 30 } });
    const { state } = simulate(noisy(1, { b: 0.2 }), nightStarted(plan));
    const dawn = [...state.runs.values()].filter((run) => run.purpose === 'dawn');
    expect(dawn).toHaveLength(8);
    expect(state.runs.size).toBeLessThanOrEqual(30);
  });

  test('gives dawn whatever the search left of the night’s limits', () => {
    const dawnRuns = (budget: Partial<Plan['budget']>) => {
      const plan = aPlan({ budget: { experiments: 3, parallel: 2, ...budget } });
      const { state } = simulate(noisy(1, { a: 0.2 }), nightStarted(plan));
      const dawn = [...state.runs.values()].filter((run) => run.purpose === 'dawn');
      return { dawn: dawn.length, search: state.runs.size - dawn.length };
    };
    const { dawn, search } = dawnRuns({ runs: 40 });
    expect(search + dawn).toBeGreaterThanOrEqual(39);
    expect(dawn).toBeGreaterThan(8); // the reserve
    // A small night stays one: no more than its search took.
    const small = dawnRuns({ experiments: 1, runs: 60 });
    expect(small.dawn).toBeGreaterThan(0);
    expect(small.dawn).toBeLessThanOrEqual(Math.max(small.search, 12));
    expect(dawnRuns({ runs: 60 }).dawn).toBe(20);
    // The share of a large budget is more than that.
    expect(dawnRuns({ runs: 400 }).dawn).toBe(40);
    expect(dawnRuns({}).dawn).toBe(10);
  });

  test('never runs more at once than it has slots, and no two in one slot', () => {
    const { events } = simulate(noisy(2, { b: 0.2 }), nightStarted(aPlan()));
    const busy = new Map<string, number>();
    for (const event of events) {
      if (event.type === 'run_started') {
        expect([...busy.values()]).not.toContain(event.slot);
        busy.set(event.run, event.slot);
      }
      if (event.type === 'run_ended') busy.delete(event.result.run);
      expect(busy.size).toBeLessThanOrEqual(2);
    }
  });

  test('goes on from any cut as if there had been none', () => {
    const { events, open } = simulate(noisy(4, { b: 0.2, d: 0.1 }), nightStarted(aPlan()));
    for (const [i] of events.entries())
      expect(openActions(replay(events.slice(0, i + 1)))).toEqual(open[i]);
  });

  test('ends at once, and says why, when the baseline itself fails', () => {
    const world: World = { ideas: [anIdea('a')], measure: () => ({ fails: 'no_metric' }) };
    const { state } = simulate(world, nightStarted(aPlan()));
    expect(currentNight(state).ended?.reason).toBe('baseline_failed');
    expect(currentNight(state).ended?.message).toContain('no_metric');
    expect([...state.runs.values()].every((run) => run.purpose === 'baseline')).toBe(true);
  });

  test('takes a failure for a result and goes on', () => {
    const world: World = {
      ...noisy(1),
      measure: (titles) => (titles.includes('b') ? { fails: 'not_a_number' } : 1 + titles.length),
    };
    const { state } = simulate(world, nightStarted(aPlan()));
    expect(verdictsOf(state)).toContainEqual(['b', 'failed']);
    expect(currentNight(state).ended?.reason).toBe('experiments_spent');
  });

  test('tries a run that the machine lost again, three times, and blames the idea for none of it', () => {
    const attempts: number[] = [];
    const steady = noisy(1);
    const world: World = {
      ...steady,
      measure: (titles, run) => {
        if (!titles.includes('a')) return steady.measure(titles, run);
        attempts.push(run.attempt);
        return run.attempt < 3 ? { fails: 'infrastructure' } : 0.9;
      },
    };
    const { state } = simulate(world, nightStarted(aPlan()));
    expect(attempts.slice(0, 3)).toEqual([1, 2, 3]);
    expect(verdictsOf(state).find(([title]) => title === 'a')?.[1]).not.toBe('failed');
  });

  test('refuses to let a broken constraint win', () => {
    const plan = aPlan({ constraints: [{ metric: 'loss', min: 0.9 }] });
    const { state } = simulate(noisy(1, { b: 0.2 }), nightStarted(plan));
    expect(verdictsOf(state)).toContainEqual(['b', 'invalid']);
    expect(experimentIn(state, currentNight(state).incumbent ?? 'E-').title).not.toBe('b');
  });

  test('without a seed stops at inconclusive, and does not pretend to confirm anything', () => {
    const plan = aPlan({ run: { command: 'node train.mjs' } });
    const { state } = simulate(noisy(1, { b: 0.2 }), nightStarted(plan));
    const verdicts = new Set(verdictsOf(state).map(([, verdict]) => verdict));
    expect([...verdicts].filter((v) => v === 'improved' || v === 'promising')).toEqual([]);
    expect(currentNight(state).dawn?.arms).toEqual([]);
  });

  test('needs one run of each where the script is deterministic', () => {
    const plan = aPlan({ run: { command: 'node train.mjs', deterministic: true } });
    const world: World = { ...noisy(1), measure: (titles) => (titles.includes('b') ? 0.5 : 1) };
    const { state } = simulate(world, nightStarted(plan));
    expect(verdictsOf(state)).toContainEqual(['b', 'improved']);
    expect([...state.runs.values()].filter((run) => run.purpose !== 'dawn')).toHaveLength(1 + 8);
  });

  test('works towards a maximum as well', () => {
    const plan = aPlan({ objective: { metric: 'loss', direction: 'maximize', min_effect: 0.01 } });
    const { state } = simulate(noisy(1, { b: -0.2, c: 0.2 }), nightStarted(plan));
    expect(verdictsOf(state)).toContainEqual(['b', 'improved']);
    expect(verdictsOf(state)).toContainEqual(['c', 'worse']);
  });
});
