import { expect, test } from 'vitest';
import type { Work } from '../../orchestrator/actions.ts';
import { aPlan, anIdea, nightStarted, normals, uniforms, type World } from '../support/simulate.ts';
import { timed } from '../support/timed.ts';

const patch = (text: string) =>
  ({
    kind: 'patch',
    file: null,
    diff: `--- a/t.py\n+++ b/t.py\n@@ -1 +1 @@\n-x\n+${text}\n`,
  }) as const;

/** Last night's best, and one of its two changes again, which trains faster. */
function world(): World {
  const noise = normals(uniforms(7));
  return {
    ideas: [
      anIdea('again: the best (E-0009)', {
        source: 'incumbent',
        line: 'incumbent',
        change: patch('ab'),
      }),
      anIdea('part', { source: 'yours', change: patch('a') }),
    ],
    measure: (titles) =>
      1 -
      (titles.some((title) => title.startsWith('again'))
        ? 0.2
        : titles.includes('part')
          ? 0.1
          : 0) +
      0.001 * noise(),
  };
}

test('the search moves to last night’s best, and not to a part of it that was replicated first', () => {
  const { state, events } = timed(
    world(),
    nightStarted(aPlan({ budget: { experiments: 4, runs: 40 } }), {
      slots: 2,
    }),
    // The second runs of both begin together, and the part's ends first.
    (work: Work) => (work.kind !== 'run' ? 0.1 : work.run.startsWith('E-0001') ? 61 : 60),
  );
  const moved = events.find((event) => event.type === 'incumbent_moved');
  const to = moved?.type === 'incumbent_moved' ? state.experiments.get(moved.to) : undefined;
  expect(to?.title).toBe('again: the best (E-0009)');
  expect([...state.experiments.values()].filter(({ failure }) => failure !== null)).toEqual([]);
});
