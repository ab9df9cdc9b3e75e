import { describe, expect, test } from 'vitest';
import { hypothesisPage } from '../../cli/show/hypothesis.ts';
import { standingWhere } from '../../orchestrator/lab/standing.ts';
import { briefFor } from '../../orchestrator/briefs.ts';
import { openActions } from '../../orchestrator/decide.ts';
import { repairAnswer, writeAnswer, type WorkerBrief } from '../../orchestrator/domain/brief.ts';
import type { Event, EventBody } from '../../orchestrator/domain/event.ts';
import { fold, replay } from '../../orchestrator/domain/fold.ts';
import type { Proposal } from '../../orchestrator/domain/hypothesis.ts';
import type { Plan } from '../../orchestrator/domain/plan.ts';
import { currentNight, experimentIn, runsOf, type State } from '../../orchestrator/domain/state.ts';
import { lost } from '../../orchestrator/giving-up.ts';
import { memoryOf } from '../../orchestrator/memory.ts';
import { runRecord } from '../../notebook/tables/runs.ts';
import {
  aPatch,
  aPlan,
  anIdea,
  nightStarted,
  normals,
  simulate,
  uniforms,
  type Simulated,
  type World,
} from '../support/simulate.ts';

/** Ideas in words that become patches, and patches that crash and are repaired. */

/** With a model, so that ideas in words can be had. */
const writable = (extra: Record<string, unknown> = {}): Plan =>
  aPlan({ ...extra, agents: { model: 'a-model' } });
const DETERMINISTIC = { run: { command: 'train', deterministic: true } };
const plan = writable(DETERMINISTIC);

const inWords = (title: string, extra: Partial<Proposal> = {}): Proposal =>
  anIdea(title, { source: 'model', change: { kind: 'idea', text: `do ${title}` }, ...extra });

const world = (extra: Partial<World> = {}): World => ({
  ideas: [inWords('a'), inWords('b')],
  measure: () => 1,
  ...extra,
});

/** Crashes until its patch was repaired so often. */
const crashes =
  (times: number): World['measure'] =>
  (titles, run) =>
    titles.length > 0 && run.attempt <= times ? { fails: 'idea' } : 1;

const kinds = ({ events }: Simulated): string[] => events.map(({ type }) => type);
const named = (state: State, title: string) =>
  [...state.experiments.values()].find((experiment) => experiment.title === title);
const hypothesis = (state: State, title: string) =>
  [...state.hypotheses.values()].find((one) => one.title === title);
const around = { branch_prefix: 'autolab', gpus: () => null };

describe('an idea in words', () => {
  test('is written before the Planner sees it, and is tried as the patch that was written', () => {
    const night = simulate(world(), nightStarted(plan));
    const a = named(night.state, 'a');
    expect(a?.change).toEqual({ kind: 'patch', file: null, diff: aPatch('a').diff });
    expect(a?.judgement?.verdict).toBeDefined();
    expect(hypothesis(night.state, 'a')).toMatchObject({
      status: 'tested',
      idea: 'do a',
      written: { by: 'a model', account: { changes: ['a'] } },
    });
    const first = kinds(night).indexOf('hypotheses_planned');
    expect(kinds(night).slice(0, first)).toContain('hypothesis_written');
  });

  test('is turned down with the reason where its author gives none', () => {
    const failure = { class: 'infrastructure', message: 'the model is away' } as const;
    const night = simulate(
      world({ writes: ({ title }) => (title === 'a' ? { failure } : aPatch(title)) }),
      nightStarted(plan),
    );
    expect(hypothesis(night.state, 'a')).toMatchObject({
      status: 'rejected',
      rejected_because: 'the model is away',
    });
    expect(named(night.state, 'b')?.judgement).toBeTruthy();
  });

  test('is turned down at once, with what to do, where nobody could write it', () => {
    const yours = inWords('a', { source: 'yours' });
    const night = simulate(world({ ideas: [yours] }), nightStarted(aPlan(DETERMINISTIC)));
    expect(hypothesis(night.state, 'a')).toMatchObject({
      status: 'rejected',
      rejected_because:
        'nobody can write it as a patch: name a model (agents.model) or a coding agent (worker.command) in research_plan.yaml, or give a patch',
    });
    expect(night.open.flat().map(({ kind }) => kind)).not.toContain('write');
  });

  test('is not written twice: the same words wait, or were tried on the same incumbent', () => {
    const night = simulate(world({ ideas: [inWords('a')] }), nightStarted(plan));
    const twin = inWords('twin', { change: { kind: 'idea', text: 'Do  A.' } });
    const state = fold(replay(upTo(night, 'experiment_judged')), {
      ...{ type: 'hypotheses_proposed', night: 'N-0001', round: 9, incumbent: 'E-0000' },
      hypotheses: [{ ...twin, id: 'H-0009', night: 'N-0001', parent: 'E-0000' }],
      ...{ exhausted: true, seq: 9000, at: '2026-01-01T01:00:00Z' },
    });
    const turned = openActions(state).find(
      (action) => action.kind === 'record' && action.event.type === 'hypothesis_unwritten',
    );
    expect(turned).toMatchObject({ event: { hypothesis: 'H-0009' } });
    expect(JSON.stringify(turned)).toMatch(/the same words as E-0001 on E-0000 \(no difference\)/);
  });

  test('is known by its words in any script, and signs are words', () => {
    const pairs = [
      ['Увеличить скорость обучения', 'Добавить нормализацию'],
      ['增加学习率', '使用余弦调度'],
      ['clip where the norm is > 1', 'clip where the norm is < 1'],
    ];
    for (const texts of pairs) {
      const ideas = texts.map((text, i) => inWords(`${i}`, { change: { kind: 'idea', text } }));
      const { state } = simulate(world({ ideas }), nightStarted(plan));
      expect([...state.hypotheses.values()].map(({ status }) => status)).toEqual(
        texts.map(() => 'tested'),
      );
    }
  });

  test('is not written in a night whose baseline failed, and no crash is repaired there', () => {
    const night = simulate(
      world({
        ideas: [inWords('a', { source: 'yours' })],
        measure: () => ({ fails: 'idea' }),
        repairs: () => aPatch('mended'),
        slowAuthor: true,
      }),
      nightStarted(plan),
    );
    expect(currentNight(night.state).ended?.reason).toBe('baseline_failed');
    expect(kinds(night)).not.toContain('hypothesis_written');
    expect(kinds(night)).not.toContain('experiment_repaired');
  });

  test('never makes a slot wait: what needs no writing is run meanwhile', () => {
    const knobs = ['c', 'd', 'e', 'f'].map((title) => anIdea(title));
    const night = simulate(
      world({ ideas: [inWords('a'), ...knobs, inWords('b')], slowAuthor: true }),
      nightStarted(plan),
    );
    const written = kinds(night).indexOf('hypothesis_written');
    const ended = kinds(night)
      .slice(0, written)
      .filter((type) => type === 'run_ended');
    // The baseline's run and those of all four knobs.
    expect(ended).toHaveLength(5);
    expect(named(night.state, 'a')?.judgement).toBeTruthy();
    expect(named(night.state, 'b')?.judgement).toBeTruthy();
  });

  test('is one of two at most that are with an author, and of no more than a slot needs', () => {
    const ideas = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((title) => inWords(title));
    const night = simulate(world({ ideas, slowAuthor: true }), nightStarted(plan));
    const atOnce = night.open.map(
      (actions) => actions.filter(({ kind }) => kind === 'write' || kind === 'repair').length,
    );
    expect(Math.max(...atOnce)).toBe(2);
    expect([...night.state.hypotheses.values()].map(({ status }) => status)).toEqual(
      ideas.map(() => 'tested'),
    );
    expect(currentNight(night.state).ended?.reason).toBe('ideas_spent');
  });

  test('that was asked for, and that nobody could write, waits for the next night', () => {
    const failure = { class: 'infrastructure', message: 'the model is away' } as const;
    let came = false;
    const night = simulate(
      world({
        ideas: [anIdea('c')],
        writes: () => ({ failure }),
        meanwhile: () => {
          if (came) return [];
          came = true;
          const proposal = inWords('mine', { source: 'yours', refuted_by: 'no gain' });
          return [{ type: 'hypothesis_asked', key: 'k', proposal, who: 'ada' }];
        },
      }),
      nightStarted(plan),
    );
    expect(night.state.queued).toMatchObject([
      { proposal: { change: { kind: 'idea', text: 'do mine' }, refuted_by: 'no gain' } },
    ]);
    const id = night.state.queued[0]?.hypothesis ?? 'H-0000';
    expect(hypothesisPage(night.state, id, standingWhere(false))).toMatchObject({
      ...{ status: 'queued', unwritten: 'the model is away' },
    });
  });

  test('is told to its author with what it is to be written on, the same after a kill', () => {
    const night = simulate(world(), nightStarted(plan));
    const at = night.open.findIndex((actions) => actions.some(({ kind }) => kind === 'write'));
    const state = replay(night.events.slice(0, at + 1));
    const work = openActions(state).find((action) => action.kind === 'write');
    if (work?.kind !== 'write') throw new Error('expected something to write');
    const brief = briefFor(state, work, around);
    expect(brief).toMatchObject({
      task: 'write',
      hypothesis: { change: { kind: 'idea', text: 'do a' }, parent: 'E-0000' },
      order: { parent: 'base', base: 'base', plan },
    });
    expect(work.id).toBe('write-H-0001');
    expect(briefFor(replay(night.events.slice(0, at + 1)), work, around)).toEqual(brief);
  });
});

test('the first run of a patch that was written is preceded by a smoke run, and no other run is', () => {
  const ideas = [inWords('a'), anIdea('b', { source: 'yours' })];
  const { state } = simulate(world({ ideas }), nightStarted(plan));
  const smokes = [...state.runs.values()].filter(({ id, attempt }) => {
    const work = { kind: 'run', id: `run-${id}-${attempt}`, role: 'worker', run: id, attempt };
    const brief = briefFor(state, work as Parameters<typeof briefFor>[1], around) as WorkerBrief;
    return brief.task === 'run' && brief.order.smoke === true;
  });
  expect(smokes.map(({ id }) => id)).toEqual([named(state, 'a')?.runs[0]]);
  expect(state.runs.size).toBeGreaterThan(smokes.length);
});

describe('a patch that crashes', () => {
  test('is repaired, and its run is made again of the new commit', () => {
    const repaired = aPatch('a, mended');
    const night = simulate(
      world({ ideas: [inWords('a')], measure: crashes(1), repairs: () => repaired }),
      nightStarted(plan),
    );
    const a = named(night.state, 'a');
    expect(a?.change).toEqual({ kind: 'patch', file: null, diff: repaired.diff });
    expect(a).toMatchObject({ commit: 'E-0001-repair-1', judgement: { verdict: 'no_difference' } });
    expect(a?.repairs).toMatchObject([
      {
        ...{ number: 1, run: 'E-0001.1', attempt: 1, failure: { class: 'idea' } },
        before: { commit: 'E-0001', change: { diff: aPatch('a').diff } },
      },
    ]);
    const results = night.events.flatMap((event) =>
      event.type === 'run_ended' && event.result.run === 'E-0001.1' ? [event.result] : [],
    );
    expect(results.map(({ attempt, commit, status }) => [attempt, commit, status])).toEqual([
      [1, 'E-0001', 'failed'],
      [2, 'E-0001-repair-1', 'finished'],
    ]);
    const memory = memoryOf(night.state, currentNight(night.state));
    expect(memory).toMatchObject([{ crashed: [{ diff: aPatch('a').diff }] }]);
    // Until it is run again, the row of a run tells of the commit that crashed.
    const prepared = replay(upTo(night, 'experiment_repaired'));
    const anew = fold(prepared, {
      ...{ type: 'experiment_prepared', experiment: 'E-0001', branch: 'b', commit: 'mended' },
      ...{ command: { command: 'train', env: {} }, settings: null },
      ...{ seq: 9000, at: '2026-01-01T01:00:00Z' },
    });
    expect(runRecord(anew, 'E-0001.1')).toMatchObject({ attempt: 1, commit: 'E-0001' });
    expect(kinds(night).filter((type) => type === 'experiment_judged')).toHaveLength(1);
  });

  test('is failed after as many repairs as the plan allows, and says how often it was tried', () => {
    const night = simulate(
      world({
        ideas: [inWords('a')],
        measure: crashes(99),
        repairs: (_, number) => aPatch(`try ${number}`),
      }),
      nightStarted(plan),
    );
    const a = named(night.state, 'a');
    expect(a?.repairs).toHaveLength(3);
    expect(a?.judgement).toMatchObject({
      verdict: 'failed',
      because: 'idea: as the world would have it (after 3 repairs)',
    });
    expect(runsOf(night.state, 'E-0001')).toMatchObject([{ attempt: 4 }]);
  });

  test('is failed where its author gives up, and slots work on meanwhile', () => {
    const night = simulate(
      world({
        ideas: [inWords('a'), anIdea('c'), anIdea('d')],
        measure: (titles) => (titles.includes('a') ? { fails: 'idea' } : 1),
        repairs: () => ({ gave_up: 'the idea needs another library' }),
        slowAuthor: true,
      }),
      nightStarted(plan),
    );
    expect(named(night.state, 'a')?.judgement).toMatchObject({
      verdict: 'failed',
      because:
        'idea: as the world would have it (after 0 repairs, and no more: the idea needs another library)',
    });
    const judged = night.events.flatMap((event) =>
      event.type === 'experiment_judged' ? [event.experiment] : [],
    );
    expect(judged.at(-1)).toBe('E-0003');
  });

  test('is no business of repair where the machine, the clock or a number was at fault, or it was yours', () => {
    for (const fails of ['infrastructure', 'timeout', 'out_of_memory', 'no_metric'] as const) {
      const night = simulate(
        world({
          ideas: [inWords('a')],
          measure: (titles) => (titles.length > 0 ? { fails } : 1),
          repairs: () => aPatch('mended'),
        }),
        nightStarted(plan),
      );
      expect([fails, named(night.state, 'a')?.repairs]).toEqual([fails, undefined]);
    }
    const change = { kind: 'patch', file: 'mine.diff', diff: aPatch('a').diff } as const;
    const night = simulate(
      world({
        ideas: [anIdea('a', { source: 'yours', change })],
        measure: crashes(99),
        repairs: () => aPatch('mended'),
      }),
      nightStarted(plan),
    );
    expect(named(night.state, 'a')).toMatchObject({ judgement: { verdict: 'failed' } });
    expect(kinds(night)).not.toContain('experiment_repaired');
  });

  test('gets all its attempts again after a repair, should the machine fail it', () => {
    const night = simulate(
      world({
        ideas: [inWords('a')],
        measure: (titles, { attempt }) =>
          titles.length === 0 || attempt > 5
            ? 1
            : { fails: attempt <= 3 ? 'idea' : 'infrastructure' },
        repairs: (_, number) => aPatch(`try ${number}`),
      }),
      nightStarted(plan),
    );
    expect(runsOf(night.state, 'E-0001')).toMatchObject([{ attempt: 6, status: 'finished' }]);
    expect(named(night.state, 'a')?.judgement?.verdict).toBe('no_difference');
  });

  test('that gave a number once is not repaired: its numbers are of one commit', () => {
    const noise = normals(uniforms(3));
    const night = simulate(
      world({
        ideas: [inWords('a')],
        measure: (titles, { seed }) =>
          titles.includes('a') && (seed ?? 0) > 1
            ? { fails: 'idea' }
            : 1 + 0.01 * noise() - (titles.length > 0 ? 0.5 : 0),
        repairs: () => aPatch('mended'),
      }),
      nightStarted(writable()),
    );
    expect(kinds(night)).not.toContain('experiment_repaired');
    expect(named(night.state, 'a')?.judgement?.verdict).toBe('failed');
  });

  test('is repaired before it is built on: a stack holds the repaired patch', () => {
    const noise = normals(uniforms(5));
    const repaired = aPatch('a, mended');
    const night = simulate(
      world({
        ideas: [inWords('a'), anIdea('c')],
        measure: (titles, run) =>
          titles.includes('a') &&
          run.purpose === 'screen' &&
          run.attempt === 1 &&
          !titles.includes('c')
            ? { fails: 'idea' }
            : 1 + 0.001 * noise() - 0.1 * titles.length,
        repairs: () => repaired,
      }),
      nightStarted(writable()),
    );
    const stacked = [...night.state.experiments.values()].filter(({ title }) => title === 'a');
    expect(stacked.length).toBeGreaterThan(0);
    for (const { change } of stacked)
      expect(change).toEqual({ kind: 'patch', file: null, diff: repaired.diff });
    expect(currentNight(night.state).ended).not.toBeNull();
  });

  test('is told with its crash and the earlier tries, and an answer that comes too late changes nothing', () => {
    const night = simulate(
      world({
        ideas: [inWords('a')],
        measure: crashes(2),
        repairs: (_, number) => aPatch(`try ${number}`),
      }),
      nightStarted(plan),
    );
    const at = night.open.findLastIndex((actions) => actions.some(({ kind }) => kind === 'repair'));
    const state = replay(night.events.slice(0, at + 1));
    const work = openActions(state).find((action) => action.kind === 'repair');
    if (work?.kind !== 'repair') throw new Error('expected something to repair');
    expect(work).toMatchObject({ id: 'repair-E-0001-2', attempt: 2, number: 2 });
    expect(briefFor(state, work, around)).toMatchObject({
      task: 'repair',
      hypothesis: { idea: 'do a' },
      order: {
        parent: 'E-0000',
        diff: aPatch('try 1').diff,
        original: aPatch('a').diff,
        ...{ number: 2, most: 3, failure: { class: 'idea' } },
        earlier: [{ diff: aPatch('a').diff, account: { changes: ['a'] } }],
      },
    });
    const late: EventBody = {
      type: 'experiment_repaired',
      ...{ experiment: 'E-0001', run: 'E-0001.1', attempt: 1, number: 1, written: aPatch('late') },
    };
    const after = fold(night.state, { ...late, seq: 9999, at: night.state.now });
    expect(experimentIn(after, 'E-0001')).toEqual(experimentIn(night.state, 'E-0001'));
  });
});

test('what is held out is told to no author', () => {
  const holdout = { command: 'node test.mjs', metric: 'test_loss' };
  const night = simulate(
    world({ ideas: [inWords('a')], measure: crashes(1), repairs: () => aPatch('mended') }),
    nightStarted(writable({ ...DETERMINISTIC, holdout })),
  );
  const told = night.open.flatMap((actions, at) =>
    actions.flatMap((work) =>
      work.kind === 'write' || work.kind === 'repair'
        ? [JSON.stringify(briefFor(replay(night.events.slice(0, at + 1)), work, around))]
        : [],
    ),
  );
  expect(told.some((text) => text.includes('"task":"repair"'))).toBe(true);
  for (const text of told) expect(text).not.toMatch(/test_loss|held_out|holdout/);
});

describe('a night with authors', () => {
  test('goes on from any of its records to an end, and mixes no commits', () => {
    const ideas = [inWords('a'), anIdea('c'), inWords('b'), anIdea('d')];
    const hard = world({
      ideas,
      measure: (titles, { attempt }) =>
        titles.includes('a') && attempt === 1 ? { fails: 'idea' } : 1,
      repairs: (_, number) => aPatch(`a, mended ${number}`),
      slowAuthor: true,
    });
    const night = simulate(hard, nightStarted(plan));
    // Every third, in `npm test`.
    const step = process.env['FULL'] ? 1 : 3;
    for (let cut = 1; cut < night.events.length; cut += step) {
      const before = night.events.slice(0, cut);
      expect(openActions(replay(before))).toEqual(night.open[cut - 1]);
      if (currentNight(replay(before)).ended) break;
      const again = simulate(
        hard,
        { type: 'night_resumed', night: 'N-0001', slots: 2, plan },
        5000,
        [...before, ...fenced(before)],
      );
      expect(currentNight(again.state).ended?.reason).toBe('ideas_spent');
      for (const { id, judgement } of again.state.experiments.values())
        expect([id, judgement !== null || id === 'E-0000']).toEqual([id, true]);
      expectOneCommitEach(again);
    }
  });

  test('ends, within its budget, whatever authors and runs do', () => {
    for (let seed = 1; seed <= (process.env['FULL'] ? 60 : 15); seed++) {
      const uniform = uniforms(seed);
      const often = uniform();
      const chaos = simulate(
        world({
          ideas: ['a', 'b', 'c', 'd', 'e'].map((t, i) => (i % 2 ? anIdea(t) : inWords(t))),
          measure: (titles) =>
            titles.length > 0 && uniform() < often
              ? {
                  fails:
                    (['idea', 'infrastructure', 'no_metric'] as const)[Math.floor(uniform() * 3)] ??
                    'idea',
                }
              : 1 - 0.1 * titles.length + 0.01 * uniform(),
          writes: ({ title }) =>
            uniform() < 0.3
              ? { failure: { class: 'idea', message: 'no' } }
              : aPatch(`${title}${uniform()}`),
          repairs: () => (uniform() < 0.3 ? { gave_up: 'no' } : aPatch(`r${uniform()}`)),
          slowAuthor: uniform() < 0.5,
        }),
        nightStarted(
          writable({ budget: { experiments: 6, runs: 12 + Math.floor(uniform() * 30) } }),
        ),
      );
      const { ended, active } = currentNight(chaos.state);
      expect(ended).not.toBeNull();
      expect(active).toEqual([]);
      expectOneCommitEach(chaos);
    }
  });

  test('answers that are none of its kind are no answers', () => {
    expect(writeAnswer.safeParse({ diff: '', account: { changes: [] }, by: 'x' }).success).toBe(
      false,
    );
    expect(repairAnswer.safeParse({ failure: { class: 'idea', message: 'x' } }).success).toBe(
      false,
    );
    expect(repairAnswer.parse({ gave_up: 'x' })).toEqual({ gave_up: 'x' });
  });
});

/** The events of a night up to the first of a type. */
const upTo = ({ events }: Simulated, type: Event['type']): readonly Event[] =>
  events.slice(0, events.findIndex((event) => event.type === type) + 1);

/** What a launch records first: attempts that nobody will hear of. */
const fenced = (before: readonly Event[]): readonly Event[] =>
  [...replay(before).runs.values()]
    .filter(({ status }) => status === 'running')
    .map(({ id, attempt, started }, i) => ({
      ...{ type: 'run_ended', result: lost(id, attempt, started) },
      ...{ seq: before.length + i + 1, at: before.at(-1)?.at ?? started },
    }));

/** All numbers of an experiment are of the commit that its branch holds. */
function expectOneCommitEach({ state }: Simulated): void {
  for (const { id, commit } of state.experiments.values())
    for (const { status, result } of runsOf(state, id))
      if (status === 'finished') expect([id, result?.commit]).toEqual([id, commit]);
}
