import { describe, expect, test } from 'vitest';
import { claimsOf } from '../../bench/trust/score.ts';
import { attributionOf, titlesOf } from '../../bench/trust/truth.ts';
import type { World } from '../../bench/trust/worlds.ts';
import type { Event, EventBody } from '../../orchestrator/domain/event.ts';
import type { Experiment, Judgement } from '../../orchestrator/domain/experiment.ts';
import { replay } from '../../orchestrator/domain/fold.ts';
import { experimentIn, type State } from '../../orchestrator/domain/state.ts';
import { aJudgement, aNight, anExperiment } from '../support/events.ts';

/** A night of the baseline E-0000 and a stack on it, E-0001, E-0002, … up to `tip`. */
function aStack(judgements: readonly unknown[], more: readonly unknown[] = []): State {
  const experiments = [
    anExperiment(0),
    ...judgements.map((judgement, i) =>
      anExperiment(i + 1, {
        title: `idea ${i + 1}`,
        change: { kind: 'knobs', values: { [`idea ${i + 1}`]: '1' } },
        parent: anExperiment(i).id,
        judgement: judgement as Judgement | null,
      }),
    ),
    ...(more as readonly Experiment[]),
  ];
  const tip = anExperiment(judgements.length).id;
  const bodies: readonly EventBody[] = [
    aNight(),
    ...experiments.map((experiment): EventBody => ({ type: 'experiment_opened', experiment })),
    ...[
      {
        ...({ type: 'dawn_began', night: 'N-0001', reason: 'runs_spent', seeds: [] } as const),
        arms: [anExperiment(0).id, tip],
      },
    ],
  ];
  return replay(
    bodies.map((body, i): Event => ({ ...body, seq: i + 1, at: '2026-01-01T00:00:00.000Z' })),
  );
}

describe('The truth of an arm', () => {
  test('is that of its change and its ancestors’', () => {
    const state = aStack([null, null, null]);
    expect(titlesOf(state, 'E-0003')).toEqual(['idea 3', 'idea 2', 'idea 1']);
    expect(titlesOf(state, 'E-0000')).toEqual([]);
  });

  test('is, of a stack without a member, that of all others', () => {
    const changes = [1, 3].map((n) => ({ kind: 'knobs', values: { [`idea ${n}`]: '1' } }));
    for (const [parent, made] of [
      ['E-0000', changes],
      ['E-0001', changes.slice(1)],
      ['E-0003', changes],
    ] as const) {
      const without = {
        ...anExperiment(4, { title: 'without idea 2', parent }),
        ...{ change: { kind: 'stack', changes: made }, without: 'E-0002' },
      };
      const state = aStack([null, null, null], [without]);
      expect(titlesOf(state, 'E-0004').toSorted()).toEqual(['idea 1', 'idea 3']);
    }
  });

  test('cannot be told of a stack of changes that nobody tried', () => {
    const change = { kind: 'stack', changes: [{ kind: 'knobs', values: { other: '1' } }] };
    const state = aStack([null], [{ ...anExperiment(2), change, without: null }]);
    expect(() => titlesOf(state, 'E-0002')).toThrow('E-0002');
  });
});

describe('The score of a night', () => {
  const ideas = [2, -1, 0, -3].map((gain, i) => ({
    ...{ title: `idea ${i + 1}`, gain, calm: gain },
    ...{ spread: 1, explodes: false },
  }));
  const world: World = {
    ideas,
    gainOf: (titles) =>
      [...titles].reduce((sum, t) => sum + (ideas.find(({ title }) => title === t)?.gain ?? 9), 0),
    measure: () => 0,
  };
  const dawn = (interval: readonly [number, number], confirmed = true) => ({
    ...{ confirmed, n: 4, n_baseline: 4, objective: 1, baseline: 2, runs: [] },
    on_baseline: { effect: -1, interval },
  });
  const improved = (interval: readonly [number, number]) =>
    aJudgement({ verdict: 'improved', dawn: dawn(interval) });

  test('takes a claim on a stack that helps as true, whatever is in it', () => {
    const { gain, tally } = claimsOf(world, aStack([aJudgement(), improved([-1.5, -0.5])]));
    expect(gain).toBe(1);
    expect(tally.claimed.hits).toBe(1);
    expect(tally.wrong).toEqual({ of: 1, hits: 0 });
    expect(tally.covered).toEqual({ of: 1, hits: 1 });
    expect(tally.covered_claims).toEqual({ of: 1, hits: 1 });
  });

  test('takes a claim on a stack that does not help as false, and its interval as missing it', () => {
    const state = aStack([null, null, null, improved([-1.5, -0.5])]);
    const { gain, tally } = claimsOf(world, state);
    expect(gain).toBe(-2);
    expect(tally.wrong).toEqual({ of: 1, hits: 1 });
    expect(tally.stacks).toEqual({ of: 1, hits: 1 });
    expect(tally.covered).toEqual({ of: 1, hits: 0 });
  });

  test('counts the interval of a stack that was not claimed, and no claim', () => {
    const judgement = aJudgement({ verdict: 'inconclusive', dawn: dawn([-3, 1], false) });
    const { gain, tally } = claimsOf(world, aStack([judgement]));
    expect(gain).toBe(0);
    expect(tally.claimed).toEqual({ of: 1, hits: 0 });
    expect(tally.covered).toEqual({ of: 1, hits: 1 });
    expect(tally.covered_claims).toEqual({ of: 0, hits: 0 });
  });

  test('is false where a single change is claimed that does nothing', () => {
    const said = (attributed: boolean) => ({
      ...aJudgement(),
      attribution: { effect: -0.6, interval: [-1, -0.2], n: 4, p: 0.01, attributed },
    });
    const night = (attributed: boolean) => aStack([improved([-3, -1]), null, said(attributed)]);
    const state = night(true);
    expect(attributionOf(experimentIn(state, 'E-0003'))?.attributed).toBe(true);
    const { tally } = claimsOf(world, state);
    expect(tally.wrong).toEqual({ of: 1, hits: 1 });
    expect(tally.changes).toEqual({ of: 1, hits: 1 });
    expect(tally.covered_members).toEqual({ of: 1, hits: 0 });
    expect(claimsOf(world, night(false)).tally.wrong.hits).toBe(0);
  });
});
