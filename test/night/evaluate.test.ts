import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { autolab, autolabJson, CERTAIN, makeLab, TRAIN, type FixtureLab } from '../support/lab.ts';

/** Training leaves what its model reaches; what it prints is another matter. */
const LEAVING = TRAIN.replace(
  "console.log('val_loss: ' + (1 + rate + activation + noise));",
  `const reached = 1 + rate + activation + noise;
require('node:fs').writeFileSync(process.env.AUTOLAB_RUN_DIR + '/model.json', String(reached));
console.log('val_loss: ' + reached);`,
).replace(
  /^/,
  "import { createRequire } from 'node:module';\nconst require = createRequire('/');\n",
);

const EVALUATE = `
import { readFileSync } from 'node:fs';
console.log('val_loss: ' + readFileSync(process.env.AUTOLAB_RUN_DIR + '/model.json', 'utf8'));
`;

const end = (LEAVING.match(/\n/g) ?? []).length;
const last = LEAVING.trimEnd().split('\n').at(-1) ?? '';

/** A patch that trains as before and prints a loss of 0. */
const LIE = `--- a/train.mjs
+++ b/train.mjs
@@ -${end},1 +${end},2 @@
 ${last}
+console.log('val_loss: 0');
`;

const EVALUATED = CERTAIN.replace(
  /hypotheses:\n.*\n/,
  `evaluate: { command: node evaluate.mjs }
hypotheses:
  - { title: A loss of nothing, because: it says so, patch: ideas/lie.diff }
  - { title: Relu is better here, because: it is cheap, change: { activation: relu } }
`,
);

const labWith = (plan: string): FixtureLab =>
  makeLab({
    'train.mjs': LEAVING,
    'evaluate.mjs': EVALUATE,
    'ideas/lie.diff': LIE,
    'research_plan.yaml': plan,
  });

interface Row {
  readonly id: string;
  readonly title: string;
  readonly verdict: string;
  readonly objective: number;
  readonly effect: number;
  readonly tier: string;
}

// The baseline of a night of the plan's own work is evaluated, too; a night that is scored has a canary.
describe.runIf(process.env['FULL'])(
  'a canary that prints a better number and trains no better',
  () => {
    let lab: FixtureLab;
    let rows: readonly Row[];
    beforeAll(async () => {
      lab = labWith(EVALUATED);
      const { code, stderr } = await autolab(lab, 'launch');
      if (code !== 0) throw new Error(stderr);
      rows = await autolabJson<Row[]>(lab, 'query', 'SELECT * FROM experiments ORDER BY id').then(
        (found) => (Array.isArray(found) ? found : (found as { rows: Row[] }).rows),
      );
    }, 180_000);
    afterAll(() => lab.remove());

    const canary = (): Row | undefined => rows.find(({ title }) => title === 'A loss of nothing');

    test('is judged on what the evaluator measured', async () => {
      expect(canary()).toMatchObject({ tier: 'checked' });
      expect(canary()?.objective).toBeGreaterThan(1);
      expect(Math.abs(canary()?.effect ?? NaN)).toBeLessThan(0.01);
      expect(['improved', 'promising']).not.toContain(canary()?.verdict);
      const runs = await autolabJson<{ experiment: string; tier: string; objective: number }[]>(
        lab,
        'runs',
      );
      const own = runs.filter(({ experiment }) => experiment === canary()?.id);
      expect(own.length).toBeGreaterThan(0);
      for (const run of own) expect(run).toMatchObject({ tier: 'checked' });
    });

    test('stays on its branch, while what the evaluator found better is promoted as checked', async () => {
      const refused = await autolab(lab, 'promote', canary()?.id ?? '');
      expect(refused).toMatchObject({ code: 1 });
      expect(refused.stderr).toContain('expected an experiment that dawn confirmed as improved');
      expect(rows.some(({ verdict }) => verdict === 'improved')).toBe(true);
      const { evidence } = await autolabJson<{ evidence: string }>(lab, 'promote');
      expect(evidence).toContain('seeds, checked): improved');
      expect(lab.git(['show', 'HEAD:train.mjs'])).not.toContain('val_loss: 0');
      const scores = JSON.parse(lab.git(['show', 'HEAD:experiments/scores.json'])) as Row[];
      expect(scores).toMatchObject([{ tier: 'checked' }]);
    });

    test('leaves its lie in the record', () => {
      const log = join('experiments', canary()?.id ?? '', 'runs', '1', 'attempts', '1');
      expect(lab.read(join(log, 'run.log'))).toContain('val_loss: 0');
      expect(existsSync(join(lab.root, log, 'evaluate.log'))).toBe(true);
    });
  },
);

test.runIf(process.env['FULL'])(
  'a night of the script’s own word is not promoted once the plan demands checked numbers',
  async () => {
    const plan = EVALUATED.replace(/ {2}- \{ title: A loss.*\n/, '');
    const lab = labWith(plan.replace(/evaluate: .*\n/, ''));
    expect(await autolab(lab, 'launch')).toMatchObject({ code: 0 });
    lab.write({ 'research_plan.yaml': plan.replace('min_effect', 'tier: checked, min_effect') });
    const refused = await autolab(lab, 'promote');
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toMatch(/expected numbers of tier checked .*found self_reported/);
    expect(refused.stderr).toContain('Launch again');
    expect(await autolab(lab, 'promote', '--unconfirmed')).toMatchObject({ code: 0 });
    lab.remove();
  },
  180_000,
);
