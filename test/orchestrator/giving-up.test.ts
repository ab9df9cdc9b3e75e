import { expect, test } from 'vitest';
import type { Work } from '../../orchestrator/actions.ts';
import { decide, openActions } from '../../orchestrator/decide.ts';
import type { Event } from '../../orchestrator/domain/event.ts';
import { replay } from '../../orchestrator/domain/fold.ts';
import { currentNight } from '../../orchestrator/domain/state.ts';
import { givenUp } from '../../orchestrator/giving-up.ts';
import { aPlan, anIdea, nightStarted, simulate } from '../support/simulate.ts';

const { events } = simulate(
  { ideas: [anIdea('a'), anIdea('b'), anIdea('c')], measure: (titles) => 1 - titles.length * 0.1 },
  nightStarted(aPlan()),
);

/** The first state of a night in which such work is open. */
function stateWith(kind: Work['kind']) {
  for (let i = 1; i <= events.length; i++) {
    const state = replay(events.slice(0, i));
    const actions = openActions(state);
    const work = actions.find((action): action is Work => action.kind === kind);
    if (work && actions.every((action) => action.kind !== 'record')) return { state, work };
  }
  throw new Error(`no ${kind} in the whole night`);
}

test('a Planner that keeps throwing does not turn down what people asked for', () => {
  const { state, work } = stateWith('plan');
  const [id] = currentNight(state).proposed;
  const idea = id === undefined ? undefined : state.hypotheses.get(id);
  if (!idea) throw new Error('nothing was proposed');
  const asked = { key: 'k', who: 'ada', at: state.now };
  const hypotheses = new Map(state.hypotheses).set(idea.id, { ...idea, source: 'yours', asked });
  const [, planned] = givenUp({ ...state, hypotheses }, work, 'a bug');
  expect(planned).toMatchObject({ type: 'hypotheses_planned', queue: [idea.id] });
});

test.each(['propose', 'plan', 'prepare', 'run', 'summarise', 'report'] as const)(
  'a night gives up a %s that keeps throwing, says so, and goes on',
  (kind) => {
    const { state, work } = stateWith(kind);
    const bodies = givenUp(state, work, 'a bug\nat somewhere');
    expect(bodies[0]).toMatchObject({ type: 'alert', level: 'error' });
    let now = state;
    for (const body of bodies) {
      const event = { ...body, seq: 1000, at: '2026-01-01T12:00:00.000Z' } as Event;
      now = decide(now, event).state;
    }
    const open = openActions(now);
    expect(
      open.filter((action) => action.kind !== 'record').map((action) => action.id),
    ).not.toContain(work.id);
    expect(currentNight(now).ended !== null || open.length > 0 || kind === 'report').toBe(true);
  },
);
