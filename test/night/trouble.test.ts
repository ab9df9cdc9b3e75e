import { afterEach, describe, expect, test } from 'vitest';
import {
  autolab,
  autolabJson,
  CERTAIN,
  checkout,
  makeLab,
  PLAN,
  statusOnce,
  TRAIN,
  type FixtureLab,
} from '../support/lab.ts';
import type { RepoOptions } from '../support/repo.ts';

const labs: FixtureLab[] = [];
const aLab = (files: Record<string, string> = {}, options: RepoOptions = {}): FixtureLab => {
  const lab = makeLab(files, options);
  labs.push(lab);
  return lab;
};
afterEach(() => {
  for (const lab of labs.splice(0)) lab.remove();
});

/** Too few runs for a dawn. */
const short = PLAN.replace('experiments: 6, runs: 24', 'experiments: 1, runs: 8');

describe('a night on trouble', () => {
  test.runIf(process.env['FULL'])(
    'may be given the folder its own notebook lies in, and only the data in it counts',
    async () => {
      const plan = short.replace('editable: [train.mjs]', 'editable: [train.mjs], link: [data]');
      const reading = `import { readFileSync } from 'node:fs';\nreadFileSync('data/corpus.txt');\n${TRAIN}`;
      const lab = aLab({
        'research_plan.yaml': plan,
        'train.mjs': reading,
        '.gitignore': 'data/\n',
      });
      lab.write({ 'data/corpus.txt': 'text' });
      expect(await autolab(lab, 'launch')).toMatchObject({ code: 0, stderr: '' });
      const runs = await autolabJson<{ status: string }[]>(lab, 'runs');
      expect(runs.every((run) => run.status === 'finished')).toBe(true);
    },
  );

  test.runIf(process.env['FULL'])(
    'does not take the results of a deleted notebook for its own',
    async () => {
      const lab = aLab({ 'research_plan.yaml': short });
      expect((await autolab(lab, 'launch')).code).toBe(0);
      for (const branch of lab
        .git(['branch', '--list', 'autolab/*', '--format=%(refname:short)'])
        .split('\n'))
        lab.git(['branch', '-D', branch]);
      lab.write({ data: null, 'train.mjs': TRAIN.replace('1 + rate', '50 + rate') });
      lab.commit('a much worse script');
      expect(await autolab(lab, 'launch')).toMatchObject({ code: 0, stderr: '' });
      const [baseline] = await autolabJson<{ id: string; objective: number }[]>(lab, 'experiments');
      expect(baseline?.id).toBe('E-0002');
      expect(baseline?.objective).toBeGreaterThan(50);
    },
  );

  test('whose metric the script never prints ends with 2 and names what was printed', async () => {
    const lab = aLab({
      'research_plan.yaml': CERTAIN.replace('metric: val_loss', 'metric: accuracy'),
    });
    const { code, stdout } = await autolab(lab, 'launch');
    expect(code).toBe(2);
    expect(stdout).toMatch(/accuracy/);
    expect(stdout).toMatch(/val_loss/);
  });

  test.runIf(process.env['FULL'])('whose baseline crashes ends with 1 and shows why', async () => {
    const lab = aLab({
      'train.mjs': `throw new Error('no data');\n${TRAIN}`,
      'research_plan.yaml': CERTAIN,
    });
    const { code, stdout } = await autolab(lab, 'launch');
    expect(code).toBe(1);
    expect(stdout).toContain('baseline');
    const findings = lab.read('FINDINGS.md');
    expect(findings).toContain('no data');
    expect(findings).toContain('Nothing could be judged');
    expect(findings).not.toContain('larger budget');
  });

  test.runIf(process.env['FULL'])(
    'works without a git identity, on a detached HEAD, and promotes to autolab-best',
    async () => {
      const lab = aLab({}, { identity: false, branch: 'trunk' });
      lab.git(['checkout', '--quiet', '--detach']);
      const before = checkout(lab);
      expect(await autolab(lab, 'launch', '--experiments', '1')).toMatchObject({
        code: 0,
        stderr: '',
      });
      expect(checkout(lab)).toEqual(before);
      const { branch } = await autolabJson<{ branch: string }>(lab, 'promote');
      expect(branch).toBe('autolab-best');
      expect(lab.git(['show', 'autolab-best:train.mjs'])).toContain("'relu'");
      expect(checkout(lab)).toEqual(before);
    },
  );

  test.runIf(process.env['FULL'])(
    'of which a second launch is refused while it runs',
    async () => {
      const slow = `await new Promise((r) => setTimeout(r, 1500));\n${TRAIN}`;
      const lab = aLab({ 'train.mjs': slow, 'research_plan.yaml': short });
      const first = autolab(lab, 'launch');
      await statusOnce(lab, ({ state }) => state === 'running');
      const second = await autolab(lab, 'launch');
      expect(second.code).toBe(1);
      expect(second.stderr).toMatch(/process \d+/);
      await autolab(lab, 'stop', '--now');
      expect((await first).code).toBe(130);
    },
    120_000,
  );

  test.runIf(process.env['FULL'])(
    'that changes a protected file through a patch is invalid, and main never sees it',
    async () => {
      const patch = [
        'diff --git a/train.mjs b/train.mjs',
        '--- a/train.mjs',
        '+++ b/train.mjs',
        '@@ -2,2 +2,2 @@',
        '-const LEARNING_RATE = 0.1;',
        '+const LEARNING_RATE = 0.01; require("node:fs").writeFileSync("evaluate.mjs", "0");',
        " const ACTIVATION = 'tanh'; // what a unit does",
        '',
      ].join('\n');
      const cheat = patch.replace('require("node:fs")', '(await import("node:fs"))');
      const plan = short.replace(
        /hypotheses:\n.*\n/,
        'hypotheses:\n  - { title: Write to the evaluator, because: I can, patch: cheat.diff }\n',
      );
      const lab = aLab({
        'research_plan.yaml': plan,
        'evaluate.mjs': '1\n',
        'cheat.diff': cheat,
      });
      expect((await autolab(lab, 'launch')).code).toBe(0);
      const all = await autolabJson<{ title: string; verdict: string; verdict_because: string }[]>(
        lab,
        'experiments',
      );
      expect(all[1]).toMatchObject({ title: 'Write to the evaluator', verdict: 'invalid' });
      expect(all[1]?.verdict_because).toContain('evaluate.mjs');
    },
  );
});
