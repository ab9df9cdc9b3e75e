import { describe, expect, it } from 'vitest';
import type { Action } from '../../orchestrator/actions.ts';
import { openActions } from '../../orchestrator/decide.ts';
import type { EventBody } from '../../orchestrator/domain/event.ts';
import { fold } from '../../orchestrator/domain/fold.ts';
import { currentNight, EMPTY, type State } from '../../orchestrator/domain/state.ts';
import { aPlan, anIdea, nightStarted, simulate } from '../support/simulate.ts';

const { events } = simulate(
  {
    measure: (titles, run) => (titles.includes('helps') ? 1 : 2) + (run.seed ?? 0) * 1e-4,
    ideas: [anIdea('helps'), anIdea('does nothing'), anIdea('hurts')],
  },
  nightStarted(aPlan()),
);

/** Every state that the night went through before it ended, and how many there were. */
function* states(): Generator<State> {
  let state = EMPTY;
  for (const event of events) {
    state = fold(state, event);
    if (currentNight(state).ended) return;
    yield state;
  }
}

const then = (state: State, body: EventBody): State =>
  fold(state, { ...body, seq: 0, at: state.now });
const night = 'N-0001' as const;

const begins = (action: Action): boolean =>
  action.kind === 'record'
    ? ['run_started', 'experiment_opened', 'dawn_began', 'night_ended'].includes(action.event.type)
    : ['propose', 'plan', 'prepare'].includes(action.kind);
const going = (actions: readonly Action[]) => actions.filter(({ kind }) => kind === 'run');

describe('a night that was asked to stop', () => {
  it('begins nothing more, lets what runs finish, and goes on as it was at the next launch', () => {
    let seen = 0;
    for (const state of states()) {
      const before = openActions(state);
      const asked = then(state, { type: 'stopping', night, how: 'drain', who: 'a test' });
      expect(openActions(asked).filter(begins)).toEqual([]);
      expect(going(openActions(asked))).toEqual(going(before));
      const { slots, plan } = currentNight(state);
      expect(openActions(then(asked, { type: 'night_resumed', night, slots, plan }))).toEqual(
        before,
      );
      seen++;
    }
    expect(seen).toBeGreaterThan(50);
  });
});

describe('a paused night', () => {
  it('opens no experiment, makes no branch and starts no run, and then goes on as before', () => {
    let held = 0;
    for (const state of states()) {
      const paused = then(state, { type: 'paused', night, because: 'the disk is full' });
      const open = openActions(paused);
      const started = open.filter(
        (action) => action.kind === 'record' && action.event.type === 'run_started',
      );
      expect(started).toEqual([]);
      expect(going(open)).toEqual(going(openActions(state)));
      if (open.length < openActions(state).length) held++;
      expect(openActions(then(paused, { type: 'unpaused', night }))).toEqual(openActions(state));
    }
    expect(held).toBeGreaterThan(10);
  });
});

describe('a night that slept', () => {
  it('does not count the time as its own', () => {
    const [state] = [...states()].slice(-1);
    if (!state) throw new Error('no states');
    const slept = then(state, { type: 'slept', night, seconds: 3600 });
    expect(currentNight(slept).idle_seconds - currentNight(state).idle_seconds).toBe(3600);
  });
});
