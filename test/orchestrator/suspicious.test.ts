import { describe, expect, test } from 'vitest';
import { decide, openActions } from '../../orchestrator/decide.ts';
import { replay } from '../../orchestrator/domain/fold.ts';
import type { ExperimentId } from '../../orchestrator/domain/ids.ts';
import type { Run } from '../../orchestrator/domain/run.ts';
import { currentNight, runsOf, type State } from '../../orchestrator/domain/state.ts';
import { searchMoves } from '../../orchestrator/search.ts';
import { cameBack, tooGood, type Surprise } from '../../orchestrator/statistics/suspicious.ts';
import { aPlan, anIdea, nightStarted, simulate, type World } from '../support/simulate.ts';

const surprise = (extra: Partial<Surprise>): string | null =>
  tooGood({
    gain: 0.5,
    noise: { variance: 0.0001, df: 10 },
    ...{ n: 1, m: 3, parent: 1, others: [] },
    ...extra,
  });

describe('a gain is too good', () => {
  test('where it is more than two thirds of what the parent measures, and nothing else is known', () => {
    expect(surprise({ gain: 0.6 })).toBeNull();
    expect(surprise({ gain: 0.7 })).toContain('two thirds of what its parent measures');
    expect(surprise({ gain: 0.7, parent: -3 })).toBeNull();
    expect(surprise({ gain: 0.7, parent: 0 })).toBeNull();
  });

  test('where five other changes moved it by less than a third of that', () => {
    const others = [0.02, -0.05, 0.01, 0, -0.1];
    expect(surprise({ gain: 0.29, others })).toBeNull();
    expect(surprise({ gain: 0.31, others })).toContain('3 times the largest effect of 5 other');
    expect(surprise({ gain: 0.31, others: others.slice(1) })).toBeNull();
  });

  test('whatever others lost where their training exploded', () => {
    const others = [0.02, -0.05, 0.01, 0, -0.1];
    expect(surprise({ gain: 0.31, others: [...others, -9] })).toBeNull();
    expect(surprise({ gain: 0.31, others: [...others, -11, -4e78] })).toContain('of 5 other');
    // Of a parent that measures 0 nobody knows what is much.
    expect(surprise({ gain: 0.31, parent: 0, others: [...others, -11] })).toBeNull();
  });

  test('never within what chance may do, the less is known of noise the wider', () => {
    const others = [0, 0, 0, 0, 0.001];
    expect(surprise({ gain: 0.079, others })).toBeNull();
    expect(surprise({ gain: 0.081, others })).not.toBeNull();
    // The 99.9 % quantile of t is 22.3 on 2 degrees of freedom, times the root of 1 + 1/3.
    const poorly = { noise: { variance: 0.0001, df: 2 }, others };
    expect(surprise({ gain: 0.25, ...poorly })).toBeNull();
    expect(surprise({ gain: 0.26, ...poorly })).not.toBeNull();
    expect(surprise({ gain: 0.004, noise: null, others })).not.toBeNull();
    expect(surprise({ gain: -1, noise: null, others })).toBeNull();
  });
});

test('a number came back where two seeds could differ as much, or with half of its gain', () => {
  const noise = { variance: 0.0001, df: 10 };
  const gains = { first: 0.5, second: 0 };
  // The 99.5 % quantile of t on 10 degrees of freedom is 3.17, times the root of 2.
  expect(cameBack(0.5, 0.54, noise, gains)).toBe(true);
  expect(cameBack(0.5, 0.55, noise, gains)).toBe(false);
  expect(cameBack(0.5, 0.7, noise, { first: 0.5, second: 0.3 })).toBe(true);
  expect(cameBack(0.5, 0.5, null, gains)).toBe(true);
  expect(cameBack(0.5, 0.5000001, null, { first: 0.5, second: 0.5 })).toBe(false);
});

const scatter = (run: Run): number => 0.001 * ((run.seed ?? 0) % 7);
const world = (ofRepeat: (run: Run) => ReturnType<World['measure']>): World => ({
  ideas: ['a', 'b'].map((title) => anIdea(title)),
  measure: (titles, run) => {
    if (!titles.includes('a')) return 1 + scatter(run);
    return run.purpose === 'repeat' ? ofRepeat(run) : 0.2 + scatter(run);
  },
});
const seeded = aPlan();
const deterministic = aPlan({ run: { command: 'x', deterministic: true } });

const called = (state: State, title: string) => {
  const found = [...state.experiments.values()].find((one) => one.title === title);
  if (!found) throw new Error(`no ${title}`);
  return found;
};
const repeatsOf = (state: State, id: ExperimentId) =>
  runsOf(state, id).filter(({ purpose }) => purpose === 'repeat');

describe('a suspicious experiment', () => {
  test.each([
    ['seeded', seeded],
    ['deterministic', deterministic],
  ])(
    'of a %s script is repeated once on its first seed, and goes on where that gives it again',
    (_, plan) => {
      const { state, events } = simulate(
        world((run) => 0.2 + scatter(run)),
        nightStarted(plan),
      );
      const a = called(state, 'a');
      const [repeat, ...more] = repeatsOf(state, a.id);
      expect(more).toEqual([]);
      expect(repeat).toMatchObject({ seed: plan.run.seed ? 1 : null, repeats: `${a.id}.1` });
      expect(a.judgement?.verdict).toBe('improved');
      expect(state.flags).toMatchObject([{ target: a.id, label: 'suspicious', who: 'autolab' }]);
      // Until it was back, nothing was said of it and nothing stood on it.
      const at = (wanted: (event: (typeof events)[number]) => boolean) => events.findIndex(wanted);
      const back = at((e) => e.type === 'run_ended' && e.result.run === repeat?.id);
      expect(at((e) => e.type === 'experiment_judged' && e.experiment === a.id)).toBeGreaterThan(
        back,
      );
      const before = events.slice(0, back).filter((e) => e.type === 'run_started');
      expect(before.filter(({ experiment }) => experiment === a.id)).toHaveLength(2);
      // The repeat is no replicate.
      expect(new Set(a.judgement?.runs).has(repeat?.id ?? 'E-0.0')).toBe(false);
    },
  );

  test.each([
    ['another number', seeded, () => 0.99],
    [
      'another number, however close, of a script that is called deterministic',
      deterministic,
      () => 0.2001,
    ],
    ['a failure', seeded, () => ({ fails: 'idea' }) as const],
  ])('whose repeat gives %s is invalid, and nothing is built on it', (_, plan, ofRepeat) => {
    const { state } = simulate(world(ofRepeat), nightStarted(plan));
    const { judgement, runs } = called(state, 'a');
    expect(judgement).toMatchObject({ verdict: 'invalid' });
    expect(judgement?.because).toContain('did not come back');
    expect(runs).toHaveLength(2);
    expect(currentNight(state).incumbent).toBe(currentNight(state).baseline);
  });

  test('whose repeat the machine lost is repeated again', () => {
    const lost = world((run) =>
      run.attempt === 1 ? { fails: 'infrastructure' } : 0.2 + scatter(run),
    );
    const { state } = simulate(lost, nightStarted(seeded));
    expect(called(state, 'a').judgement?.verdict).toBe('improved');
  });

  test('that the budget has no repeat for is not promising', () => {
    const plan = aPlan({ budget: { experiments: 1, runs: 4 } });
    const { state } = simulate(
      world(() => 0.2),
      nightStarted(plan, { slots: 1 }),
    );
    const { judgement } = called(state, 'a');
    expect(judgement).toMatchObject({ verdict: 'inconclusive' });
    expect(judgement?.because).toContain('before it was repeated');
  });

  test('is repeated all the same where somebody took the mark away', () => {
    const { events } = simulate(
      world(() => 0.2),
      nightStarted(seeded, { slots: 1 }),
    );
    const at = events.findIndex(({ type }) => type === 'flagged');
    const mark = events[at];
    if (mark?.type !== 'flagged') throw new Error('no mark');
    const { target, label, at: time } = mark;
    const gone = { type: 'unflagged', target, label, who: 'ada', seq: at + 2, at: time } as const;
    const { state } = decide(replay(events.slice(0, at + 1)), gone);
    expect(state.flags).toEqual([]);
    const moves = searchMoves(state, currentNight(state));
    expect(moves[0]).toMatchObject({ next: { experiment: target, purpose: 'repeat' } });
    expect(openActions(state).filter((each) => JSON.stringify(each).includes('flagged'))).toEqual(
      [],
    );
  });
});
