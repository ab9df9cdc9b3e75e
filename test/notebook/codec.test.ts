import { describe, expect, it } from 'vitest';

import type { Event } from '../../orchestrator/domain/event.ts';
import { decodeEvent, encodeEvent } from '../../notebook/codec.ts';
import { aJudgement, anExperiment, aResult, asEvents } from '../support/events.ts';

/** mulberry32: the same numbers every time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const TEXTS = ['NaN', 'Infinity', '-Infinity', 'objective', 'number', 'value', '', 'Ä\n"\\ 😀'];
const NUMBERS = [NaN, Infinity, -Infinity, 0, 1e-300, -12.5, 2 ** 53];

/** An event with texts that look like numbers, and numbers that JSON does not know, everywhere. */
function anyEvent(next: () => number): Event {
  const one = <T>(of: readonly T[]): T => of[Math.floor(next() * of.length)] as T;
  const text = () => one(TEXTS);
  const number = () => one(NUMBERS);
  const values = { [text()]: text(), value: text(), number: text(), objective: text() };
  const result = aResult('E-0001.1', {
    objective: one([null, ...NUMBERS]),
    summary: [
      { key: text(), number: number(), text: null },
      { key: text(), number: null, text: text() },
    ],
    params: [{ key: text(), value: text(), type: 'text', source: 'knob' }],
  });
  const contrast = () => one([null, { effect: number(), interval: [number(), number()] as const }]);
  const judgement = aJudgement({
    ...{ because: text(), objective: number(), spread: number() },
    ...{ on_baseline: contrast(), on_parent: contrast() },
    dawn: {
      ...{ confirmed: true, n: 2, n_baseline: 2, objective: number(), baseline: number() },
      ...{ on_baseline: contrast(), runs: [], values: [number(), number()] },
    },
    chance: number(),
    attribution: {
      ...{ effect: number(), interval: [number(), number()], n: 3, p: number() },
      ...{ attributed: true, runs: [] },
    },
  });
  const [event] = asEvents([
    one([
      { type: 'run_ended', result } as const,
      { type: 'experiment_judged', experiment: 'E-0001', judgement } as const,
      {
        type: 'experiment_opened',
        experiment: anExperiment(1, { title: text(), change: { kind: 'knobs', values } }),
      } as const,
      {
        ...{ type: 'experiment_prepared', experiment: 'E-0001', branch: text(), commit: text() },
        command: { command: text(), env: values },
        settings: values,
      } as const,
    ]),
  ]);
  return event as Event;
}

describe('events as JSON', () => {
  it('come back as they were, whatever they hold', () => {
    const next = random(7);
    for (let i = 0; i < 3000; i++) {
      const event = anyEvent(next);
      expect(decodeEvent(encodeEvent(event))).toEqual(event);
    }
  });

  it('write numbers that are not finite as the contract says', () => {
    const [event] = asEvents([
      { type: 'run_ended', result: aResult('E-0001.1', { objective: -Infinity }) },
    ]);
    expect(encodeEvent(event as Event)).toContain('"objective":"-Infinity"');
  });

  it('refuse a number that would come back as text', () => {
    const [event] = asEvents([{ type: 'run_started', seed: NaN } as never]);
    expect(() => encodeEvent(event as Event)).toThrow('run_started');
  });
});
