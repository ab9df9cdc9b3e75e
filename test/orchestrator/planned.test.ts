import { describe, expect, test } from 'vitest';
import { dawnReserve } from '../../orchestrator/budget.ts';
import { openActions } from '../../orchestrator/decide.ts';
import type { Event, EventBody } from '../../orchestrator/domain/event.ts';
import { replay } from '../../orchestrator/domain/fold.ts';
import { plannedWork } from '../../orchestrator/domain/planned-work.ts';
import { currentNight, runsOf, searchRunsOf, type State } from '../../orchestrator/domain/state.ts';
import { linesOf } from '../../orchestrator/lab/lines.ts';
import { memoryOf } from '../../orchestrator/memory.ts';
import { moderationOf } from '../../orchestrator/race.ts';
import { aPlan, anIdea, nightStarted, simulate, type World } from '../support/simulate.ts';

/** Work of the plan's own: when it is run, what comes of it, and that it leaves all else alone. */

const ideas = ['a', 'b', 'c', 'd'].map((title) => anIdea(title));
const noise = ({ seed }: { readonly seed: number | null }) => Math.sin(12.9898 * (seed ?? 7)) / 100;
const world = (extra: Partial<World> = {}): World => ({
  ideas,
  measure: (titles, run) => 1 + noise(run) - (titles.includes('b') ? 0.3 : 0),
  ...extra,
});

const work = (name: string, extra: Record<string, unknown> = {}) => ({
  ...{ name, command: `node ${name}.mjs` },
  ...extra,
});
const planOf = (...experiments: unknown[]) => aPlan({ experiments });

const plannedIn = (state: State) =>
  [...state.experiments.values()].flatMap((one) => (one.planned ? [one] : []));
const outcomes = (state: State) =>
  plannedIn(state).map(({ title, planned }) => [title, planned?.outcome?.status ?? null]);
const begun = (events: readonly Event[], state: State): string[] =>
  events.flatMap((event) =>
    event.type === 'run_started' && event.attempt === 1
      ? [`${event.purpose} ${state.experiments.get(event.experiment)?.title}`]
      : [],
  );

describe('work of the plan’s own', () => {
  test('is flattened: a sub-experiment is parent/child, and needs its parent', () => {
    const { experiments } = planOf(
      work('audit', {
        needs: ['baseline'],
        experiments: [work('left', { experiments: [work('deep')] }), work('right')],
      }),
      work('last', { needs: ['audit/left/deep', 'gate 2'], timeout: '90s' }),
    );
    expect(plannedWork({ experiments }).map(({ name, needs, at }) => [name, needs, at])).toEqual([
      ['audit', ['baseline'], [0]],
      ['audit/left', ['audit'], [0, 0]],
      ['audit/left/deep', ['audit/left'], [0, 0, 0]],
      ['audit/right', ['audit'], [0, 1]],
      ['last', ['audit/left/deep', 'gate 2'], [1]],
    ]);
  });

  test('runs once each, behind one run of the baseline and before any candidate', () => {
    const plan = planOf(
      work('audit', { needs: ['baseline'], experiments: [work('more')] }),
      work('early', { success_criteria: [{ metric: 'loss', max: 2 }] }),
    );
    const { state, events } = simulate(world(), nightStarted(plan, { slots: 1 }));
    const order = begun(events, state);
    expect(order.slice(0, 2)).toEqual([
      'baseline baseline: the unmodified base commit',
      'planned early',
    ]);
    const at = (name: string) => order.indexOf(`planned ${name}`);
    expect(at('audit')).toBeGreaterThan(order.lastIndexOf(order[0] ?? ''));
    expect(at('audit/more')).toBe(at('audit') + 1);
    expect(order.filter((one) => one.startsWith('planned'))).toHaveLength(3);
    expect(outcomes(state)).toEqual([
      ['early', 'met'],
      ['audit', 'finished'],
      ['audit/more', 'finished'],
    ]);
    for (const { id, branch, commit, change } of plannedIn(state)) {
      expect(runsOf(state, id)).toMatchObject([{ seed: null, purpose: 'planned', attempt: 1 }]);
      expect({ branch, commit, change }).toEqual({
        branch: null,
        commit: 'base',
        change: { kind: 'none' },
      });
    }
  });

  test('is judged by its criteria, the worst of them, and what needs a bad one is not run', () => {
    const criteria = (max: number, borderline = 0) => [
      { metric: 'loss', max: 5 },
      { metric: 'loss', max, borderline },
    ];
    const plan = planOf(
      work('met', { success_criteria: criteria(2) }),
      work('near', { success_criteria: criteria(0.9, 0.5) }),
      work('missed', { success_criteria: criteria(0.5), experiments: [work('child')] }),
      work('silent', { success_criteria: [{ metric: 'coverage', min: 1 }] }),
      work('broken', { experiments: [work('child')] }),
      work('on near', { name: 'behind', needs: ['near', 'met'] }),
    );
    const measure: World['measure'] = (titles, run) =>
      titles.includes('broken') ? { fails: 'timeout' } : world().measure(titles, run);
    const { state } = simulate(world({ measure }), nightStarted(plan));
    expect(Object.fromEntries(outcomes(state))).toEqual({
      ...{ met: 'met', near: 'borderline', missed: 'not_met', silent: 'failed', broken: 'failed' },
      behind: 'finished',
    });
    const because = Object.fromEntries(
      plannedIn(state).map(({ title, planned }) => [title, planned?.outcome?.because]),
    );
    expect(because['missed']).toMatch(/^loss at most 0\.5, found 1\.0/);
    expect(because['silent']).toContain('expected a finite coverage');
    expect(because['broken']).toBe('timeout: as the world would have it');
    expect(currentNight(state).ended?.reason).toBe('ideas_spent');
  });

  test('leaves the search, its statistics and dawn’s reserve as they are without it', () => {
    const measure: World['measure'] = (titles, run) =>
      run.purpose === 'planned' ? -100 : world().measure(titles, run);
    const budget = { experiments: 8, runs: 60 };
    const [bare, full] = [[], [work('x'), work('y', { needs: ['baseline'] })]].map((experiments) =>
      simulate(world({ measure }), nightStarted(aPlan({ budget, experiments }))),
    );
    if (!bare || !full) throw new Error('expected two');
    const verdicts = ({ state }: typeof bare) =>
      [...state.experiments.values()].flatMap(({ title, judgement, planned }) =>
        planned ? [] : [[title, judgement?.verdict, judgement?.objective]],
      );
    expect(verdicts(full)).toEqual(verdicts(bare));
    const night = currentNight(full.state);
    const { baseline } = night;
    if (baseline === null) throw new Error('expected a baseline');
    expect(night.dawn?.seeds).toEqual(currentNight(bare.state).dawn?.seeds);
    expect(moderationOf(full.state, baseline)?.typical).toEqual(
      moderationOf(bare.state, baseline)?.typical,
    );
    expect(memoryOf(full.state, night)).toHaveLength(
      memoryOf(bare.state, currentNight(bare.state)).length,
    );
    expect(plannedIn(full.state)).toHaveLength(2);
    // They are runs of the budget, and none of its experiments.
    expect(night.runs_started).toBe(currentNight(bare.state).runs_started + 2);
    expect(night.candidates).toBe(currentNight(bare.state).candidates);
  });

  test('leaves dawn and the baseline their runs, and the next night what it could not begin', () => {
    const names = Array.from({ length: 10 }, (_, i) => `work-${i}`);
    const plan = aPlan({
      budget: { experiments: 8, runs: 12 },
      experiments: names.map((name) => work(name)),
    });
    const first = simulate(world(), nightStarted(plan));
    const night = currentNight(first.state);
    const done = outcomes(first.state).length;
    expect(night.runs_started + dawnReserve(first.state, night)).toBeLessThanOrEqual(12);
    expect(searchRunsOf(first.state, night.baseline ?? 'E-')).toHaveLength(3);
    expect([done > 0, done < 10]).toEqual([true, true]);
    const next = nightStarted(plan, { night: 'N-0002', baseline: night.baseline });
    const { state } = simulate(world(), next, 5000, first.events);
    expect(outcomes(state).map(([name]) => name)).toEqual(names.slice(0, outcomes(state).length));
    expect(outcomes(state).length).toBeGreaterThan(done);
    const timed = { ...plan, budget: { ...plan.budget, runs: undefined, wall_clock: 150 } };
    expect(
      outcomes(simulate(world(), nightStarted(timed, { slots: 1 })).state).length,
    ).toBeLessThan(10);
  });

  describe('leaves dawn its time', () => {
    const long = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((title) => anIdea(title));
    /** Of one piece that takes so many seconds, ended at its timeout. */
    const takes = (seconds: number): World =>
      world({
        ideas: long,
        measure: (titles, run) =>
          run.purpose !== 'planned' || titles.includes('short')
            ? world().measure(titles, run)
            : { fails: 'timeout' },
        took: (titles, { purpose }) =>
          purpose === 'planned' && titles.includes('x') ? seconds : 10,
      });
    const night = (budget: Record<string, unknown>, seconds: number, ...pieces: unknown[]) =>
      simulate(
        takes(seconds),
        nightStarted(aPlan({ budget: { experiments: 8, ...budget }, experiments: pieces }), {
          gpus_per_run: 1,
        }),
      );
    const seedsOf = ({ state }: { readonly state: State }) =>
      currentNight(state).dawn?.seeds.length;

    test('a piece is begun only where its whole timeout is left', () => {
      for (const [budget, timeout] of [
        [{ gpu_hours: 400 / 3600 }, 330],
        [{ wall_clock: '300s' }, 1000],
        // Nobody knows yet what dawn needs while the first run of the baseline goes on.
        [{ wall_clock: '300s' }, 290],
      ] as const) {
        const bare = night(budget, timeout);
        const full = night(budget, timeout, work('x', { timeout: `${timeout}s` }), work('short'));
        expect(outcomes(full.state)).toEqual([['short', 'finished']]);
        expect(seedsOf(bare)).toBeGreaterThan(2);
        expect(seedsOf(full)).toBeGreaterThanOrEqual(Math.min(4, seedsOf(bare) ?? 0));
      }
      const ample = night(
        { wall_clock: '3h', gpu_hours: 3 },
        1000,
        work('x', { timeout: '1000s' }),
      );
      expect(plannedIn(ample.state)).toMatchObject([{ planned: { timeout: 1000 } }]);
    });

    test('what runs is taken to need its timeout, so that no two are begun on the same hours', () => {
      const timeout = '150s';
      const two = [work('x', { timeout }), work('short', { timeout })];
      const { state, events } = night({ gpu_hours: 400 / 3600 }, 150, ...two);
      expect(outcomes(state).map(([name]) => name)).toEqual(['x']);
      expect(begun(events, state).some((one) => one.startsWith('screen'))).toBe(true);
      expect(seedsOf({ state })).toBeGreaterThanOrEqual(4);
    });

    test('the plan’s default is cut to half of what is left, and the outcome says so', () => {
      const { state, events, open } = night({ gpu_hours: 400 / 3600 }, 120, work('x'));
      const [piece] = plannedIn(state);
      expect(piece?.planned).toMatchObject({ cut_from: 3600, outcome: { status: 'failed' } });
      expect(piece?.planned?.timeout).toBeLessThanOrEqual(150);
      expect(piece?.planned?.outcome?.because).toMatch(
        /^timeout: .* \(the budget had 1\d\d s for it, and not run\.timeout’s 3600/,
      );
      for (const at of events.keys())
        expect(openActions(replay(events.slice(0, at + 1)))).toEqual(open[at]);
      const [ample] = plannedIn(night({ wall_clock: '8h' }, 10, work('x')).state);
      expect(ample?.planned).toMatchObject({ timeout: 3600 });
      expect(ample?.planned).not.toHaveProperty('cut_from');
    });
  });

  test('waits for a gate that it names, and is not run where that closes', () => {
    const night = (require: string) =>
      simulate(
        world(),
        nightStarted(
          aPlan({
            gates: [{ after: '2 experiments', require, otherwise: 'stop' }],
            experiments: [work('late', { needs: ['gate 1'] })],
          }),
        ),
      );
    const passed = night('loss <= 2');
    expect(outcomes(passed.state)).toEqual([['late', 'finished']]);
    const order = begun(passed.events, passed.state);
    expect(order.indexOf('planned late')).toBeGreaterThan(3);
    const closed = night('loss <= 0.1');
    expect(outcomes(closed.state)).toEqual([]);
    expect(currentNight(closed.state).ended?.reason).toBe('gate');
  });

  test('counts for no gate, and its line is none that could be closed', () => {
    const plan = aPlan({
      run: { command: 'node train.mjs', deterministic: true },
      gates: [{ after: '6 runs', require: 'best improves baseline by 1%', otherwise: 'stop' }],
      experiments: Array.from({ length: 9 }, (_, i) => work(`work-${i}`)),
    });
    const { state } = simulate(
      {
        ideas: ['a', 'b', 'c', 'd', 'e', 'f'].map((title) => anIdea(title)),
        measure: (titles) => (titles.includes('d') ? 0.9 : 1),
      },
      nightStarted(plan),
    );
    expect(plannedIn(state)).toHaveLength(9);
    expect(currentNight(state).gates).toMatchObject([{ passed: true }]);
    expect(currentNight(state).candidates).toBe(6);
    expect([...linesOf(state)].toSorted()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  test('is all of a night whose plan has nothing else, and runs where the baseline fails', () => {
    const plan = planOf(work('x'), work('y', { needs: ['baseline'] }));
    const alone = simulate(world({ ideas: [] }), nightStarted(plan));
    expect(outcomes(alone.state)).toEqual([
      ['x', 'finished'],
      ['y', 'finished'],
    ]);
    expect(currentNight(alone.state).ended?.reason).toBe('ideas_spent');
    const measure: World['measure'] = (_, run) =>
      run.purpose === 'planned' ? 1 : { fails: 'idea' };
    const failed = simulate(world({ measure }), nightStarted(plan));
    expect(outcomes(failed.state)).toEqual([['x', 'finished']]);
    expect(currentNight(failed.state).ended?.reason).toBe('baseline_failed');
  });

  test('goes on wherever a night is cut off, and a lost run is made again', () => {
    const plan = planOf(work('x', { needs: ['baseline'] }), work('y', { needs: ['x'] }));
    let first = true;
    const measure: World['measure'] = (titles, run) => {
      if (run.purpose !== 'planned' || !first) return world().measure(titles, run);
      first = false;
      return { fails: 'infrastructure' };
    };
    const { events, open, state } = simulate(world({ measure }), nightStarted(plan));
    expect(outcomes(state)).toEqual([
      ['x', 'finished'],
      ['y', 'finished'],
    ]);
    const attempts = plannedIn(state).flatMap(({ id }) =>
      runsOf(state, id).map(({ attempt }) => attempt),
    );
    expect(attempts).toEqual([2, 1]);
    for (const at of events.keys())
      expect(openActions(replay(events.slice(0, at + 1)))).toEqual(open[at]);
  });

  test('is not repeated while its definition and base stay, but for what failed', () => {
    const plan = planOf(work('good'), work('bad'), work('child', { needs: ['good'] }));
    const breaks = (...names: string[]): World => ({
      ...world({ ideas: [] }),
      measure: (titles, run) =>
        names.some((name) => titles.includes(name))
          ? { fails: 'idea' }
          : world().measure(titles, run),
    });
    const first = simulate(breaks('bad'), nightStarted(plan));
    const next = (extra: Parameters<typeof nightStarted>[1], its = plan) =>
      simulate(
        breaks(),
        nightStarted(its, { night: 'N-0002', baseline: 'E-0000', ...extra }),
        5000,
        first.events,
      ).state;
    const anew = (state: State) =>
      plannedIn(state).flatMap(({ night, title }) => (night === 'N-0002' ? [title] : []));
    expect(anew(next({}))).toEqual(['bad']);
    expect(anew(next({ base: { branch: 'main', commit: 'moved' } }))).toEqual([
      'good',
      'bad',
      'child',
    ]);
    const all = ['good', 'bad', 'child'];
    const data = (sha256: string) => [{ path: 'corpus', files: 1, bytes: 1, sha256 }];
    expect(anew(next({ data: data('new') }))).toEqual(all);
    expect(anew(next({ machine: 'another' }))).toEqual(all);
    const on = (hard: string) => ({ environment: { hard, soft: 's', words: {} } });
    // Nobody looked the first time.
    expect(anew(next(on('two GPUs')))).toEqual(['bad']);
    const looked = simulate(breaks('bad'), nightStarted(plan, on('one GPU')));
    const after = (hard: string) =>
      anew(
        simulate(
          breaks(),
          nightStarted(plan, { night: 'N-0002', baseline: 'E-0000', ...on(hard) }),
          5000,
          looked.events,
        ).state,
      );
    expect([after('one GPU'), after('two GPUs')]).toEqual([['bad'], all]);
    const changed = planOf(
      work('good', { timeout: '5s' }),
      work('bad'),
      work('child', { needs: ['good'] }),
    );
    expect(anew(next({}, changed))).toEqual(['good', 'bad']);
  });

  test('keeps the notes that its plan names, as the night found them', () => {
    const plan = planOf(work('x', { plan: 'notes.md' }), work('y', { plan: 'gone.md' }));
    const started = nightStarted(plan, { notes: { 'notes.md': '# Why\n' } });
    const { state } = simulate(world({ ideas: [] }), started);
    expect(plannedIn(state).map(({ planned }) => planned?.notes)).toEqual([
      { file: 'notes.md', text: '# Why\n' },
      null,
    ]);
  });

  test('is refused an outcome that is not its own', () => {
    const { events } = simulate(world(), nightStarted(planOf(work('x'))));
    const odd: EventBody = {
      ...{ type: 'planned_judged', experiment: 'E-0000' },
      outcome: { status: 'met', because: '', limits: [] },
    };
    const last = events.at(-1);
    if (!last) throw new Error('expected events');
    expect(() => replay([...events, { ...odd, seq: last.seq + 1, at: last.at }])).toThrow('E-0000');
  });
});
