import { describe, expect, test } from 'vitest';
import { createPlanner } from '../../agents/planner.ts';
import { briefFor } from '../../orchestrator/briefs.ts';
import { openActions } from '../../orchestrator/decide.ts';
import type { HypothesisAsked } from '../../orchestrator/domain/asked.ts';
import type { PlannerBrief } from '../../orchestrator/domain/brief.ts';
import type { Event, EventBody } from '../../orchestrator/domain/event.ts';
import { advance, fold, replay } from '../../orchestrator/domain/fold.ts';
import type { Change } from '../../orchestrator/domain/hypothesis.ts';
import { currentNight, type State } from '../../orchestrator/domain/state.ts';
import { sameChange } from '../../orchestrator/same-change.ts';
import { aPlan, anIdea, nightStarted, simulate, type World } from '../support/simulate.ts';

const judge = createPlanner();

/** What the user asks for by hand, before a night and in the middle of one. */

const SPACE = Object.fromEntries(
  ['a', 'b', 'c', 'd', 'e', 'f', 'mine', 'other'].map((knob) => [
    knob,
    { file: 'train.mjs', match: `const ${knob} = {value};`, values: ['1'] },
  ]),
);
const plan = aPlan({ search_space: SPACE, run: { command: 'train', deterministic: true } });

const asked = (title: string, extra: Partial<HypothesisAsked> = {}): HypothesisAsked => ({
  ...{ type: 'hypothesis_asked', key: `key of ${title}`, who: 'ada' },
  proposal: anIdea(title, { source: 'yours' }),
  ...extra,
});

const world = (extra: Partial<World> = {}): World => ({
  ideas: ['a', 'b', 'c', 'd', 'e', 'f'].map((title) => anIdea(title)),
  measure: () => 1,
  ...extra,
});

/** `bodies` come as soon as `when` holds, once. */
function once(
  when: (state: State) => boolean,
  ...bodies: EventBody[]
): NonNullable<World['meanwhile']> {
  let came = false;
  return (state) => {
    if (came || !when(state)) return [];
    came = true;
    return bodies;
  };
}

const tried = (state: State): string[] =>
  [...state.experiments.values()].map(({ title }) => title).slice(1);
const named = (state: State, title: string) =>
  [...state.hypotheses.values()].filter((hypothesis) => hypothesis.title === title);
const at = (body: EventBody, seq: number, when = '2026-01-01T00:00:00Z'): Event => ({
  ...body,
  seq,
  at: new Date(Date.parse(when) + seq).toISOString(),
});

describe('what is asked for in the middle of a night', () => {
  test('is tried next, before all that waits, and in the order asked', () => {
    const enough = (state: State) => state.experiments.size === 4;
    const meanwhile = once(enough, asked('mine'), asked('other'), asked('mine'));
    const { state, events } = simulate(world({ meanwhile }), nightStarted(plan));
    const order = events.flatMap((event) =>
      event.type === 'run_started' && event.purpose === 'screen'
        ? [state.experiments.get(event.experiment)?.title]
        : [],
    );
    const came = events.findIndex((event) => event.type === 'hypothesis_asked');
    const begun = events.slice(0, came).filter((one) => one.type === 'run_started').length - 1;
    expect(order.slice(begun, begun + 2)).toEqual(['mine', 'other']);
    expect(order).toHaveLength(8);
    expect(named(state, 'mine')).toMatchObject([
      { id: expect.stringMatching(/^H-\d{4}$/), status: 'tested', source: 'yours' },
    ]);
    expect(state.queued).toEqual([]);
  });

  test('keeps a night going that had nothing left to try', () => {
    const out = (state: State) =>
      state.night !== null &&
      currentNight(state).exhausted_for !== null &&
      currentNight(state).waiting.length + currentNight(state).proposed.length === 0 &&
      currentNight(state).active.length > 0;
    const meanwhile = once(out, asked('mine'));
    const { state } = simulate(world({ meanwhile }), nightStarted(plan));
    expect(tried(state).at(-1)).toBe('mine');
    expect(named(state, 'mine')).toMatchObject([{ status: 'tested' }]);
  });

  test('waits for the next night once the search is over, and is tried there once', () => {
    const meanwhile = once((state) => currentNight(state).dawn !== null, asked('mine'));
    const first = simulate(world({ meanwhile }), nightStarted(plan));
    expect(first.state.queued).toMatchObject([{ proposal: { title: 'mine' }, hypothesis: null }]);
    const second = simulate(
      world(),
      nightStarted(plan, { night: 'N-0002', baseline: 'E-0000' }),
      5000,
      first.events,
    );
    expect(named(second.state, 'mine')).toMatchObject([{ status: 'tested', night: 'N-0002' }]);
    expect(tried(second.state).filter((title) => title === 'mine')).toHaveLength(1);
    const third = simulate(
      world(),
      nightStarted(plan, { night: 'N-0003', baseline: 'E-0000' }),
      5000,
      second.events,
    );
    expect(tried(third.state).filter((title) => title === 'mine')).toHaveLength(1);
  });

  test('keeps its id where the night that took it in ends before it ran', () => {
    const small = { ...plan, budget: { ...plan.budget, experiments: 2 } };
    const two = [asked('mine'), asked('other'), asked('a'), asked('b')];
    const meanwhile = once((state) => state.experiments.size === 1, ...two);
    const first = simulate(world({ meanwhile }), nightStarted(small));
    expect(tried(first.state)).toEqual(['mine', 'other']);
    expect(first.state.queued.map(({ proposal }) => proposal.title)).toEqual(['a', 'b']);
    const before = named(first.state, 'a').find((one) => one.asked);
    expect(before).toMatchObject({ status: 'queued', experiment: null });
    const next = nightStarted(small, { night: 'N-0002', baseline: 'E-0000' });
    const { state } = simulate(world(), next, 5000, first.events);
    expect(state.hypotheses.get(before?.id ?? 'H-')).toMatchObject({
      ...{ status: 'tested', night: 'N-0002', title: 'a' },
    });
    expect(tried(state).slice(2)).toEqual(['a', 'b']);
    expect(state.queued).toEqual([]);
  });

  test('is tried once wherever the night is cut off and goes on', () => {
    const meanwhile = once((state) => state.experiments.size === 3, asked('mine'));
    const { events, open } = simulate(world({ meanwhile }), nightStarted(plan));
    let state = replay([]);
    let grown = replay([]);
    events.forEach((event, i) => {
      state = fold(state, event);
      grown = advance(grown, event);
      // Whoever begins anew from the journal at this place has the same to do.
      expect(openActions(replay(events.slice(0, i + 1)))).toEqual(open[i]);
      const known = named(state, 'mine').length + state.queued.length;
      const came = events.slice(0, i + 1).some((one) => one.type === 'hypothesis_asked');
      expect(known).toBe(came ? 1 : 0);
    });
    expect(grown).toEqual(state);
    expect(tried(state).filter((title) => title === 'mine')).toHaveLength(1);
  });

  test('comes back where a night is closed after it was opened and before any result', () => {
    const meanwhile = once((state) => state.experiments.size === 3, asked('mine'));
    const { events } = simulate(world({ meanwhile }), nightStarted(plan));
    const opened = events.findIndex(
      (event) => event.type === 'experiment_opened' && event.experiment.title === 'mine',
    );
    const ran = events.findIndex(
      (event, i) => i > opened && event.type === 'run_started' && event.experiment === 'E-0003',
    );
    const closed: EventBody = {
      ...{
        type: 'night_ended',
        night: 'N-0001',
        reason: 'superseded',
        message: 'the plan changed',
      },
    };
    for (const end of [opened, ran]) {
      const state = replay([...events.slice(0, end + 1), at(closed, end + 2, '2026-02-01')]);
      expect(state.queued).toMatchObject([{ proposal: { title: 'mine' } }]);
      expect(named(state, 'mine')).toMatchObject([{ status: 'queued' }]);
    }
  });

  test('was tried where it ran, also if it was then put on a newer incumbent and never ran there', () => {
    const meanwhile = once((state) => state.experiments.size === 2, asked('mine'));
    const { state } = simulate(world({ meanwhile }), nightStarted(plan));
    const mine = [...state.experiments.values()].find(({ title }) => title === 'mine');
    if (!mine) throw new Error('it was not tried');
    const again = {
      ...{ ...mine, id: 'E-0099' as const, reapplies: mine.id },
      ...{ runs: [], judgement: null, failure: null },
    };
    const opened: EventBody = { type: 'experiment_opened', experiment: again };
    const ended: EventBody = {
      ...{ type: 'night_ended', night: 'N-0001', reason: 'superseded', message: 'changed' },
    };
    const after = [opened, ended].reduce(
      (now, body, i) => fold(now, at(body, 9000 + i, '2026-02-01')),
      state,
    );
    expect(after.queued).toEqual([]);
  });

  test('is left to the next night where this one’s plan has not its knob, and then judged', () => {
    const meanwhile = once((state) => state.experiments.size === 3, asked('unheard of'));
    const first = simulate(world({ meanwhile }), nightStarted(plan));
    expect(tried(first.state)).not.toContain('unheard of');
    expect(first.state.queued).toHaveLength(1);
    const next = nightStarted(plan, { night: 'N-0002', baseline: 'E-0000' });
    const { state } = simulate(world(), next, 5000, first.events);
    expect(named(state, 'unheard of')).toMatchObject([{ night: 'N-0002' }]);
  });
});

describe('what is asked for before a night', () => {
  const started = nightStarted(plan, { settings: { a: '0', b: '0', mine: '0' } });
  const before = [asked('mine'), asked('b', { again: true })].map((body, i) => at(body, i + 1));

  test('is the first thing that it tries, before the plan’s own and the Researcher’s', async () => {
    const { state, events } = simulate(world(), started, 5000, before);
    expect(tried(state).slice(0, 2)).toEqual(['mine', 'b']);
    const taken = events.findIndex((event) => event.type === 'hypotheses_planned');
    const early = replay(events.slice(0, taken));
    const work = openActions(early).find((action) => action.kind === 'plan');
    if (work?.kind !== 'plan') throw new Error('expected the Planner to be asked');
    const brief = briefFor(early, work, {
      branch_prefix: 'autolab',
      gpus: () => null,
    }) as PlannerBrief;
    const [own, idea] = [anIdea('a', { source: 'yours' }), anIdea('b')].map((proposal, i) => ({
      ...proposal,
      ...{ id: `H-009${i}` as const, night: 'N-0001' as const, parent: 'E-0000' as const },
    }));
    if (!own || !idea) throw new Error('expected two');
    const rest = { ...brief, waiting: [own, idea] };
    const ids = brief.proposed.map(({ id }) => id);
    // The twin of what was asked for is the one that goes.
    expect(await judge(rest)).toMatchObject({ queue: [...ids, own.id, idea.id], rejected: [] });
    const memory = [
      ...['mine', 'b'].map((title) => ({
        ...{ experiment: 'E-0009' as const, change: anIdea(title).change, gain: null },
        ...{ parent: 'E-0000' as const, verdict: 'worse' as const },
      })),
    ];
    // --again is for what was tried; without it the Planner says what it knows.
    expect(await judge({ ...brief, memory })).toEqual({
      queue: [ids[1]],
      rejected: [{ id: ids[0], because: 'the same change as E-0009 on E-0000 (worse)' }],
    });
  });

  test('is turned down on record, and does not come back', () => {
    const { events } = simulate(world(), started, 5000, before);
    const planned = events.findIndex((event) => event.type === 'hypotheses_planned');
    const early = replay(events.slice(0, planned));
    const [id = 'H-'] = currentNight(early).proposed;
    const rejecting: EventBody = {
      ...{ type: 'hypotheses_planned', night: 'N-0001', round: 1, incumbent: 'E-0000' },
      ...{ queue: [], rejected: [{ id, because: 'E-0000 has it already' }] },
    };
    const closing: EventBody = {
      ...{ type: 'night_ended', night: 'N-0001', reason: 'stopped', message: 'it was stopped' },
    };
    const state = [rejecting, closing].reduce(
      (now, body, i) => fold(now, at(body, planned + 1 + i, '2026-02-01')),
      early,
    );
    expect(state.hypotheses.get(id)).toMatchObject({
      ...{ status: 'rejected', rejected_because: 'E-0000 has it already', source: 'yours' },
    });
    expect(state.queued.map(({ hypothesis }) => hypothesis)).not.toContain(id);
  });
});

describe('the same change', () => {
  const change: Change = anIdea('mine').change;

  test('is found where it waits, runs, was tried, or stands in the plan', () => {
    expect(sameChange(replay([]), plan, [], change)).toBeNull();
    expect(sameChange(replay([]), plan, [anIdea('mine')], change)).toContain('the plan’s own');
    const waiting = replay([at(asked('mine'), 1)]);
    expect(sameChange(waiting, plan, [], change)).toBe('it waits already (“mine”)');
    const { state, events } = simulate(world(), nightStarted(plan), 5000, [at(asked('mine'), 1)]);
    expect(sameChange(state, plan, [], change)).toBe('E-0001 tried it on E-0000 (no difference)');
    const underWay = events.findIndex(
      (event) => event.type === 'run_started' && event.experiment === 'E-0001',
    );
    expect(sameChange(replay(events.slice(0, underWay)), plan, [], change)).toBe(
      'E-0001 is trying it',
    );
    const taken = events.findIndex((event) => event.type === 'hypothesis_taken');
    expect(sameChange(replay(events.slice(0, taken + 1)), plan, [], change)).toBe(
      'H-0001 waits already (“mine”)',
    );
    // For another objective it was not tried.
    const other = { ...plan, objective: { ...plan.objective, metric: 'accuracy' } };
    expect(sameChange(state, other, [], change)).toBeNull();
  });
});
