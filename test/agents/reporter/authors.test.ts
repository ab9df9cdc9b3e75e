import { expect, test } from 'vitest';
import { pagesOf } from '../../../agents/reporter/compose.ts';
import { wordFindings } from '../../../agents/reporter/findings.ts';
import { gather } from '../../../agents/reporter/gather.ts';
import { unsourcedNumbers } from '../../../agents/reporter/unsourced.ts';
import { thoughtFacts } from '../../../cli/authors.ts';
import { hypothesisRow } from '../../../notebook/rows.ts';
import type { ExperimentId } from '../../../orchestrator/domain/ids.ts';
import { predictionRecord } from '../../../orchestrator/domain/predictions.ts';
import { opened, aPlace } from '../../notebook/helpers.ts';
import {
  aPatch,
  aPlan,
  anIdea,
  nightStarted,
  normals,
  simulate,
  uniforms,
} from '../../support/simulate.ts';

/** What the pages tell of models: who thought of a change, who wrote and repaired it, who was right. */

const plan = aPlan({ agents: { model: 'm' } });
const noise = normals(uniforms(7));
const idea = (title: string, effect: number) =>
  anIdea(title, {
    ...{ source: 'model', by: 'gpt *5*', change: { kind: 'idea', text: `make it ${title}` } },
    ...{ expected: { effect }, refuted_by: 'no gain at 3 seeds', link: 'https://arxiv.org/abs/1' },
  });
const LEFT_OUT = ['eval.mjs (protected)', 'big.bin (too large)'];
const night = simulate(
  {
    ideas: [idea('wide', -0.4), idea('deep', -0.1), idea('odd', -0.1)],
    measure: (titles, { attempt }) =>
      titles.includes('odd') || (titles.includes('deep') && attempt === 1)
        ? { fails: 'idea' }
        : 2 -
          (titles.includes('wide') ? 0.2 : 0) +
          (titles.includes('deep') ? 0.1 : 0) +
          0.01 * noise(),
    writes: ({ title }) => ({
      ...aPatch(title),
      account: { changes: [title], ...(title === 'wide' ? { left_out: LEFT_OUT } : {}) },
    }),
    repairs: ({ title }, number) =>
      title === 'deep'
        ? { ...aPatch('deep, mended'), account: { changes: ['gave it <b>3</b> layers\n# No'] } }
        : number === 1
          ? aPatch('odd 1')
          : { gave_up: 'it needs torch 9' },
  },
  nightStarted(plan),
);
const idOf = (title: string): string =>
  [...night.state.experiments.values()].find((one) => one.title === title)?.id ?? 'none';

test('the pages say who thought, wrote and repaired, and how predictions came true', async () => {
  const notebook = await opened(await aPlace());
  for (const { seq: _, at: __, ...body } of night.events)
    await notebook.append(body as Parameters<typeof notebook.append>[0]);
  const record = await gather(notebook, 'N-0001');
  const pages = pagesOf(record, wordFindings(record));
  for (const one of pages) expect(unsourcedNumbers(one.text, one.facts), one.path).toEqual([]);
  const page = (path: string) => pages.find((one) => one.path === path)?.text ?? '';
  await notebook.close();

  const wide = page(`experiments/${idOf('wide')}/FINDINGS.md`);
  expect(wide).toContain('- In words: make it wide.');
  expect(wide).toContain('- Thought of by `gpt *5*` (');
  expect(wide).toContain('- Refuted by: no gain at 3 seeds (');
  expect(wide).toMatch(/- Expected on loss: −0\.40*; measured −0\.\d+/);
  expect(wide).toContain('- Written by `a model`, which says that it changed: wide.');
  expect(wide).toContain(
    '- Changed besides, and not taken: eval.mjs (protected); big.bin (too large).',
  );
  expect(wide).not.toContain('## Repairs');
  expect(wide).toContain('**E-0001 wide: loss');

  const deep = page(`experiments/${idOf('deep')}/FINDINGS.md`);
  const [, repairs = ''] = deep.split('## Repairs\n');
  expect(repairs).toContain(`${idOf('deep')}.1, attempt 1, failed (idea: as the world would`);
  expect(repairs).toMatch(
    /`a model` repaired the patch: gave it &lt;b\\>3&lt;\/b\\> layers # No\. What had crashed/,
  );
  expect(repairs).toContain(
    '```diff\n--- a/train.mjs\n+++ b/train.mjs\n@@ -1 +1 @@\n-old\n+deep\n```',
  );
  expect(page(`experiments/${idOf('odd')}/FINDINGS.md`)).toContain(
    'No further repair: it needs torch 9 (',
  );

  expect(page('FINDINGS.md')).toMatch(
    new RegExp(
      `\\*\\*repaired\\*\\* — (?:One patch|\\d+ patches) crashed, and ran once repaired: .*${idOf('deep')} deep \\(as the world would.*${idOf('deep')}\\.1.*\\[repaired\\]`,
    ),
  );

  const [score, ...more] = predictionRecord(night.state);
  expect(more).toEqual([]);
  expect(score).toMatchObject({ source: 'model', by: 'gpt *5*', n: 2, right: 1 });
  expect(page('FINDINGS.md')).toContain(
    `model (\`gpt *5*\`): 2 predictions tested, the direction right in 1; measured ÷ predicted ${String(score?.ratio?.toFixed(2)).replace('-', '−')} on average`,
  );
});

test('a change that was put on a newer incumbent is scored by what it did where it was predicted', () => {
  const first = [...night.state.experiments.values()].find(({ title }) => title === 'wide');
  const id = 'E-0099' as const;
  const hypothesis = night.state.hypotheses.get(first?.hypothesis ?? 'H-0');
  if (!first || !hypothesis) throw new Error('expected the experiment');
  const state = {
    ...night.state,
    experiments: new Map(night.state.experiments).set(id, {
      ...{ ...first, id, reapplies: first.id, judgement: null },
    }),
    hypotheses: new Map(night.state.hypotheses).set(hypothesis.id, {
      ...hypothesis,
      experiment: id,
    }),
  };
  expect(predictionRecord(state)).toEqual(predictionRecord(night.state));
});

test('a screen says what a coding agent changed and nobody took', () => {
  const factsOf = (title: string) => {
    const { hypothesis } = night.state.experiments.get(idOf(title) as ExperimentId) ?? {};
    return Object.fromEntries(thoughtFacts(hypothesisRow(night.state, hypothesis ?? 'H-0000')));
  };
  expect(factsOf('wide')).toMatchObject({ 'not taken': LEFT_OUT.join('; ') });
  expect(factsOf('deep')).not.toHaveProperty('not taken');
});
