import { describe, expect, test } from 'vitest';
import type { Work } from '../../orchestrator/actions.ts';
import type { Change } from '../../orchestrator/domain/hypothesis.ts';
import { aPlan, anIdea, nightStarted, normals, uniforms, type World } from '../support/simulate.ts';
import { timed } from '../support/timed.ts';

const width = (value: string, more: Record<string, string> = {}): Change => ({
  kind: 'knobs',
  values: { width: value, ...more },
});

/** Each title lowers the loss by so much where it is the last of its knob. */
function world(gains: readonly [title: string, change: Change, gain: number][]): World {
  const noise = normals(uniforms(11));
  const known = new Map(gains.map(([title, , gain]) => [title, gain]));
  return {
    ideas: gains.map(([title, change]) => anIdea(title, { source: 'search_space', change })),
    measure: (titles) =>
      1 - titles.reduce((sum, title) => sum + (known.get(title) ?? 0), 0) + 0.001 * noise(),
  };
}

/** A night on two slots, on which all runs of the second candidate take longer than the first's. */
function moves(gains: Parameters<typeof world>[0]) {
  const { state, events } = timed(
    world(gains),
    nightStarted(aPlan({ budget: { experiments: 6, runs: 40 } }), { slots: 2 }),
    (work: Work) => (work.kind !== 'run' ? 0.1 : work.run.startsWith('E-0001') ? 60 : 75),
  );
  const titleOf = (id: string) =>
    [...state.experiments.values()].find((one) => one.id === id)?.title ?? '';
  return events.flatMap((event) =>
    event.type === 'incumbent_moved'
      ? [{ from: titleOf(event.from), to: titleOf(event.to), because: event.because }]
      : [],
  );
}

describe('two values of one knob, tried side by side', () => {
  test('the search builds on the better one, though the other was replicated first', () => {
    const all = moves([
      ['24 wide', width('24'), 0.1],
      ['32 wide', width('32'), 0.2],
    ]);
    expect(all.map(({ to }) => to)).toEqual(['24 wide', '32 wide']);
    expect(all[1]?.from).toBe('24 wide');
    expect(all[1]?.because).toBe(
      'E-0002 gained more on E-0000 than E-0001 with another value, as far as the night can tell',
    );
  });

  test('the search stays where the later one gains less', () => {
    const all = moves([
      ['32 wide', width('32'), 0.2],
      ['24 wide', width('24'), 0.1],
    ]);
    expect(all.map(({ to }) => to)).toEqual(['32 wide']);
  });
});

test('changes of different knobs are stacked, the smaller gain first', () => {
  const all = moves([
    ['24 wide', width('24'), 0.1],
    ['deep', { kind: 'knobs', values: { depth: '4' } }, 0.2],
  ]);
  expect(all.map(({ from, to }) => [from, to])).toEqual([
    ['baseline: the unmodified base commit', '24 wide'],
    ['24 wide', 'deep'],
  ]);
});
