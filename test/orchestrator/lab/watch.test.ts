import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventBody } from '../../../orchestrator/domain/event.ts';
import { fold } from '../../../orchestrator/domain/fold.ts';
import { EMPTY, type State } from '../../../orchestrator/domain/state.ts';
import { openLab, type Lab } from '../../../orchestrator/lab/lab.ts';
import { createWatch, LOW_WATER, type Heard, type Watch } from '../../../orchestrator/lab/watch.ts';
import { makeLab, PLAN, type FixtureLab } from '../../support/lab.ts';
import { aPlan, nightStarted } from '../../support/simulate.ts';

let fixture: FixtureLab;
let lab: Lab;
let state: State;
let free: number;
let time: { monotonic: number; asleep: number };
let heard: Heard[];
let watch: Watch;

beforeEach(async () => {
  fixture = makeLab();
  lab = await openLab(fixture.root);
  const commit = fixture.git(['rev-parse', 'HEAD']);
  state = EMPTY;
  told(nightStarted(aPlan(), { base: { branch: 'main', commit } }));
  free = 1e12;
  time = { monotonic: 0, asleep: 0 };
  const clock = {
    now: () => time.monotonic,
    monotonic: () => time.monotonic,
    asleep: () => time.asleep,
  };
  heard = [];
  watch = createWatch({
    ...{ lab, clock, planText: PLAN },
    ...{ heard: () => heard.splice(0), freeIn: async () => free },
  });
});
afterEach(() => fixture.remove());

function told(body: EventBody): void {
  state = fold(state, { ...body, seq: 0, at: new Date(0).toISOString() });
}

/** What is seen a minute later, recorded as the night does. */
async function aMinuteLater(): Promise<readonly EventBody[]> {
  time.monotonic += 60_000;
  const bodies = await watch(state);
  for (const body of bodies) told(body);
  return bodies;
}

describe('the watch of a night', () => {
  it('says nothing while nothing happens', async () => {
    expect(await watch(state)).toEqual([]);
    expect(await aMinuteLater()).toEqual([]);
  });

  it('pauses below the low-water mark, once, and goes on only with room to spare', async () => {
    free = LOW_WATER - 1;
    expect(await aMinuteLater()).toMatchObject([{ type: 'paused' }]);
    expect(await aMinuteLater()).toEqual([]);
    free = LOW_WATER + 1;
    expect(await aMinuteLater()).toEqual([]);
    free = LOW_WATER * 2;
    expect(await aMinuteLater()).toMatchObject([{ type: 'unpaused' }]);
    expect(await aMinuteLater()).toEqual([]);
  });

  it('says once what is wrong with the queue, and that it is right again', async () => {
    const lost = { level: 'warning', text: 'queue: lost the connection' } as const;
    const back = { level: 'info', text: 'queue: back after 3 s' } as const;
    heard.push(lost, back);
    const alert = { type: 'alert', subject: 'N-0001' };
    expect(await watch(state)).toEqual([
      { ...alert, ...lost },
      { ...alert, ...back },
    ]);
    expect(await aMinuteLater()).toEqual([]);
  });

  it('says once that the plan was edited, and that it was put back', async () => {
    fixture.write({ 'research_plan.yaml': PLAN.replace('experiments: 6', 'experiments: 60') });
    expect(await aMinuteLater()).toMatchObject([{ type: 'alert', kind: 'plan_edited' }]);
    expect(await aMinuteLater()).toEqual([]);
    fixture.write({ 'research_plan.yaml': PLAN });
    expect(await aMinuteLater()).toMatchObject([{ text: expect.stringContaining('again as') }]);
  });

  it('says where the base branch went, and when it is gone', async () => {
    fixture.write({ 'notes.md': 'more' });
    fixture.commit('the user goes on');
    expect(await aMinuteLater()).toMatchObject([
      { kind: 'base_moved', level: 'warning', text: expect.stringContaining('moved to') },
    ]);
    expect(await aMinuteLater()).toEqual([]);
    fixture.git(['checkout', '--quiet', '--detach']);
    fixture.git(['branch', '-D', 'main']);
    expect(await aMinuteLater()).toMatchObject([{ text: expect.stringContaining('was deleted') }]);
    expect(await aMinuteLater()).toEqual([]);
  });

  it('says how long the machine slept', async () => {
    time.asleep = 3_600_000;
    expect(await aMinuteLater()).toEqual([{ type: 'slept', night: 'N-0001', seconds: 3600 }]);
    expect(await aMinuteLater()).toEqual([]);
  });

  it('looks no more when the night has ended', async () => {
    told({ type: 'night_ended', night: 'N-0001', reason: 'ideas_spent', message: 'over' });
    free = 0;
    time.asleep = 3_600_000;
    expect(await aMinuteLater()).toEqual([]);
  });
});
