import { describe, expect, test } from 'vitest';
import { currentNight, searchRunsOf, type State } from '../../orchestrator/domain/state.ts';
import {
  aPlan,
  anIdea,
  nightStarted,
  normals,
  simulate,
  uniforms,
  type World,
} from '../support/simulate.ts';

/** Trainings that explode and print a number all the same. */

const GAINS: Readonly<Record<string, number>> = { good: 0.1, hot: 0.2 };

/** Beside what does nothing and what helps: `hot`, the best of all, explodes from a seed on. */
function aNight(explodes: { readonly from: number; readonly to: number }, ideas: string[]) {
  const noise = normals(uniforms(5));
  const world: World = {
    ideas: ideas.map((title) => anIdea(title)),
    measure: (titles, { seed }) => {
      if (titles.includes('hot') && (seed ?? 0) >= explodes.from) return explodes.to;
      // On top of `hot` nothing else shows at once, so that its further seeds are asked for.
      const gains = titles.map((title) => GAINS[title] ?? 0);
      return 1 - Math.max(0, ...gains) - 0.007 * Math.max(0, titles.length - 1) + 0.005 * noise();
    },
  };
  const { state, events } = simulate(
    world,
    nightStarted(aPlan({ budget: { experiments: ideas.length, runs: 60 } })),
  );
  return { ...told(state), events };
}

const told = (state: State) => {
  const of = (title: string) => {
    const found = [...state.experiments.values()].find((one) => one.title === title);
    if (!found) throw new Error(`no ${title}`);
    return { ...found, n: searchRunsOf(state, found.id).length };
  };
  return { of, night: currentNight(state), experiments: [...state.experiments.values()] };
};

const SIZES = [2, 1e3, 4e78, 1e149];

describe('a night in which a training explodes', () => {
  test.each(SIZES)('to %d on its first seed finds what helps', (to) => {
    const { of, night } = aNight({ from: 1, to }, ['a', 'hot', 'b', 'good', 'c']);
    expect(of('hot')).toMatchObject({ judgement: { verdict: 'worse' }, n: 1 });
    expect(of('good').judgement?.verdict).toBe('improved');
    expect(night.confirmable?.gain).toBeLessThan(0.1);
  });

  test.each(SIZES)('to %d on its second seed finds what helps', (to) => {
    const { of } = aNight({ from: 2, to }, ['a', 'hot', 'b', 'good', 'c']);
    expect(of('hot')).toMatchObject({ judgement: { verdict: 'worse' }, n: 2 });
    expect(of('hot').judgement?.because).toContain('on one of them at least it came apart');
    expect(of('good').judgement?.verdict).toBe('improved');
  });

  test('goes back from one that it had built on', () => {
    const { of, events } = aNight({ from: 3, to: 1e9 }, ['hot', 'good', 'a', 'b', 'c']);
    const moves = events.flatMap((event) => (event.type === 'incumbent_moved' ? [event] : []));
    const [hot, good] = [of('hot'), of('good')];
    expect(moves.slice(0, 2)).toMatchObject([
      { from: 'E-0000', to: hot.id },
      {
        from: hot.id,
        to: 'E-0000',
        because: `${hot.id} turned out worse than E-0000 on further seeds`,
      },
    ]);
    expect(hot.judgement?.verdict).toBe('worse');
    expect(moves.at(-1)?.to).toBe(good.id);
    expect(good.judgement?.verdict).toBe('improved');
  });
});
