import { describe, expect, test } from 'vitest';
import { briefFor } from '../../orchestrator/briefs.ts';
import type { WorkerBrief } from '../../orchestrator/domain/brief.ts';
import type { Change } from '../../orchestrator/domain/hypothesis.ts';
import type { PruneOrder } from '../../orchestrator/domain/ports.ts';
import type { Pruning, Run } from '../../orchestrator/domain/run.ts';
import { alertOf } from '../../orchestrator/domain/alert.ts';
import { replay } from '../../orchestrator/domain/fold.ts';
import { currentNight, experimentIn, runsOf, type State } from '../../orchestrator/domain/state.ts';
import { isAudited, keepsCurves } from '../../orchestrator/pruning.ts';
import {
  aPlan,
  anIdea,
  nightStarted,
  normals,
  simulate,
  uniforms,
  type Simulated,
  type World,
} from '../support/simulate.ts';

const PRUNED: Pruning = {
  ...{ rule: 'curve', because: 'at step 60, 60% of the way, far worse', metric: 'loss' },
  ...{ step: 60, value: 3, mean: 1, spread: 0.01, n: 4, seconds: 6, audited: false },
};

const world = (hopeless: readonly string[] = []): World => {
  const noise = normals(uniforms(3));
  const gains: Readonly<Record<string, number>> = {
    a: 0.05,
    b: 0.03,
    c: 0,
    width: 0.002,
    e: -0.002,
  };
  return {
    ideas: ['a', 'b', 'c', 'width', 'e', 'lr'].map((title) => anIdea(title)),
    measure: (titles) =>
      titles.some((title) => hopeless.includes(title))
        ? { pruned: PRUNED }
        : 1 + 0.01 * noise() - titles.reduce((sum, title) => sum + (gains[title] ?? 0), 0),
  };
};

const plan = (extra: Record<string, unknown> = {}) =>
  aPlan({ budget: { experiments: 8, runs: 90 }, ...extra });
const aNight = (extra: Record<string, unknown> = {}, hopeless: readonly string[] = []): Simulated =>
  simulate(world(hopeless), nightStarted(plan(extra)));

/** The order of each run, as it was composed when the run was started. */
function ordersOf({
  events,
}: Simulated): readonly { run: Run; prune: PruneOrder | null; state: State }[] {
  return events.flatMap((event, i) => {
    if (event.type !== 'run_started') return [];
    const state = replay(events.slice(0, i + 1));
    const { run: id, attempt } = event;
    const brief = briefFor(
      state,
      { kind: 'run', id: `run-${id}-${attempt}`, role: 'worker', run: id, attempt },
      { branch_prefix: 'autolab', gpus: () => null },
    ) as WorkerBrief & { task: 'run' };
    return [{ run: state.runs.get(id) as Run, prune: brief.order.prune ?? null, state }];
  });
}

describe('what a worker is told of pruning', () => {
  const night = aNight();
  const orders = ordersOf(night);

  test('is nothing for a baseline, for dawn, and for what the search builds on', () => {
    for (const { run, prune, state } of orders) {
      const { parent } = experimentIn(state, run.experiment);
      const never = parent === null || run.purpose === 'dawn' || run.purpose === 'baseline';
      if (never || currentNight(state).incumbent === run.experiment) expect(prune).toBeNull();
      else expect(prune).toMatchObject({ mode: 'cautious', audited: isAudited(run.id, 'base') });
    }
    expect(orders.filter(({ prune }) => prune !== null).length).toBeGreaterThan(8);
  });

  test('names the finished runs of what the change was made on, and no other', () => {
    const held = orders.flatMap((order) => (order.prune?.reference.length ? [order] : []));
    expect(held.some(({ prune }) => (prune?.reference.length ?? 0) >= 4)).toBe(true);
    for (const { run, prune, state } of held) {
      const { parent } = experimentIn(state, run.experiment);
      const finished = runsOf(state, parent ?? 'E-0000').filter((one) => one.status === 'finished');
      expect(prune?.reference).toEqual(finished.map(({ id, attempt }) => ({ run: id, attempt })));
    }
  });

  test('names none for a change whose curves cross, and is nothing where the plan says off', () => {
    const crossing = orders.filter(
      ({ run, state }) => experimentIn(state, run.experiment).title === 'lr',
    );
    expect(crossing.length).toBeGreaterThan(0);
    for (const { prune } of crossing) expect(prune?.reference).toEqual([]);
    for (const { prune } of ordersOf(aNight({ prune: 'off' }))) expect(prune).toBeNull();
  });
});

describe('a change', () => {
  const knobs = {
    batch: { file: 'train.mjs', match: 'const BATCH = {value};', values: [1] },
    k: { file: 'train.mjs', match: 'const maxSteps = {value};', values: [1] },
    rate: { arg: '--lr={value}', default: 1, values: [1] },
    w: { env: 'WARMUP_FRACTION', default: 1, values: [1] },
    recipe: { file: 'a.yaml', path: 'train.recipe', values: ['cosine', 'flat'] },
    hidden: { file: 'train.mjs', match: 'const HIDDEN = {value};', values: [1] },
    dropout: { arg: '--dropout', default: 1, values: [1] },
  };
  const lab = plan({ search_space: knobs });
  const set = (name: string, value = '1'): Change => ({ kind: 'knobs', values: { [name]: value } });

  test.each([
    ['batch', false, false],
    ['k', false, false],
    ['rate', false, true],
    ['w', false, true],
    ['hidden', true, true],
    ['dropout', true, true],
    ['learning_rate', false, true],
    ['lrDecay', false, true],
    ['adam_eps', false, true],
    ['num_epochs', false, false],
    ['max_iters', false, false],
    ['criterion', true, true],
    ['depth', true, true],
  ])('of %s keeps curves comparable: %s when cautious, %s when eager', (name, cautious, eager) => {
    expect(keepsCurves(set(name), lab, 'cautious')).toBe(cautious);
    expect(keepsCurves(set(name), lab, 'eager')).toBe(eager);
  });

  test('is judged by its value, too, and by each of its knobs; a patch never keeps them', () => {
    expect(keepsCurves(set('recipe', 'flat'), lab, 'cautious')).toBe(true);
    expect(keepsCurves(set('recipe', 'cosine'), lab, 'cautious')).toBe(false);
    const both: Change = { kind: 'knobs', values: { hidden: '2', rate: '2' } };
    expect(keepsCurves(both, lab, 'cautious')).toBe(false);
    const patch: Change = { kind: 'patch', file: null, diff: '' };
    expect(keepsCurves(patch, lab, 'eager')).toBe(false);
  });
});

test('one run in twenty is audited, the same ones each time, and others from another commit', () => {
  const ids = Array.from({ length: 4000 }, (_, i) => `E-${String(i).padStart(4, '0')}.1` as const);
  const from = (base: string) => ids.filter((id) => isAudited(id, base));
  for (const base of ['a'.repeat(40), 'b'.repeat(40)]) {
    const share = from(base).length / ids.length;
    expect(share).toBeGreaterThan(0.04);
    expect(share).toBeLessThan(0.06);
  }
  // Each lab has these names, and not the same ones may be drawn in all of them.
  const both = from('a'.repeat(40)).filter((id) => isAudited(id, 'b'.repeat(40)));
  expect(both.length).toBeLessThan(30);
  expect(from('a'.repeat(40)).slice(0, 3)).toEqual(['E-0000.1', 'E-0003.1', 'E-0057.1']);
});

describe('a pruned experiment', () => {
  const night = aNight({}, ['c', 'a']);
  const judged = [...night.state.experiments.values()].filter(({ title }) => title === 'c');

  test('is judged so at once, with the evidence, and without a contrast', () => {
    expect(judged.length).toBeGreaterThan(0);
    for (const { judgement } of judged)
      expect(judgement).toMatchObject({
        ...{ verdict: 'pruned', n: 0, objective: null, on_parent: null, on_baseline: null },
        because: expect.stringMatching(/^E-\d+\.1 was ended early: at step 60, 60% of the way/),
      });
  });

  test('gets no further run, is built on by nobody, and is not proposed again', () => {
    for (const { id, runs } of judged) {
      expect(runs).toHaveLength(1);
      expect([...night.state.experiments.values()].some(({ parent }) => parent === id)).toBe(false);
    }
    const parents = judged.map(({ parent }) => parent);
    expect(new Set(parents).size).toBe(parents.length);
    expect(currentNight(night.state).ended).not.toBeNull();
  });

  test('is told of once, as what it is', () => {
    const told = night.events.flatMap((event) => {
      const alert = alertOf(night.state, event);
      return alert?.kind === 'run_pruned' ? [alert] : [];
    });
    expect(told[0]).toMatchObject({
      level: 'info',
      text: expect.stringMatching(/^E-\d+\.1 \((?:a|c)\) was ended early: at step 60/),
    });
    const killed = [...night.state.runs.values()].filter(({ status }) => status === 'killed');
    expect(told).toHaveLength(killed.length);
  });
});
