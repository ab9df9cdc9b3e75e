import { describe, expect, it } from 'vitest';
import { alertOf } from '../../orchestrator/domain/alert.ts';
import { fold } from '../../orchestrator/domain/fold.ts';
import { EMPTY } from '../../orchestrator/domain/state.ts';
import { aPlan, anIdea, nightStarted, simulate } from '../support/simulate.ts';

const night = simulate(
  {
    measure: (titles, run) => {
      if (titles.includes('breaks')) return { fails: 'out_of_memory' };
      return (titles.includes('helps') ? 1 : 2) + (run.seed ?? 0) * 1e-4;
    },
    ideas: [anIdea('helps'), anIdea('breaks')],
  },
  nightStarted(aPlan()),
);
const told = night.events.flatMap((event) => alertOf(night.state, event) ?? []);

describe('the alerts of a night', () => {
  it('are what a person would want to hear at once, in order, each with its subject', () => {
    expect(told.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['run_failed', 'beyond_baseline', 'new_incumbent', 'improved']),
    );
    expect(told.at(-1)).toMatchObject({ kind: 'night_ended', level: 'info', subject: 'N-0001' });
    expect(told.find(({ kind }) => kind === 'run_failed')?.text).toContain('out of memory');
  });

  it('are the same asked at once or in the morning, so that a relaunch raises none twice', () => {
    let state = EMPTY;
    const atOnce = night.events.flatMap((event) => {
      state = fold(state, event);
      return alertOf(state, event) ?? [];
    });
    expect(atOnce).toEqual(told);
  });

  it('say how long the machine slept, and why nothing is started', () => {
    const at = { seq: 1, at: '2026-01-01T00:00:00.000Z', night: 'N-0001' } as const;
    expect(alertOf(night.state, { ...at, type: 'slept', seconds: 7300 })?.text).toContain(
      '2 h 2 min',
    );
    expect(
      alertOf(night.state, { ...at, type: 'paused', because: 'the disk is full' }),
    ).toMatchObject({ kind: 'paused', level: 'warning' });
  });
});
