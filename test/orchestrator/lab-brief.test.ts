import { expect, test } from 'vitest';
import { fold } from '../../orchestrator/domain/fold.ts';
import { currentNight, type State } from '../../orchestrator/domain/state.ts';
import { labBrief } from '../../orchestrator/lab-brief.ts';
import { aPatch, aPlan, anIdea, nightStarted, simulate } from '../support/simulate.ts';

/** What a model is told of the lab. */

const plan = aPlan({
  ...{ run: { command: 'train', deterministic: true }, budget: { experiments: 60 } },
  agents: { model: 'm' },
});
const long = 'x'.repeat(5000);
const { state } = simulate(
  {
    ideas: [
      anIdea('wide', {
        ...{
          source: 'paper',
          by: 'm',
          link: 'https://arxiv.org/abs/1',
          expected: { effect: -0.1 },
        },
        change: { kind: 'idea', text: 'widen it' },
      }),
      anIdea('unwritable', { source: 'model', change: { kind: 'idea', text: long } }),
      ...Array.from({ length: 50 }, (_, i) => anIdea(`k${i}`)),
    ],
    measure: (titles) => (titles.includes('wide') ? 1.5 : 1),
    writes: ({ title }) =>
      title === 'wide'
        ? aPatch(`wide ${long}`)
        : { failure: { class: 'idea', message: 'no edit matched' } },
  },
  nightStarted(plan),
);

/** The lab as if nothing but one idea had been tried. */
const ONE_TRIED: State = {
  ...state,
  experiments: new Map(
    [...state.experiments].filter(([id, { title }]) => id === 'E-0000' || title === 'wide'),
  ),
};

test('names the lab, what was tried with its prediction, and what was turned down', () => {
  const brief = labBrief(ONE_TRIED, currentNight(state));
  expect(brief).toMatchObject({
    ...{ project: 'simulated', question: 'Which changes help?', directory: '.' },
    ...{ editable: ['train.mjs'], commit: 'E-0000', base: 'base' },
    remembered: [
      {
        ...{ title: 'wide', idea: 'widen it', source: 'paper', by: 'm' },
        ...{ link: 'https://arxiv.org/abs/1', parent: 'E-0000', verdict: 'worse' },
        ...{ effect: 0.5, expected: -0.1 },
      },
    ],
    rejected: [{ title: 'unwritable', because: 'no edit matched' }],
  });
});

test('is of a bounded size, whatever the lab holds, and the newest of it', () => {
  const brief = labBrief(withNotes(100), currentNight(state));
  expect(brief.remembered).toHaveLength(40);
  expect(brief.remembered.at(-1)?.title).toBe('k49');
  expect(brief.notes).toHaveLength(40);
  expect(brief.notes.at(-1)).toEqual({ on: null, text: `${'n'.repeat(399)}…` });
  expect(JSON.stringify(brief).length).toBeLessThan(120_000);
  const [tried] = labBrief(ONE_TRIED, currentNight(state)).remembered;
  expect(tried?.diff).toHaveLength(2000);
});

const withNotes = (n: number): State =>
  Array.from({ length: n }).reduce<State>(
    (now, _, i) =>
      fold(now, {
        ...{ type: 'noted', id: `note-${i}`, target: null, text: 'n'.repeat(900), who: 'ada' },
        ...{ seq: 10_000 + i, at: state.now },
      }),
    state,
  );
