import { describe, expect, test } from 'vitest';
import { alertOf } from '../../orchestrator/domain/alert.ts';
import type { Event } from '../../orchestrator/domain/event.ts';
import { currentNight, experimentIn } from '../../orchestrator/domain/state.ts';
import { opening, type Found } from '../../orchestrator/opening.ts';
import {
  aPlan,
  anIdea,
  nightStarted,
  normals,
  simulate,
  uniforms,
  type World,
} from '../support/simulate.ts';

/** Ideas that do nothing, on a machine that is another one from its nth run on. */
function worldOf(from: number, shift: number, kind: 'exact' | 'noisy' = 'exact'): World {
  const normal = normals(uniforms(3));
  const known = new Map<string, number>();
  let runs = 0;
  return {
    ideas: Array.from({ length: 100 }, (_, i) => anIdea(`idea-${i}`)),
    measure(titles, run) {
      const key = kind === 'exact' ? `${titles.join()} ${run.seed}` : `${runs}`;
      const noise = known.get(key) ?? 0.01 * normal();
      known.set(key, noise);
      return 1 + noise + (++runs >= from ? shift : 0);
    },
  };
}
const plan = aPlan({ budget: { experiments: 60, runs: 80 } });
const long = aPlan({ budget: { experiments: 100, runs: 120 } });
const checks = (events: readonly Event[]) =>
  events.filter(
    (e) => e.type === 'run_started' && e.purpose === 'repeat' && e.experiment === 'E-0000',
  );
const of = (events: readonly Event[], type: Event['type']) =>
  events.filter((event) => event.type === type);

describe('the unchanged baseline', () => {
  test('is made again after every 20 runs of candidates, on its own seeds in turn', () => {
    const { events, state } = simulate(worldOf(Infinity, 0), nightStarted(plan, { slots: 1 }));
    expect(checks(events)).toMatchObject([
      { seed: 1, repeats: 'E-0000.1' },
      { seed: 2, repeats: 'E-0000.2' },
    ]);
    expect(of(events, 'baseline_drifted')).toEqual([]);
    const { n } = experimentIn(state, 'E-0001').judgement ?? { n: 0 };
    expect(n).toBeGreaterThan(0);
    // A repeat is no seed of the search's, and no value of the arm.
    expect(experimentIn(state, 'E-0000').runs.length).toBeGreaterThan(3);
    const small = aPlan({ budget: { experiments: 24, runs: 24 } });
    for (const slots of [1, 4])
      expect(checks(simulate(worldOf(Infinity, 0), nightStarted(small, { slots })).events)).toEqual(
        [],
      );
  });

  test.each([
    ['whose seeds come out the same again', worldOf(50, 0.03)],
    ['whose runs scatter on a seed, too', worldOf(50, 0.5, 'noisy')],
  ])('%s, and that drifts, ends the search; nothing is judged on it any more', (_, world) => {
    const { events, state } = simulate(world, nightStarted(long, { slots: 1 }));
    const [drifted, ...more] = of(events, 'baseline_drifted');
    expect(more).toEqual([]);
    if (drifted?.type !== 'baseline_drifted') throw new Error('no drift');
    expect(drifted.because).toMatch(/no longer gives what it gave: E-0000\.\d gave .*, and again /);
    // Confirmed by a check of another seed, right away.
    const [first, second] = drifted.runs.map((id) => state.runs.get(id));
    expect(first?.seed).not.toBe(second?.seed);
    expect(alertOf(state, drifted)).toMatchObject({ kind: 'drifted', level: 'error' });
    const after = events.slice(events.indexOf(drifted));
    expect(after.filter((e) => e.type === 'run_started' && e.purpose !== 'dawn')).toEqual([]);
    expect(of(after, 'incumbent_moved')).toEqual([]);
    const night = currentNight(state);
    expect(night.ended).toMatchObject({ reason: 'drift', message: drifted.because });
    const late = [...state.experiments.values()].filter(
      ({ parent, runs }) =>
        parent !== null && runs.some((id) => (state.runs.get(id)?.started ?? '') > drifted.since),
    );
    expect(late.length).toBeGreaterThan(5);
    for (const { judgement } of late)
      expect(judgement).toMatchObject({
        verdict: 'inconclusive',
        because: expect.stringContaining('drifted'),
      });
  });

  test('that drifted is not taken over by the next night', async () => {
    const found: Found = {
      ...{
        plan: long,
        plan_text: '',
        base: { branch: 'main', commit: 'base' },
        settings: {},
        slots: 1,
      },
      ...{
        machine: 'a test',
        data: [],
        own: [],
        diffOf: async () => '',
        highest_number: -1,
        remarks: [],
      },
    };
    const { planKey } = await import('../../orchestrator/opening.ts');
    const started = nightStarted(long, { slots: 1, plan_key: planKey(long) });
    const [steady] = await opening(simulate(worldOf(Infinity, 0), started).state, found);
    expect(steady).toMatchObject({ type: 'night_started', baseline: 'E-0000' });
    const [anew] = await opening(simulate(worldOf(50, 0.03), started).state, found);
    expect(anew).toMatchObject({ type: 'night_started', baseline: null });
  });

  test('is off once by chance, and the night goes on', () => {
    let n = 0;
    const world: World = {
      ...worldOf(Infinity, 0),
      measure: (titles, run) =>
        1 +
        0.01 * Math.sin(titles.length * 7 + (run.seed ?? 0)) +
        (run.purpose === 'repeat' && n++ === 0 ? 0.5 : 0),
    };
    const { events } = simulate(world, nightStarted(plan, { slots: 1 }));
    expect(checks(events).map((e) => e.type === 'run_started' && e.seed)).toEqual([1, 2, 3]);
    expect(of(events, 'baseline_drifted')).toEqual([]);
  });

  test('of a script called deterministic may not move at all', () => {
    const deterministic = aPlan({
      ...{ ...plan, sandbox: 'auto' },
      run: { command: 'x', deterministic: true },
      budget: plan.budget.runs ? { experiments: 60, runs: 80 } : {},
    });
    const world: World = {
      ...worldOf(0, 0),
      measure: (titles, run) => (run.purpose === 'repeat' ? 1.001 : 1 + titles.length / 9),
    };
    const { events } = simulate(world, nightStarted(deterministic, { slots: 1 }));
    expect(of(events, 'baseline_drifted')).toHaveLength(1);
  });
});

test('a run in another hard environment than the baseline’s ends the search as a drift does', () => {
  const world = { ...worldOf(Infinity, 0), environment: () => 'one' };
  const moved = {
    ...world,
    environment: (run: { id: string }) => (run.id === 'E-0006.1' ? 'two' : 'one'),
  };
  expect(of(simulate(world, nightStarted(plan)).events, 'baseline_drifted')).toEqual([]);
  const { events, state } = simulate(moved, nightStarted(plan));
  const [told] = of(events, 'baseline_drifted');
  expect(told).toMatchObject({ runs: ['E-0006.1'] });
  expect(experimentIn(state, 'E-0006').judgement?.because).toContain(
    'did not run where the baseline did',
  );
  expect(currentNight(state).ended).toMatchObject({ reason: 'drift' });
});

describe('a machine that somebody else uses', () => {
  const busy = (seconds: number): World => ({
    ...worldOf(Infinity, 0),
    took: (titles, run) => (run.purpose === 'repeat' && titles.length === 0 ? seconds : 10),
    measure: (titles, run) =>
      titles.includes('idea-9') && run.attempt === 1
        ? { fails: 'timeout' }
        : 1 + 0.01 * Math.sin(7 * titles.length + (run.seed ?? 0)),
  });

  test('shows in the pace of the baseline, is told, and what ran out of time meanwhile is made again', () => {
    const { events, state } = simulate(busy(15), nightStarted(plan, { slots: 1 }));
    const [told] = of(events, 'contended');
    if (told?.type !== 'contended') throw new Error('not told');
    expect(told.because).toContain('took 1.5 times as long as it did (E-0000.4)');
    expect(alertOf(state, told)).toMatchObject({ kind: 'contended', level: 'warning' });
    expect(told.again).toHaveLength(1);
    const [id] = told.again;
    expect(state.runs.get(id ?? 'E-0.0')).toMatchObject({ attempt: 2, status: 'finished' });
    const { judgement } = experimentIn(state, state.runs.get(id ?? 'E-0.0')?.experiment ?? 'E-0');
    expect(judgement?.verdict).not.toBe('failed');
    // Each slow check is told once.
    expect(of(events, 'contended')).toHaveLength(checks(events).length);
  });

  test('is not what a candidate is slow by, nor a start that takes a moment longer', () => {
    const slow: World = { ...busy(10), took: (titles) => (titles.length > 0 ? 90 : 10) };
    expect(of(simulate(slow, nightStarted(plan, { slots: 1 })).events, 'contended')).toEqual([]);
    const short: World = { ...busy(10), took: (_, run) => (run.purpose === 'repeat' ? 1.8 : 0.9) };
    expect(of(simulate(short, nightStarted(plan, { slots: 1 })).events, 'contended')).toEqual([]);
  });
});
