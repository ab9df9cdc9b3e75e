import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EventBody } from '../../../orchestrator/domain/event.ts';
import { replay } from '../../../orchestrator/domain/fold.ts';
import type { State } from '../../../orchestrator/domain/state.ts';
import {
  openLab,
  readLabPlan,
  readLabState,
  type Lab,
  type LabPlan,
} from '../../../orchestrator/lab/lab.ts';
import { retry } from '../../../orchestrator/lab/retry.ts';
import { makeLab, PLAN, type FixtureLab } from '../../support/lab.ts';
import {
  aPatch,
  aPlan,
  anIdea,
  nightStarted,
  simulate,
  type World,
} from '../../support/simulate.ts';

const plan = aPlan({
  run: { command: 'train', deterministic: true },
  search_space: { depth: { arg: '--depth={value}', default: 2, values: [1, 4] } },
  agents: { model: 'm' },
});
const knob = (name: string, value: string) =>
  anIdea(`${name} ${value}`, { line: name, change: { kind: 'knobs', values: { [name]: value } } });

/** Depth 4 crashes, the idea crashes whatever its author does, a rate that is gone has no machine. */
const WORLD: World = {
  ideas: [
    knob('depth', '4'),
    anIdea('tied', {
      source: 'model',
      by: 'm',
      expected: { effect: -0.1 },
      change: { kind: 'idea', text: 'tie the weights' },
    }),
    knob('gone', '1'),
    knob('activation', 'gelu'),
  ],
  measure: (titles) =>
    titles.includes('gone 1')
      ? { fails: 'infrastructure' }
      : titles.some((title) => title === 'depth 4' || title === 'tied')
        ? { fails: 'idea' }
        : 1,
};

describe('a retry', () => {
  let fixture: FixtureLab;
  let lab: Lab;
  let labPlan: LabPlan;
  const night = simulate(WORLD, nightStarted(plan));
  const idOf = (title: string): string =>
    [...night.state.experiments.values()].find((one) => one.title === title)?.id ?? 'none';

  beforeAll(async () => {
    fixture = makeLab({
      'research_plan.yaml': PLAN.replace(
        'depth: {',
        'gone: { env: GONE, default: 0, values: [0, 1] }\n  depth: {',
      ),
    });
    lab = await openLab(fixture.root);
    labPlan = await readLabPlan(lab);
  });
  afterAll(() => fixture.remove());

  test('asks for what failed again, by the experiment or its run, and waits in the inbox', async () => {
    const made = await retry(lab, night.state, labPlan, `${idOf('depth 4')}.1`);
    expect(made).toMatchObject({ when: 'next_night', event: { again: true } });
    expect(made.event.proposal).toMatchObject({
      title: `retry of ${idOf('depth 4')}: depth 4`,
      because: `${idOf('depth 4')} failed (idea: as the world would have it)`,
      source: 'yours',
      line: 'depth',
      change: { kind: 'knobs', values: { depth: '4' } },
    });
    const { state } = await readLabState(fixture.root);
    expect(state.queued.map(({ proposal }) => proposal.title)).toEqual([made.event.proposal.title]);
    await expect(
      retry(lab, { ...night.state, queued: state.queued }, labPlan, idOf('depth 4')),
    ).rejects.toThrow(/^expected a change that does not wait yet, found it waits already/);
  });

  test('keeps what a patch was written from, so that it may be repaired again, and what was predicted of it', async () => {
    const { event } = await retry(lab, night.state, labPlan, idOf('tied'));
    expect(event.proposal).toMatchObject({
      change: { kind: 'patch', diff: aPatch('tied').diff },
      ...{ idea: 'tie the weights', written: { by: 'a model' } },
      ...{ source: 'yours', by: 'm', expected: { effect: -0.1 } },
    });
  });

  test('also tries what the machine failed', async () => {
    const { event } = await retry(lab, night.state, labPlan, idOf('gone 1'));
    expect(event.proposal.because).toMatch(/failed \(infrastructure: /);
  });

  test('is refused, with what to do, where nothing failed', async () => {
    const { hypotheses } = night.state;
    const first = hypotheses.get('H-0001');
    if (!first) throw new Error('expected H-0001');
    const rejected = { ...first, experiment: null, rejected_because: 'known' };
    const turnedDown = {
      ...night.state,
      hypotheses: new Map(hypotheses).set('H-0001', rejected),
    };
    const refused: readonly (readonly [State, string, RegExp])[] = [
      [
        night.state,
        idOf('activation gelu'),
        /: it is no difference\. autolab propose TITLE --change activation=gelu --because REASON --again/,
      ],
      [night.state, 'E-0000', /: a launch measures the baseline by itself$/],
      [night.state, 'E-0099', /^expected an experiment or a run of this lab/],
      [night.state, 'H-0099', /^expected an experiment or a run of this lab/],
      [night.state, 'H-0001', /found H-0001, which was tried as E-0001: autolab retry E-0001$/],
      [turnedDown, 'H-0001', /turned down .*\(known\): autolab propose TITLE --change depth=4 --b/],
      [beforeVerdict(idOf('depth 4')), idOf('depth 4'), /has no verdict yet/],
    ];
    for (const [state, id, message] of refused)
      await expect(retry(lab, state, labPlan, id)).rejects.toThrow(message);
    const { gone: _, ...rest } = labPlan.plan.search_space;
    const without = { ...labPlan, plan: { ...labPlan.plan, search_space: rest } };
    await expect(retry(lab, night.state, without, idOf('gone 1'))).rejects.toThrow(
      /the plan has no knob gone any more/,
    );
  });

  test('is taken by the next night, and says whose retry it is', async () => {
    const { event } = await retry(lab, night.state, labPlan, idOf('depth 4'));
    let asked: readonly EventBody[] = [event];
    const next = simulate(
      {
        ...WORLD,
        measure: () => 1,
        meanwhile: () => {
          const now = asked;
          asked = [];
          return now;
        },
      },
      nightStarted(plan, { night: 'N-0002', baseline: 'E-0000', next_experiment: 9 }),
      5000,
      night.events,
    );
    const again = [...next.state.experiments.values()].find(({ title }) =>
      title.startsWith('retry of'),
    );
    expect(again).toMatchObject({ night: 'N-0002', judgement: { verdict: 'no_difference' } });
  });

  const beforeVerdict = (id: string): State =>
    replay(
      night.events.slice(
        0,
        night.events.findIndex((e) => e.type === 'experiment_judged' && e.experiment === id),
      ),
    );
});
