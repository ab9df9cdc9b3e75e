import { describe, expect, test } from 'vitest';
import {
  ancestors,
  currentNight,
  searchRunsOf,
  type State,
} from '../../orchestrator/domain/state.ts';
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

const OBJECTIVE = { metric: 'loss', direction: 'minimize' };
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

  test('finds what helps beside a dozen that come apart on their second seed', () => {
    const noise = normals(uniforms(9));
    const ideas = [...Array.from({ length: 12 }, (_, i) => `hot ${i}`), 'good'];
    const world: World = {
      ideas: ideas.map((title) => anIdea(title)),
      measure: ([title = '', ...more], { seed }) =>
        title.startsWith('hot') && (seed ?? 0) > 1
          ? 10 ** (3 + Number(title.slice(4)))
          : 1 - (title === '' ? 0 : 0.05) - 0.01 * more.length + 0.005 * noise(),
    };
    const plan = aPlan({ budget: { experiments: 13, runs: 80 } });
    const { of, experiments } = told(simulate(world, nightStarted(plan)).state);
    expect(of('good').judgement?.verdict).toBe('improved');
    const apart = experiments.filter(
      ({ title, reapplies }) => title.startsWith('hot') && !reapplies,
    );
    expect(new Set(apart.map(({ judgement }) => judgement?.verdict))).toEqual(new Set(['worse']));
    expect(apart.every(({ runs }) => runs.length <= 2)).toBe(true);
  });

  test('goes back from all that it had built on what fell', () => {
    let back = 0;
    for (let night = 60; night <= 85; night++) {
      const uniform = uniforms(31 * night);
      const noise = normals(uniform);
      const world: World = {
        ideas: Array.from({ length: 16 }, (_, i) => anIdea(`k${i}`)),
        measure: (titles) => {
          const hot = titles.some((title) => Number(title.slice(1)) % 3 === 0);
          if (hot && uniform() < 0.25) return 10 ** (2 + 30 * uniform());
          const gains = titles.map((title) => (Number(title.slice(1)) % 4 === 0 ? 0.02 : 0));
          return 1 - gains.reduce<number>((sum, gain) => sum + gain, 0) + 0.01 * noise();
        },
      };
      const plan = aPlan({ budget: { experiments: 16, runs: 120 }, objective: OBJECTIVE });
      const { state, events } = simulate(world, nightStarted(plan));
      back += events.filter(
        (event) => event.type === 'incumbent_moved' && event.because.includes('turned out worse'),
      ).length;
      const dawn = events.find((event) => event.type === 'dawn_began');
      const tip = dawn?.arms[1];
      if (dawn === undefined || tip === undefined) continue;
      // As they were judged when dawn began.
      const judged = new Map(
        events.flatMap((event) =>
          event.type === 'experiment_judged' && event.seq < dawn.seq
            ? [[event.experiment, event.judgement.verdict] as const]
            : [],
        ),
      );
      for (const id of [tip, ...ancestors(state, tip)])
        expect(judged.get(id), `${id} of night ${night}`).not.toBe('worse');
    }
    expect(back).toBeGreaterThan(3);
  });

  test.each([3, 60])('on seeds of its baseline suspects none of %d, and sees no drift', (ideas) => {
    const noise = normals(uniforms(4));
    const world: World = {
      ideas: Array.from({ length: ideas }, (_, i) => anIdea(`k${i}`)),
      measure: (titles, { seed, purpose }) =>
        titles.length === 0 && (seed === 2 || seed === 3)
          ? 1e6 * (purpose === 'repeat' ? 1.5 : 1)
          : 1 + 0.005 * noise(),
    };
    const plan = aPlan({
      budget: { experiments: ideas, runs: 2 * ideas + 30 },
      objective: OBJECTIVE,
    });
    const { state, events } = simulate(world, nightStarted(plan));
    expect(events.some((event) => event.type === 'baseline_drifted')).toBe(false);
    expect(events.filter((event) => event.type === 'flagged')).toEqual([]);
    expect(currentNight(state).ended).not.toBeNull();
  });
});
