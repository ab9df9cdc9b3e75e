import { describe, expect, test } from 'vitest';
import { briefFor } from '../../orchestrator/briefs.ts';
import { openActions } from '../../orchestrator/decide.ts';
import { currentNight, experimentIn, type State } from '../../orchestrator/domain/state.ts';
import { fold } from '../../orchestrator/domain/fold.ts';
import { EMPTY } from '../../orchestrator/domain/state.ts';
import { anIdea, aPlan, nightStarted, simulate, type World } from '../support/simulate.ts';

const HOLDOUT = { command: 'node test.mjs', metric: 'test_loss' };

/** An idea that helps by as much; a baseline whose third fresh seed fails. */
const world = (gain: number, fails: readonly number[] = []): World => ({
  ideas: [anIdea('helps')],
  measure: (titles, { seed, purpose }) =>
    purpose === 'dawn' && titles.length === 0 && fails.includes(seed ?? 0)
      ? { fails: 'infrastructure' }
      : 2 + 0.001 * Math.sin((seed ?? 1) * 12.9898) - (titles.includes('helps') ? gain : 0),
});

const aNight = (of: World) => simulate(of, nightStarted(aPlan({ holdout: HOLDOUT })));

describe('what is held out', () => {
  const { state, events, open } = aNight(world(0.2));
  const night = currentNight(state);
  const tip = night.incumbent ?? 'E-0000';

  test('is looked at once each, by the baseline and what was confirmed, on one fresh seed', () => {
    expect(experimentIn(state, tip).judgement?.verdict).toBe('improved');
    expect(night.held_out.map(({ experiment, metric }) => [experiment, metric])).toEqual([
      ['E-0000', 'test_loss'],
      [tip, 'test_loss'],
    ]);
    const seeds = night.held_out.map(({ run }) => state.runs.get(run)?.seed);
    expect(seeds).toEqual([101_001, 101_001]);
  });

  test('is asked for after dawn has said it all, one look after the other', () => {
    const judged = events.findLastIndex(({ type }) => type === 'experiment_judged');
    const looks = open.flatMap((actions, at) =>
      actions.flatMap((action) => (action.kind === 'hold_out' ? [{ at, action }] : [])),
    );
    expect(looks.every(({ at }) => at >= judged)).toBe(true);
    expect(new Set(looks.map(({ action }) => action.id)).size).toBe(2);
    for (const actions of open)
      expect(actions.filter(({ kind }) => kind === 'hold_out').length).toBeLessThan(2);
  });

  test('is in no brief of an agent that thinks', () => {
    const asked = [
      { kind: 'propose', id: '', role: 'researcher', night: 'N-0001', round: 1, incumbent: tip },
      { kind: 'plan', id: '', role: 'planner', night: 'N-0001', round: 1, incumbent: tip },
    ] as const;
    const around = { branch_prefix: 'autolab', gpus: () => null };
    for (const work of asked) {
      const text = JSON.stringify(briefFor(state, { ...work, wanted: 1 } as never, around));
      expect(text).not.toMatch(/test_loss|held_out|holdout/);
    }
  });
});

test('nothing is looked at where nothing was confirmed', () => {
  const { open, state } = aNight(world(0));
  expect(open.flat().some(({ kind }) => kind === 'hold_out')).toBe(false);
  expect(currentNight(state).held_out).toEqual([]);
});

test('both look by a seed that finished in both', () => {
  const { state } = aNight(world(0.2, [101_001]));
  const { held_out } = currentNight(state);
  expect(held_out.map(({ run }) => state.runs.get(run)?.seed)).toEqual([101_002, 101_002]);
});

test('a look that was recorded is not taken again by a night that goes on', () => {
  const { events } = aNight(world(0.2));
  const first = events.findIndex(({ type }) => type === 'held_out');
  const state = events.slice(0, first + 1).reduce<State>(fold, EMPTY);
  const looks = openActions(state).flatMap((it) => (it.kind === 'hold_out' ? [it.experiment] : []));
  expect(looks).toEqual([currentNight(state).incumbent]);
});
