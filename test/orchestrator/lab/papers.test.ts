import { afterEach, expect, test } from 'vitest';
import { scriptedModel } from '../../../agents/scripted.ts';
import { NO_MODEL } from '../../../orchestrator/domain/model.ts';
import { openLab } from '../../../orchestrator/lab/lab.ts';
import { papersFor } from '../../../orchestrator/lab/papers.ts';
import { makeRepo, type TestRepo } from '../../support/repo.ts';
import { aPlan } from '../../support/simulate.ts';

let repo: TestRepo | undefined;
afterEach(() => repo?.remove());

test('papers are looked up where the plan wants them and a model reads them, and nowhere else', async () => {
  repo = makeRepo();
  const lab = await openLab(repo.root);
  const model = scriptedModel([]);
  const agents = { model: 'scripted' };
  expect(await papersFor(lab, aPlan({ agents }), model)).not.toBeNull();
  expect(await papersFor(lab, aPlan({ agents: { ...agents, papers: 'off' } }), model)).toBeNull();
  expect(await papersFor(lab, aPlan(), NO_MODEL)).toBeNull();
});
