import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { autolab, autolabJson, makeLab, PLAN, type FixtureLab, type Said } from '../support/lab.ts';

/** A night whose models cannot be asked: one has no key, one no price. About 5 s of CPU. */

let lab: FixtureLab;
let night: Said;

beforeAll(async () => {
  lab = makeLab();
  const agents =
    'agents: { model: gpt-5-mini, api_key_env: NO_SUCH_KEY, worker: { model: q, base_url: "http://127.0.0.1:9/v1" } }';
  const plan = PLAN.replace('experiments: 6, runs: 24', 'experiments: 1, runs: 8, llm_usd: 1');
  lab.write({ 'research_plan.yaml': `${plan}${agents}\n` });
  lab.commit('models');
  night = await autolab(lab, 'launch');
}, 120_000);
afterAll(() => lab.remove());

test('it goes on with the search space, and says so everywhere', async () => {
  expect(night.code).toBe(0);
  const said = `${night.stdout}${night.stderr}`;
  expect(said).toContain(
    'the researcher works without its model: gpt-5-mini: expected a key in the variable NO_SUCH_KEY, found none',
  );
  expect(said).toContain('the worker works without its model: budget.llm_usd cannot be kept');
  const findings = readFileSync(join(lab.root, 'FINDINGS.md'), 'utf8');
  expect(findings).toMatch(
    /From \d\d:\d\d UTC the researcher had to go on without `gpt-5-mini`, once: .*NO\\?_SUCH\\?_KEY/,
  );
  expect(findings).toMatch(/the worker had to go on without `q`, once: budget/);
  expect(findings).not.toContain('Models were asked');
  const { models } = await autolabJson<{ models: object }>(lab, 'status');
  expect(models).toMatchObject({ total: { calls: 0, unpriced: 0 } });
  expect(readdirSync(join(lab.root, 'data/notebook/calls'))).toEqual([]);
});
