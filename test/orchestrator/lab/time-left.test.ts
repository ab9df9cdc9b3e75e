import { describe, expect, test } from 'vitest';
import { replay } from '../../../orchestrator/domain/fold.ts';
import { currentNight } from '../../../orchestrator/domain/state.ts';
import { estimate } from '../../../orchestrator/lab/probe/estimate.ts';
import { elapsedBy, secondsLeft } from '../../../orchestrator/lab/time-left.ts';
import { aPlan, anIdea, nightStarted, simulate, type World } from '../../support/simulate.ts';

/** The simulated world carries out one run at a time. */
const SLOTS = 1;

const seeded = { seed: { env: 'SEED' } };

/** Two changes that help, so that dawn has four arms, and some that do nothing. */
const world = (secondsPerRun: number): World => ({
  ideas: ['helps', 'more', 'a', 'b', 'c', 'd'].map((title) => anIdea(title)),
  measure: (titles, { seed }) =>
    2 +
    0.001 * Math.sin((seed ?? 1) * 12.9898) -
    (titles.includes('helps') ? 0.5 : 0) -
    (titles.includes('more') ? 0.3 : 0),
  secondsPerRun,
});

/** What is said of the whole night, in seconds, each time a run of the search ended; and how long it was. */
function night(budget: Record<string, unknown>, seconds: number, run: object) {
  const plan = aPlan({ budget, run: { command: 'node train.mjs', ...run } });
  const { events } = simulate(world(seconds), nightStarted(plan, { slots: SLOTS }));
  const began = Date.parse(events[0]?.at ?? '');
  const dawn = events.findIndex(({ type }) => type === 'dawn_began');
  const said = events.flatMap(({ type, at }, i) => {
    if (type !== 'run_ended' || i > dawn) return [];
    const state = replay(events.slice(0, i + 1));
    const now = Date.parse(at);
    const left = secondsLeft(state, currentNight(state), now);
    return left === null ? [] : [elapsedBy(state, currentNight(state), now) + left];
  });
  const took = (Date.parse(events.at(-1)?.at ?? '') - began) / 1000;
  const measured = { by: 'stub' as const, seconds: [seconds] };
  return { said, took, check: estimate(plan, SLOTS, measured).seconds };
}

describe('the time left', () => {
  test.each([
    ['of short runs beside a long clock', { experiments: 6, wall_clock: '2h' }, seeded],
    ['of a night that nothing limits', { experiments: 6 }, seeded],
    ['of a limited number of runs', { experiments: 6, runs: 40 }, seeded],
    [
      'of a script that is as good each time',
      { experiments: 6, wall_clock: '2h' },
      { deterministic: true },
    ],
  ])('%s is about what the night takes, and what check says', (_, budget, run) => {
    const { said, took, check } = night(budget, 1, run);
    expect(said.length).toBeGreaterThan(3);
    expect(Math.max(...said)).toBeLessThan(1.2 * check);
    expect(Math.max(...said)).toBeLessThan(1.5 * took);
    expect(Math.min(...said)).toBeGreaterThan(took / 2);
  });
});
