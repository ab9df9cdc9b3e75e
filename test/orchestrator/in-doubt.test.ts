import { describe, expect, test } from 'vitest';
import { openActions } from '../../orchestrator/decide.ts';
import type { Event } from '../../orchestrator/domain/event.ts';
import { replay } from '../../orchestrator/domain/fold.ts';
import type { Run } from '../../orchestrator/domain/run.ts';
import { currentNight, experimentIn } from '../../orchestrator/domain/state.ts';
import { lost } from '../../orchestrator/giving-up.ts';
import { memoryOf } from '../../orchestrator/memory.ts';
import {
  aPlan,
  anIdea,
  nightStarted,
  normals,
  simulate,
  uniforms,
  type World,
} from '../support/simulate.ts';

/** What is in doubt goes no further: not into the search, not past dawn, not into the memory. */

const scatter = (run: Run): number => 0.001 * ((run.seed ?? 0) % 7);
const small = aPlan({ budget: { experiments: 1, runs: 40 } });

describe('an incumbent that is suspected late', () => {
  const many = { objective: { metric: 'loss', direction: 'minimize' } };
  const night = (ofRepeat: ReturnType<World['measure']>) => {
    const normal = normals(uniforms(14));
    const world: World = {
      ideas: Array.from({ length: 20 }, (_, i) => anIdea(`k${i}`)),
      measure: (titles, run) =>
        run.purpose === 'repeat' && titles.includes('k0')
          ? ofRepeat
          : 1 + 0.01 * normal() - titles.reduce((sum, k) => sum + (k === 'k0' ? 0.3 : 0.002), 0),
    };
    const plan = aPlan({ ...many, budget: { experiments: 20, runs: 120 } });
    const { state, events } = simulate(world, nightStarted(plan, { slots: 1 }));
    const first = [...state.experiments.values()].find(({ title }) => title === 'k0');
    const moved = events.findIndex((e) => e.type === 'incumbent_moved' && e.to === first?.id);
    const flagged = events.findIndex((e) => e.type === 'flagged' && e.target === first?.id);
    expect(flagged).toBeGreaterThan(moved);
    return state;
  };

  test('is not claimed by dawn, nor what is built on it, where its number did not come back', () => {
    const state = night(1);
    const [, tip] = currentNight(state).dawn?.arms ?? [];
    const judgement = tip && experimentIn(state, tip).judgement;
    expect(judgement).toMatchObject({ verdict: 'invalid', dawn: { confirmed: false } });
    expect(judgement?.because).toContain('did not come back');
  });

  test('ends no night in waiting for a repeat that the machine cannot make', () => {
    const state = night({ fails: 'infrastructure' });
    expect(currentNight(state).ended).not.toBeNull();
    const verdicts = [...state.experiments.values()].map((one) => one.judgement?.verdict);
    expect(verdicts).not.toContain('improved');
  });
});

describe('a run in other surroundings than the baseline’s', () => {
  test('is recorded as a drift before its number is judged, be it the last of the search', () => {
    const world: World = {
      ideas: [anIdea('a')],
      measure: (_, run) => 1 + scatter(run) - (run.experiment === 'E-0001' ? 0.05 : 0),
      environment: (run) => (run.experiment === 'E-0001' ? 'there' : 'here'),
    };
    const { events } = simulate(world, nightStarted(small, { slots: 1 }));
    const types = events.map(({ type }) => type);
    expect(types).toContain('baseline_drifted');
    expect(types).not.toContain('incumbent_moved');
  });

  test('keeps dawn from claiming anything, where it is one of dawn’s', () => {
    const moved = ({ purpose, slot }: Run): boolean => purpose === 'dawn' && slot === 2;
    const world: World = {
      ideas: [anIdea('a')],
      measure: (titles, run) =>
        1 + scatter(run) - (titles.includes('a') ? 0.05 : 0) - (moved(run) ? 0.05 : 0),
      environment: (run) => (moved(run) ? 'there' : 'here'),
    };
    const { state } = simulate(world, nightStarted(small, { slots: 2 }));
    const { judgement } = experimentIn(state, 'E-0001');
    expect(judgement).toMatchObject({ verdict: 'inconclusive', dawn: { confirmed: false } });
    expect(judgement?.because).toContain('did not all have the same devices');
  });
});

test('each of dawn’s arms runs in every slot', () => {
  const world: World = {
    ideas: [anIdea('a')],
    measure: (titles, run) => 1 + scatter(run) - (titles.includes('a') ? 0.05 : 0),
  };
  const { state } = simulate(world, nightStarted(small, { slots: 2 }));
  const slots = (id: 'E-0000' | 'E-0001') =>
    new Set(
      [...state.runs.values()].flatMap(({ experiment, purpose, slot }) =>
        experiment === id && purpose === 'dawn' ? [slot] : [],
      ),
    ).size;
  expect([slots('E-0000'), slots('E-0001')]).toEqual([2, 2]);
});

test('no training at dawn is no improvement', () => {
  const world: World = {
    ideas: [anIdea('a')],
    measure: (titles, run) => 1 + scatter(run) - (titles.includes('a') ? 0.05 : 0),
    took: (titles, run) => (run.purpose === 'dawn' && titles.includes('a') ? 0.1 : 10),
  };
  const { events } = simulate(world, nightStarted(small, { slots: 1 }));
  const told = events.map((e): Event =>
    e.type === 'run_ended'
      ? { ...e, result: { ...e.result, steps: e.result.seconds < 1 ? 0 : 100 } }
      : e,
  );
  const dawn = told.findIndex((e) => e.type === 'experiment_judged' && e.judgement.dawn !== null);
  const next = openActions(replay(told.slice(0, dawn))).find(({ kind }) => kind === 'record');
  expect(next).toMatchObject({
    event: { judgement: { verdict: 'invalid', because: expect.stringContaining('no training') } },
  });
});

test('a change that was never repeated is free to be tried by the next night', () => {
  const world: World = {
    ideas: [anIdea('b'), anIdea('c'), anIdea('a')],
    measure: (titles, run) => (titles.includes('a') ? 0.2 : 1) + scatter(run),
  };
  // Where exactly the budget ends, the number of the runs before it decides.
  const unrepeated = [12, 13, 14, 15, 16, 17].flatMap((runs) => {
    const plan = aPlan({ budget: { experiments: 3, runs } });
    const { state } = simulate(world, nightStarted(plan, { slots: 1 }));
    const one = [...state.experiments.values()].find(({ judgement }) =>
      judgement?.because.includes('it never was'),
    );
    return one ? [{ state, one }] : [];
  });
  expect(unrepeated.length).toBeGreaterThan(0);
  for (const { state, one } of unrepeated) {
    expect(one).toMatchObject({ title: 'a', judgement: { verdict: 'inconclusive' } });
    const next = { ...currentNight(state), id: 'N-0002' } as const;
    const remembered = memoryOf(state, next).map(({ experiment }) => experiment);
    expect(remembered).not.toContain(one.id);
  }
});

test('a run of dawn that another night lost is not made again in this one', () => {
  const world: World = {
    ideas: [anIdea('a')],
    measure: (titles, run) => 1 + scatter(run) - (titles.includes('a') ? 0.05 : 0),
  };
  const { events } = simulate(world, nightStarted(small, { slots: 1 }));
  const begun = events.findIndex((e) => e.type === 'run_started' && e.purpose === 'dawn');
  const cut = events[begun];
  if (cut?.type !== 'run_started') throw new Error('no dawn');
  const at = '2026-01-02T00:00:00.000Z';
  const next = { night: 'N-0002', baseline: cut.experiment, next_experiment: 2, slots: 1 } as const;
  const state = replay([
    ...events.slice(0, begun + 1),
    { type: 'run_ended', result: lost(cut.run, 1, at), seq: 1001, at },
    { type: 'night_ended', night: 'N-0001', reason: 'superseded', message: '', seq: 1002, at },
    { ...nightStarted(small, next), seq: 1003, at },
  ]);
  const started = openActions(state).filter(
    (action) => action.kind === 'record' && action.event.type === 'run_started',
  );
  expect(started).toEqual([]);
});
