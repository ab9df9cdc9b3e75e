import { expect, test } from 'vitest';
import { pagesOf } from '../../../agents/reporter/compose.ts';
import { wordFindings } from '../../../agents/reporter/findings.ts';
import { gather } from '../../../agents/reporter/gather.ts';
import { unsourcedNumbers } from '../../../agents/reporter/unsourced.ts';
import { createReporter } from '../../../agents/reporter.ts';
import type { Report } from '../../../orchestrator/domain/ports.ts';
import type { Run } from '../../../orchestrator/domain/run.ts';
import { opened, aPlace } from '../../notebook/helpers.ts';
import {
  aPlan,
  anIdea,
  nightStarted,
  normals,
  simulate,
  uniforms,
} from '../../support/simulate.ts';

/** The Reporter's queries against the notebook itself, filled by a simulated night. */
async function aSimulatedNight(plan = aPlan(), longer = 0) {
  const noise = normals(uniforms(7));
  const gains: Readonly<Record<string, number>> = { wide: 0.2, relu: 0.1, deep: 0, slow: -0.1 };
  const world = {
    measure: (titles: readonly string[], { variant }: Run) =>
      titles.includes('broken')
        ? { fails: 'idea' as const }
        : 2 -
          (variant ? longer : 0) -
          titles.reduce((sum, title) => sum + (gains[title] ?? 0), 0) +
          0.01 * noise(),
    ideas: ['wide', 'relu', 'deep', 'slow', 'broken'].map((title) => anIdea(title)),
  };
  const { events } = simulate(world, nightStarted(plan));
  const notebook = await opened(await aPlace());
  for (const { seq: _, at: __, ...body } of events)
    await notebook.append(body as Parameters<typeof notebook.append>[0]);
  return notebook;
}

test('a night in the real notebook is reported, every number with its source', async () => {
  const notebook = await aSimulatedNight();
  const record = await gather(notebook, 'N-0001');
  for (const page of pagesOf(record, wordFindings(record)))
    expect(unsourcedNumbers(page.text, page.facts), page.path).toEqual([]);
  const report = (await createReporter({ notebook })({
    task: 'report',
    night: 'N-0001',
  })) as Report;
  const page = report.documents.find(({ path }) => path === 'FINDINGS.md')?.text ?? '';
  expect(page).toMatch(
    /\*\*loss 2\.\d+ → 1\.\d+: −0\.\d+, 95 % interval −0\.\d+ to −0\.\d+, \d fresh seeds each: improved\.\*\*/,
  );
  expect(page).toContain('`autolab promote E-');
});

test('a dawn that trained longer and a test set that was looked at are said, and nothing is pooled', async () => {
  const plan = aPlan({
    budget: { experiments: 8, runs: 40, verification: '40%' },
    dawn: { args: '--steps 5000', timeout: '2h' },
    holdout: { command: 'node test.mjs', metric: 'test_loss' },
  });
  const record = await gather(await aSimulatedNight(plan, 1), 'N-0001');
  const pages = pagesOf(record, wordFindings(record));
  for (const page of pages) expect(unsourcedNumbers(page.text, page.facts), page.path).toEqual([]);
  const text = pages.find(({ path }) => path === 'FINDINGS.md')?.text ?? '';
  const [first = ''] = text.split('![');
  expect(first).toMatch(/\*\*loss 1\.0\d* → 0\.7\d*: /);
  expect(first).toMatch(/baseline E-0000 stands at loss (?:2\.0|1\.9)/);
  expect(first).toMatch(/\| E-\d+: E-\d+ without E-\d+ \|/);
  expect(first).toContain('Dawn trained otherwise than the night: `--steps 5000` was added');
  expect(first).toMatch(/Held out: test_loss \d+ for the baseline E-0000, \d+ for E-\d+\./);
});

test('a run in the real notebook is summarised', async () => {
  const report = createReporter({ notebook: await aSimulatedNight() });
  expect(await report({ task: 'summarise', run: 'E-0001.1' })).toEqual({
    text: expect.stringMatching(
      /^E-0001\.1 seed 1: loss \d.*on baseline’s mean of n \d+\), 10\.0 s$/,
    ),
  });
});
