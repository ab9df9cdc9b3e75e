import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  autolab,
  autolabJson,
  CERTAIN,
  makeLab,
  TRAIN,
  type FixtureLab,
  type Said,
} from '../support/lab.ts';

/** The very first attempt loses its connection, as a machine's fault would have it. */
const FLAKY = `import { existsSync, writeFileSync } from 'node:fs';
if (!existsSync(process.env.MARK)) {
  writeFileSync(process.env.MARK, '');
  throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}
${TRAIN}`;

describe('a night with a gate, on a machine that fails once', () => {
  let lab: FixtureLab;
  let night: Said;

  beforeAll(async () => {
    lab = makeLab({ 'train.mjs': FLAKY });
    const plan = CERTAIN.replace(
      '  timeout: 20s',
      `  timeout: 20s\n  env: { MARK: '${lab.folder}/mark' }`,
    );
    const gate = `gates:\n  - { after: 1 experiment, require: "best improves baseline by 99%" }\n`;
    lab.write({ 'research_plan.yaml': `${plan}${gate}` });
    lab.commit('a gate');
    night = await autolab(lab, 'launch');
  }, 120_000);
  afterAll(() => lab.remove());

  test('ends with exit code 3, and says which gate closed and what was found', async () => {
    expect(night).toMatchObject({ code: 3, stderr: '' });
    const said = /gate 1 \(after 1 experiment: best improves baseline by 99%\) closed: /;
    expect(night.stdout).toMatch(said);
    expect(lab.read('FINDINGS.md').replaceAll('\\', '')).toMatch(said);
    // What was found by then was confirmed all the same.
    const found = await autolabJson<readonly unknown[]>(
      lab,
      'experiments',
      '--verdict',
      'improved',
    );
    expect(found.length).toBeGreaterThan(0);
  });

  test('tried the run again that the machine had failed, after 5 s', async () => {
    const rows = await autolabJson<readonly { readonly id: string; readonly attempt: number }[]>(
      lab,
      'query',
      'SELECT id, attempt FROM runs WHERE attempt > 1',
    );
    expect(rows).toEqual([{ id: expect.stringMatching(/^E-0000\.\d$/), attempt: 2 }]);
  });

  test.runIf(process.env['FULL'])(
    'is followed by one from the new base whose goal moved, for a reason that is on the first page',
    async () => {
      const plan = lab
        .read('research_plan.yaml')
        .replace('direction: minimize', 'direction: maximize');
      lab.write({
        'research_plan.yaml': plan
          .replace(/gates:[^]*/, '')
          .replace(/experiments: \d+, runs: \d+/, 'experiments: 1, runs: 3'),
      });
      lab.commit('the other way round');
      const next = await autolab(lab, 'launch', '--because', 'we had it upside down');
      expect(next.code).toBe(0);
      const said =
        /the goal moved since N-0001 \(objective\.direction\).*because: we had it upside down/;
      expect(next.stdout + next.stderr).toMatch(said);
      expect(lab.read('FINDINGS.md').replaceAll('\\', '')).toMatch(said);
      const all = await autolabJson<readonly { source: string; night: string; commit: string }[]>(
        lab,
        'experiments',
      );
      expect(all.filter(({ source }) => source === 'baseline')).toMatchObject([
        { night: 'N-0001', commit: lab.git(['rev-parse', 'HEAD^']) },
        { night: 'N-0002', commit: lab.git(['rev-parse', 'HEAD']) },
      ]);
    },
    120_000,
  );
});
