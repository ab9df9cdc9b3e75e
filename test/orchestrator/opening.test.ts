import { describe, expect, test } from 'vitest';
import { opening, planKey, type Found } from '../../orchestrator/opening.ts';
import type { Event, NightStarted } from '../../orchestrator/domain/event.ts';
import { replay } from '../../orchestrator/domain/fold.ts';
import { currentNight, EMPTY } from '../../orchestrator/domain/state.ts';
import { aPlan, anIdea, nightStarted, simulate } from '../support/simulate.ts';

const plan = aPlan();

const found = (extra: Partial<Found> = {}): Found => ({
  plan,
  plan_text: 'project: simulated\n',
  base: { branch: 'main', commit: 'base' },
  settings: {},
  slots: 2,
  machine: 'a test',
  data: [],
  own: [],
  diffOf: async (id) => `diff of ${id}`,
  highest_number: -1,
  remarks: [],
  ...extra,
});

/** A whole night in which `a` really helps, or nothing does. */
const aNight = (gain: number) => {
  let i = 0;
  return simulate(
    {
      ideas: [anIdea('a'), anIdea('b')],
      measure: (titles) => 1 + 0.002 * ((i++ * 7) % 5) - (titles.includes('a') ? gain : 0),
    },
    nightStarted(plan, { plan_key: planKey(plan) }),
  );
};

const started = (bodies: readonly unknown[]): NightStarted => bodies.at(-1) as NightStarted;

describe('the environment of a launch', () => {
  const surroundings = (hard: string, kernel: string) => ({
    hard,
    soft: kernel,
    words: { kernel },
  });
  const { state } = simulate(
    {
      ideas: [anIdea('a')],
      measure: (_, run) => 1 + 0.001 * ((run.seed ?? 0) % 7),
      environment: () => 'h',
    },
    nightStarted(plan, { plan_key: planKey(plan), environment: surroundings('h', '6.1') }),
  );
  const next = async (hard: string, kernel: string) =>
    started(await opening(state, found({ environment: surroundings(hard, kernel) })));

  test('takes the baseline over within one hard key alone', async () => {
    expect(await next('h', 's')).toMatchObject({ baseline: 'E-0000', remarks: [] });
    expect(await next('other', 's')).toMatchObject({ baseline: null, remarks: [] });
    // Nobody looked: the machine's words have to do.
    expect(started(await opening(state, found()))).toMatchObject({ baseline: 'E-0000' });
  });

  test('takes it over across soft keys, and says so', async () => {
    const { baseline, remarks } = await next('h', '6.8');
    expect(baseline).toBe('E-0000');
    expect(remarks).toEqual([
      'E-0000 was measured with kernel none, now 6.8: that should move no number, and tonight’s are compared with it',
    ]);
  });
});

describe('a launch', () => {
  test('starts the first night of an empty lab, numbered after the branches that remain', async () => {
    const bodies = await opening(EMPTY, found({ highest_number: 6 }));
    expect(bodies).toHaveLength(1);
    expect(started(bodies)).toMatchObject({ night: 'N-0001', next_experiment: 7, baseline: null });
  });

  test('goes on with a night that was cut off', async () => {
    const { events } = aNight(0);
    const cut = replay(events.slice(0, 12));
    expect(await opening(cut, found())).toMatchObject([{ type: 'night_resumed', night: 'N-0001' }]);
  });

  test('goes on with a night behind the branches that another worktree’s night made meanwhile', async () => {
    const before = aNight(0).events.slice(0, 12);
    const cut = replay(before);
    const own = found({ highest_number: cut.next_experiment - 1 });
    expect((await opening(cut, own))[0]).not.toHaveProperty('next_experiment');
    const [body] = await opening(cut, found({ highest_number: 40 }));
    expect(body).toMatchObject({ type: 'night_resumed', next_experiment: 41 });
    const resumed = { ...body, seq: 13, at: '2026-01-01T05:00:00.000Z' } as Event;
    expect(replay([...before, resumed]).next_experiment).toBe(41);
  });

  test('goes on with a night of an older AutoLab, whose plan lacks a key and has another order', async () => {
    const [first, ...rest] = aNight(0).events.slice(0, 12) as [Event, ...Event[]];
    const { experiments: _, gates: __, agents: ___, ...old } = aPlan();
    const entries = Object.entries(old).toReversed();
    const older = { ...first, plan: Object.fromEntries(entries) } as Event;
    const cut = replay([older, ...rest]);
    const [body] = await opening(cut, found());
    expect(body).toMatchObject({ type: 'night_resumed', night: 'N-0001' });
    const resumed = { ...body, plan: old, seq: 13, at: '2026-01-01T05:00:00.000Z' } as Event;
    const { plan: whole } = currentNight(replay([older, ...rest, resumed]));
    expect(whole).toMatchObject({ experiments: [], agents: aPlan().agents });
  });

  test('goes on with another model or coding agent: no run knows of either', async () => {
    const cut = replay(aNight(0).events.slice(0, 12));
    const other = aPlan({ agents: { model: 'another' }, worker: { command: 'claude -p' } });
    expect(await opening(cut, found({ plan: other }))).toMatchObject([{ type: 'night_resumed' }]);
  });

  test('goes on with more budget, if that is all that changed', async () => {
    const cut = replay(aNight(0).events.slice(0, 12));
    const more = aPlan({ budget: { experiments: 50 } });
    const [body] = await opening(cut, found({ plan: more }));
    const after = replay([
      ...aNight(0).events.slice(0, 12),
      { ...body, seq: 13, at: '2026-01-01T05:00:00.000Z' } as Event,
    ]);
    expect(currentNight(after).plan.budget.experiments).toBe(50);
    expect(currentNight(after).idle_seconds).toBeGreaterThan(3600);
  });

  test('closes a night that was cut off, without dawn, when the plan or the base changed', async () => {
    const cut = replay(aNight(0).events.slice(0, 12));
    const other = aPlan({ run: { command: 'node other.mjs', seed: { env: 'SEED' } } });
    for (const change of [{ plan: other }, { base: { branch: 'main', commit: 'moved' } }]) {
      const bodies = await opening(cut, found(change));
      expect(bodies[0]).toMatchObject({ type: 'night_ended', reason: 'superseded' });
      expect(started(bodies)).toMatchObject({ night: 'N-0002', baseline: null });
    }
  });

  test('takes the baseline over when nothing that matters changed, and not otherwise', async () => {
    const { state } = aNight(0);
    expect(started(await opening(state, found())).baseline).toBe('E-0000');
    const data = [{ path: 'corpus', files: 1, bytes: 1, sha256: 'x' }];
    for (const change of [
      { base: { branch: 'main', commit: 'moved' } },
      { machine: 'another' },
      { data },
    ])
      expect(started(await opening(state, found(change))).baseline).toBeNull();
  });

  test('offers last night’s best again, first, unless it was promoted', async () => {
    const { state, events } = aNight(0.3);
    const own = [anIdea('mine', { source: 'yours' })];
    const { proposals } = started(await opening(state, found({ own })));
    expect(proposals.map((p) => p.source)).toEqual(['incumbent', 'yours']);
    const tip = currentNight(state).incumbent ?? 'E-';
    expect(proposals[0]?.change).toMatchObject({ kind: 'patch', diff: `diff of ${tip}` });
    const promoted = replay([
      ...events,
      {
        ...{ type: 'promoted', experiment: tip, branch: 'main', commit: 'c', who: 'me' },
        ...{ seq: events.length + 1, at: '2026-01-02T00:00:00.000Z' },
      },
    ]);
    expect(started(await opening(promoted, found({ own }))).proposals).toHaveLength(1);
  });

  test('offers the best again after a night that was superseded before it began', async () => {
    const { state, events } = aNight(0.3);
    const at = '2026-01-02T00:00:00.000Z';
    const seq = events.length + 1;
    const next = { ...started(await opening(state, found())), seq, at } as Event;
    const cut = {
      type: 'night_ended',
      night: 'N-0002',
      reason: 'superseded',
      message: '',
    } as const;
    const after = replay([...events, next, { ...cut, seq: seq + 1, at }]);
    expect(started(await opening(after, found())).proposals.map((p) => p.source)).toEqual([
      'incumbent',
    ]);
  });

  test('finishes the report of a night that ended, before it begins another', async () => {
    const { events } = aNight(0);
    const ended = events.findIndex((event) => event.type === 'night_ended');
    const state = replay(events.slice(0, ended + 1));
    expect(await opening(state, found())).toMatchObject([
      { type: 'night_resumed', night: 'N-0001' },
    ]);
  });

  test('closes a night that was cut off when its data or its machine changed', async () => {
    const cut = replay(aNight(0).events.slice(0, 12));
    const data = [{ path: 'corpus', files: 1, bytes: 1, sha256: 'x' }];
    expect((await opening(cut, found({ data })))[0]).toMatchObject({
      reason: 'superseded',
      message: 'it was cut off, and corpus changed since',
    });
    expect((await opening(cut, found({ machine: 'another' })))[0]).toMatchObject({
      message: 'it was cut off, and the machine changed since',
    });
  });

  test('says which data and which lines of the plan changed since the last night', async () => {
    const { state } = aNight(0);
    const data = [{ path: 'corpus', files: 1, bytes: 1, sha256: 'x' }];
    const body = started(await opening(state, found({ data, plan_text: 'project: other\n' })));
    expect(body.data_changed).toEqual(['corpus']);
    expect(body.plan_changes).toContain('+project: other');
  });
});
