import { afterEach, expect, test } from 'vitest';
import { join } from 'node:path';
import { openPapers } from '../../agents/papers/open.ts';
import { createResearcher } from '../../agents/researcher.ts';
import { scriptedModel } from '../../agents/scripted.ts';
import type { ResearcherBrief } from '../../orchestrator/domain/brief.ts';
import { openRepository } from '../../orchestrator/git.ts';
import { candidateValues, sampleRange } from '../../orchestrator/knobs/knobs.ts';
import {
  entry,
  feed,
  hits,
  paperServer,
  standingTime,
  type PaperServer,
} from '../support/papers.ts';
import { makeRepo, type TestRepo } from '../support/repo.ts';

/** The Researcher over a real repository and papers over HTTP. */

let repo: TestRepo;
let server: PaperServer;
afterEach(async () => {
  await server.close();
  repo.remove();
});

test('a round that is cut off and begun anew asks the same questions, from the same commit and papers', async () => {
  repo = makeRepo({ files: { 'lab/train.py': 'RATE = 0.1\n', 'lab/secret.py': 'KEY = 7\n' } });
  const commit = repo.git(['rev-parse', 'HEAD']);
  server = await paperServer((path) => ({
    body: path.startsWith('/api/papers')
      ? hits(['2401.00001', 'Warm-up for small models'])
      : feed(entry('2401.00002v1', 'Decay')),
  }));
  const code = await openRepository(repo.root);
  const brief: ResearcherBrief = {
    ...{ night: 'N-0001', round: 1, wanted: 2, ideas: 2, incumbent: 'E-0000' },
    objective: { metric: 'loss', direction: 'minimize', at: 'last' },
    ...{ search_space: {}, settings: {}, own: [], proposed: [], memory: [], baselines: [] },
    lab: {
      ...{ project: 'tiny', question: 'What lowers the loss?', directory: 'lab', commit },
      ...{ editable: ['train.py'], base: commit },
      ...{ remembered: [], rejected: [], findings: [], notes: [] },
    },
  };
  const ask = async () => {
    const model = scriptedModel([
      { step: 'researcher/queries', reply: { queries: ['learning rate warm-up'] } },
      {
        step: 'researcher/draft',
        reply: {
          hypotheses: [
            {
              ...{ title: 'Warm the rate up', change: 'Over 100 steps.', files: ['lab/train.py'] },
              ...{ knob: null, because: 'Early steps are noisy.', expected_gain: 0.1 },
              ...{ paper: '2401.00002', refuted_by: 'no gain', line: 'schedule' },
            },
          ],
        },
      },
    ]);
    const papers = openPapers({
      ...{ folder: join(repo.folder, 'papers'), time: standingTime() },
      ...{ arxiv: server.url, huggingFace: server.url },
    });
    const tools = { candidateValues, sampleRange };
    const { proposals } = await createResearcher(tools, { model, papers, code })(brief);
    const asked = model.asked.map(({ step, work, messages }) => ({ step, work, messages }));
    return { proposals, asked };
  };
  const first = await ask();
  expect(first.proposals).toMatchObject([
    { title: 'Warm the rate up', source: 'paper', link: 'https://arxiv.org/abs/2401.00002' },
  ]);
  const told = JSON.stringify(first.asked);
  expect(told).toContain('RATE = 0.1');
  expect(told).toContain('Warm-up for small models');
  expect(told).not.toContain('KEY = 7');
  // Since then the work tree has changed, and the network is gone.
  repo.write({ 'lab/train.py': 'RATE = 0.9\n' });
  await server.close();
  expect(await ask()).toEqual(first);
});
