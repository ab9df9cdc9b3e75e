import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { autolab, autolabJson, CERTAIN, makeLab, type FixtureLab } from '../support/lab.ts';

/**
 * Nights that go without what their plan names: a sandbox, for their PATH leads to everything but
 * those; models, of which one has no key, and one no price.
 */

let lab: FixtureLab;
const write = (sandbox: string): void => {
  const plan = CERTAIN.replace('sandbox: off', sandbox).replace(
    'experiments: 2, runs: 8',
    'experiments: 1, runs: 3, llm_usd: 1',
  );
  const agents =
    'agents: { model: gpt-5-mini, api_key_env: NO_SUCH_KEY, worker: { model: q, base_url: "http://127.0.0.1:9/v1" } }';
  lab.write({ 'research_plan.yaml': `${plan}${agents}\n` });
  lab.commit('a plan');
};

beforeAll(() => {
  lab = makeLab();
  const programs = join(lab.folder, 'programs');
  mkdirSync(programs);
  for (const folder of ['/usr/bin', '/bin', dirname(process.execPath)])
    for (const name of readdirSync(folder)) {
      if (/^(?:bwrap|sandbox-exec|docker|podman)$/.test(name)) continue;
      try {
        symlinkSync(join(folder, name), join(programs, name));
      } catch {
        // Of two by one name the first is found on a PATH, too.
      }
    }
  lab = { ...lab, environment: { ...lab.environment, PATH: programs } };
});
afterAll(() => lab.remove());

test('a plan that insists on a sandbox gets no night, and is told why', async () => {
  write('sandbox: required');
  const { code, stderr } = await autolab(lab, 'launch');
  expect(code).toBe(2);
  expect(stderr).toMatch(/expected a sandbox that works here .* found none \(.*not installed\)/);
  expect(await autolabJson(lab, 'runs')).toEqual([]);
});

describe('another night', () => {
  let said: string;
  let findings: string;
  beforeAll(async () => {
    write('sandbox: auto');
    const { code, stdout, stderr } = await autolab(lab, 'launch');
    if (code !== 0) throw new Error(stderr);
    said = stdout + stderr;
    findings = lab.read('FINDINGS.md').replaceAll('\\', '');
  }, 120_000);

  test('without a sandbox says so at its start, in FINDINGS.md and on each run', async () => {
    const reason = /no sandbox works here \((?:bubblewrap|sandbox-exec): it is not installed\)/;
    expect(said).toMatch(reason);
    expect(findings).toMatch(reason);
    const sql = 'SELECT DISTINCT sandbox FROM runs';
    expect(await autolabJson(lab, 'query', sql)).toEqual([{ sandbox: 'none' }]);
  });

  test('without its models goes on with the search space, and says so everywhere', async () => {
    expect(said).toContain(
      'the researcher works without its model: gpt-5-mini: expected a key in the variable NO_SUCH_KEY, found none',
    );
    expect(said).toContain('the worker works without its model: budget.llm_usd cannot be kept');
    expect(findings).toMatch(
      /From \d\d:\d\d UTC the researcher had to go on without `gpt-5-mini`, once: .*NO_SUCH_KEY/,
    );
    expect(findings).toMatch(/the worker had to go on without `q`, once: budget/);
    expect(findings).not.toContain('Models were asked');
    const { models } = await autolabJson<{ models: object }>(lab, 'status');
    expect(models).toMatchObject({ total: { calls: 0, unpriced: 0 } });
    expect(readdirSync(join(lab.root, 'data/notebook/calls'))).toEqual([]);
  });
});
