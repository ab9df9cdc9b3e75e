import { expect, test } from 'vitest';
import { smallestConfirmable } from '../../orchestrator/statistics/power.ts';
import { aPlan, anIdea, nightStarted, simulate } from '../support/simulate.ts';

test('what dawn can confirm rests on the baseline’s own scatter, however steady the changes are', () => {
  const SCATTER = 0.3;
  const { events } = simulate(
    {
      ideas: Array.from({ length: 6 }, (_, i) => anIdea(`idea-${i}`)),
      // Seeds 1, 2, 3, …: to both sides in turn.
      measure: (titles, run) =>
        2 -
        titles.length +
        (titles.length === 0 ? SCATTER : 0.001) * ((run.seed ?? 0) % 2 ? 1 : -1),
    },
    nightStarted(
      aPlan({
        run: { command: 'x', seed: { env: 'SEED' } },
        budget: { experiments: 6, runs: 40 },
      }),
    ),
  );
  const dawn = events.find(({ type }) => type === 'dawn_began');
  if (dawn?.type !== 'dawn_began' || !dawn.confirmable) throw new Error('expected a dawn');
  const { gain, seeds } = dawn.confirmable;
  // Half of the two arms’ variance is the baseline’s.
  const least = smallestConfirmable({ variance: SCATTER ** 2 / 2, df: Infinity }, seeds) ?? NaN;
  expect(gain).toBeGreaterThan(0.9 * least);
});
