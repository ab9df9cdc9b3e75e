import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { autolab, autolabJson, makeLab, PLAN, type FixtureLab } from '../support/lab.ts';

/** Nights on a machine that has no sandbox: its PATH leads to everything but those. */

let lab: FixtureLab;
const write = (sandbox: string): void => {
  const plan = PLAN.replace('experiments: 6', 'experiments: 1').replace('sandbox: off', sandbox);
  lab.write({ 'research_plan.yaml': plan });
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

describe('where no sandbox works', () => {
  test('a plan that insists on one gets no night, and is told why', async () => {
    write('sandbox: required');
    const { code, stderr } = await autolab(lab, 'launch');
    expect(code).toBe(2);
    expect(stderr).toMatch(/expected a sandbox that works here .* found none \(.*not installed\)/);
    expect(await autolabJson(lab, 'runs')).toEqual([]);
  });

  test('another night says so at its start, in FINDINGS.md and on each run', async () => {
    write('sandbox: auto');
    const { code, stdout, stderr } = await autolab(lab, 'launch');
    expect(code).toBe(0);
    const said = /no sandbox works here \((?:bubblewrap|sandbox-exec): it is not installed\)/;
    expect(stdout + stderr).toMatch(said);
    expect(lab.read('FINDINGS.md').replaceAll('\\', '')).toMatch(said);
    const sql = 'SELECT DISTINCT sandbox FROM runs';
    expect(await autolabJson(lab, 'query', sql)).toEqual([{ sandbox: 'none' }]);
  }, 120_000);
});
