import { describe, expect, test } from 'vitest';
import type { Work } from '../../orchestrator/actions.ts';
import type { ExperimentId } from '../../orchestrator/domain/ids.ts';
import { experimentIn, type State } from '../../orchestrator/domain/state.ts';
import { AUTHORS } from '../../orchestrator/writing.ts';
import { aPlan, anIdea, nightStarted, normals, uniforms, type World } from '../support/simulate.ts';
import { timed } from '../support/timed.ts';

/** Models and authors take minutes: what the slots do meanwhile, and what becomes of it. */

const PLAN = aPlan({ agents: { model: 'a-model' }, budget: { experiments: 24, runs: 100 } });
const SECONDS: Readonly<Partial<Record<Work['kind'], number>>> = { run: 60, prepare: 1 };

const took =
  (slow: Readonly<Partial<Record<Work['kind'], number>>>) =>
  ({ kind }: Work): number =>
    slow[kind] ?? SECONDS[kind] ?? 0.1;

/** One move in five helps; a model has ideas beside, half as many. */
function world(): World {
  const noise = normals(uniforms(4));
  const moves = Array.from({ length: 40 }, (_, i) => anIdea(`k${i}`));
  const ideas = Array.from({ length: 20 }, (_, i) =>
    anIdea(`w${i}`, { source: 'model', change: { kind: 'idea', text: `do ${i}` } }),
  );
  const helps = (title: string) => title.startsWith('k') && Number(title.slice(1)) % 5 === 0;
  return {
    ideas: [...moves, ...ideas],
    measure: (titles) => 1 - 0.1 * titles.filter(helps).length + 0.001 * noise(),
  };
}

const night = (slow: Parameters<typeof took>[0], slots = 2) =>
  timed(world(), nightStarted(PLAN, { slots }), took(slow), {
    researcher: 2,
    planner: 2,
    worker: slots + 2,
    author: AUTHORS,
  });

describe('while a model takes minutes', () => {
  test('no slot waits for ideas, for a look at patches, or for who writes them', () => {
    const prompt = night({});
    for (const kind of ['invent', 'compare', 'write'] as const) {
      const slow = night({ [kind]: 240 });
      expect([kind, slow.idle]).toEqual([kind, expect.closeTo(prompt.idle, -1)]);
      expect(slow.events.some(({ type }) => type === 'hypothesis_written')).toBe(true);
    }
  });

  test('no run waits behind an author, however often the search moves on', () => {
    for (const slots of [1, 2]) {
      const { behind, events } = night({ write: 300 }, slots);
      expect(events.filter(({ type }) => type === 'incumbent_moved').length).toBeGreaterThan(2);
      expect(behind.filter((id) => !id.startsWith('write-'))).toEqual([]);
    }
  });
});

test('what was thought up or written for another incumbent moves along, and is tried', () => {
  const { events, state } = night({ write: 300 });
  const ideas = [...state.hypotheses.values()].filter(({ source }) => source === 'model');
  const tried = ideas.filter(({ status }) => status === 'tested');
  const paidFor = events.filter(({ type }) => type === 'hypothesis_written');
  expect(tried.length).toBeGreaterThan(3);
  expect(tried).toHaveLength(paidFor.length);
  expect(tried.some(({ parent, experiment }) => parent !== parentOf(state, experiment))).toBe(true);
  expect(ideas.flatMap(({ rejected_because }) => rejected_because ?? [])).toEqual([]);
});

const parentOf = (state: State, id: ExperimentId | null): ExperimentId | null =>
  id === null ? null : experimentIn(state, id).parent;
