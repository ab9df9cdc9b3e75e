import { describe, expect, test } from 'vitest';
import type { Event } from '../../orchestrator/domain/event.ts';
import { replay } from '../../orchestrator/domain/fold.ts';
import { currentNight, type State } from '../../orchestrator/domain/state.ts';
import { baselinesOf, memoryOf, trialsOf } from '../../orchestrator/memory.ts';
import {
  anIdea,
  aPlan,
  nightStarted,
  normals,
  simulate,
  uniforms,
  type World,
} from '../support/simulate.ts';

const GAINS: Readonly<Record<string, number>> = { good: 0.1, bad: -0.2 };

const world = (): World => {
  const noise = normals(uniforms(7));
  return {
    ideas: ['good', 'bad', 'crash', 'slow'].map((title) => anIdea(title)),
    secondsPerRun: 12,
    measure: (titles) => {
      if (titles.includes('crash')) return { fails: 'idea' };
      if (titles.includes('slow')) return { fails: 'timeout' };
      return 1 + 0.01 * noise() - titles.reduce((sum, title) => sum + (GAINS[title] ?? 0), 0);
    },
  };
};

const played = (direction: 'minimize' | 'maximize' = 'minimize') => {
  const objective = { metric: 'loss', direction, min_effect: 0.01 };
  const started = nightStarted(aPlan({ objective }), { settings: { good: '0', bad: '0' } });
  return simulate(world(), started);
};

const trialOf = (state: State, knob: string) =>
  trialsOf(state, currentNight(state)).find(
    ({ change }) => change.kind === 'knobs' && knob in change.values,
  );

/** Another night of the same lab, of another plan where `key` says so. */
const nextNight = (key: string): State => {
  const { events } = played();
  const started = nightStarted(aPlan(), { night: 'N-0002', baseline: null, plan_key: key });
  return replay([...events, { ...started, seq: 9000, at: '2026-01-03T00:00:00.000Z' } as Event]);
};

describe('a trial', () => {
  test('says what its knobs were set to, and what it gained on its baseline in noise units', () => {
    const { state } = played();
    const good = trialOf(state, 'good');
    expect(good).toMatchObject({ baseline: 'E-0000', seconds: 12, settings: { good: '1' } });
    // A gain of 0.1 on noise of 0.01.
    expect(good?.effect).toBeGreaterThan(5);
    expect(good?.effect).toBeLessThan(25);
    expect(good?.n).toBeGreaterThanOrEqual(3);
    expect(trialOf(state, 'bad')).toMatchObject({ n: 1 });
    expect(trialOf(state, 'bad')?.effect).toBeLessThan(0);
  });

  test('has its sign the other way where more is better', () => {
    expect(trialOf(played('maximize').state, 'bad')?.effect).toBeGreaterThan(0);
  });

  test('that failed has no effect, and seconds only where it took too long', () => {
    const { state } = played();
    expect(trialOf(state, 'crash')).toMatchObject({ effect: null, seconds: null, n: 0 });
    expect(trialOf(state, 'slow')).toMatchObject({ effect: null, seconds: 12 });
  });

  test('of an earlier night is remembered, with its effect only where the plans mean the same', () => {
    const key = currentNight(played().state).plan_key;
    expect(trialOf(nextNight(key), 'bad')?.effect).toBeLessThan(0);
    expect(trialOf(nextNight('another'), 'bad')).toMatchObject({
      effect: null,
      baseline: 'E-0000',
    });
  });

  test('is measured against a baseline that the brief holds, and the Planner is told less of', () => {
    const { state } = played();
    const night = currentNight(state);
    const [baseline, ...more] = baselinesOf(state, night);
    expect(more).toEqual([]);
    expect(baseline).toMatchObject({ experiment: 'E-0000', settings: { good: '0', bad: '0' } });
    expect(baseline?.n).toBeGreaterThanOrEqual(3);
    const keys = ['experiment', 'change', 'parent', 'verdict', 'gain'];
    for (const memory of memoryOf(state, night)) expect(Object.keys(memory)).toEqual(keys);
  });
});
