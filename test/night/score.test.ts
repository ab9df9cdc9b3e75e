import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { autolab, autolabJson, CERTAIN, makeLab, TRAIN, type FixtureLab } from '../support/lab.ts';

/** Training leaves predictions and a model; at dawn it trains longer, and gets twice as far. */
const PREDICTING = TRAIN.replace(
  "console.log('val_loss: ' + (1 + rate + activation + noise));",
  `const reached = (1 + rate + activation + noise) / (process.argv.includes('--long') ? 2 : 1);
writeFileSync('predictions.json', JSON.stringify(Array(4).fill(reached)));
writeFileSync(process.env.AUTOLAB_RUN_DIR + '/model.json', String(reached));`,
).replace(
  /^/,
  "import { copyFileSync, readdirSync, writeFileSync } from 'node:fs';\nimport { basename } from 'node:path';\n",
);

/** How far the predictions are from what is right, on average. */
const SCORE = `
import { readFileSync } from 'node:fs';
const read = (name) => JSON.parse(readFileSync(process.env[name], 'utf8'));
const [said, right] = [read('AUTOLAB_PREDICTIONS'), read('AUTOLAB_LABELS')];
console.log('val_loss: ' + right.reduce((sum, label, i) => sum + Math.abs(label - said[i]), 0) / right.length);
`;

const TEST = `
import { readFileSync } from 'node:fs';
const reached = Number(readFileSync(process.env.AUTOLAB_RUN_DIR + '/model.json', 'utf8'));
console.log('test_loss: ' + (reached + JSON.parse(readFileSync(process.env.AUTOLAB_LABELS, 'utf8'))));
`;

const end = (PREDICTING.match(/\n/g) ?? []).length;
const last = PREDICTING.trimEnd().split('\n').at(-1) ?? '';

/** A patch that prints a loss of 0, and predicts what is right wherever it finds that. */
const LIE = `--- a/train.mjs
+++ b/train.mjs
@@ -${end},1 +${end},4 @@
 ${last}
+for (const path of readdirSync('.', { recursive: true }))
+  if (basename(String(path)) === 'labels.json') copyFileSync(String(path), 'predictions.json');
+console.log('val_loss: 0');
`;

const SCORED = CERTAIN.replace('min_effect', 'tier: verified, min_effect').replace(
  /hypotheses:\n.*\n/,
  `score: { command: node score.mjs, labels: [labels.json], predictions: predictions.json, rows: 4 }
holdout: { command: node test.mjs, metric: test_loss, labels: [secret/test.json] }
dawn: { args: --long }
hypotheses:
  - { title: A loss of nothing, because: it says so, patch: ideas/lie.diff }
  - { title: Relu is better here, because: it is cheap, change: { activation: relu } }
`,
);

interface Row {
  readonly id: string;
  readonly title: string;
  readonly verdict: string;
  readonly objective: number;
  readonly effect: number;
  readonly tier: string;
}

interface Run {
  readonly id: string;
  readonly experiment: string;
  readonly variant: string | null;
  readonly objective: number;
  readonly tier: string;
}

describe('a night that is scored, with a canary that prints a better number and copies labels', () => {
  let lab: FixtureLab;
  let rows: readonly Row[];
  let runs: readonly Run[];
  beforeAll(async () => {
    lab = makeLab({
      ...{ 'train.mjs': PREDICTING, 'score.mjs': SCORE, 'test.mjs': TEST },
      ...{ 'labels.json': '[0, 0, 0, 0]', '.gitignore': 'secret\n', 'ideas/lie.diff': LIE },
      'research_plan.yaml': SCORED,
    });
    lab.write({ 'secret/test.json': '10' });
    const { code, stderr } = await autolab(lab, 'launch');
    if (code !== 0) throw new Error(stderr);
    rows = await autolabJson<Row[]>(lab, 'experiments');
    runs = await autolabJson<Run[]>(lab, 'runs');
  }, 180_000);
  afterAll(() => lab.remove());

  const canary = (): Row | undefined => rows.find(({ title }) => title === 'A loss of nothing');
  const winner = (): Row | undefined => rows.find(({ verdict }) => verdict === 'improved');

  test('finds no labels, and is judged by its predictions', async () => {
    expect(canary()).toMatchObject({ tier: 'verified' });
    expect(canary()?.objective).toBeGreaterThan(1);
    expect(['improved', 'promising']).not.toContain(canary()?.verdict);
    expect(runs.every(({ tier, objective }) => tier === 'verified' || objective === null)).toBe(
      true,
    );
    const refused = await autolab(lab, 'promote', canary()?.id ?? '');
    expect(refused).toMatchObject({ code: 1 });
  });

  test('claims by dawn’s longer training alone, and shows what was held out', async () => {
    const page = lab.read('FINDINGS.md').split('![')[0] ?? '';
    expect(page).toMatch(/\*\*val_loss 0\.\d+ → 0\.\d+: /);
    expect(page).toContain('Dawn trained otherwise than the night: `--long` was added');
    expect(page).toMatch(
      /Held out: test_loss 10\.\d+ for the baseline E-0000, 10\.\d+ for E-\d+\./,
    );
    expect(page).toContain('a scorer that sees predictions alone (verified)');
    for (const { id, variant, objective } of runs)
      if (id.startsWith('E-0000.')) expect(objective < 1).toBe(variant === 'dawn');
    const shown = (await autolab(lab, 'show', winner()?.id ?? '')).stdout;
    expect(shown).toMatch(
      /held out\s+test_loss: baseline 10\.\d+, winner 10\.\d+; one number each/,
    );
    expect(rows.find(({ id }) => id === 'E-0000')?.objective).toBeGreaterThan(1);
  });

  test('has its dawn run again as dawn ran it', async () => {
    const fresh = runs.find(({ variant }) => variant === 'dawn');
    const manifest = `experiments/${fresh?.experiment}/runs/${fresh?.id.split('.')[1]}/attempts/1/manifest.json`;
    expect(JSON.parse(lab.read(manifest))).toMatchObject({
      ...{ variant: 'dawn', command: 'node train.mjs --long' },
    });
    expect(await autolabJson(lab, 'rerun', manifest)).toMatchObject({ same: true });
  });

  test('is promoted as verified', async () => {
    const { evidence } = await autolabJson<{ evidence: string }>(lab, 'promote');
    expect(evidence).toContain('seeds, verified): improved');
    expect(lab.git(['show', 'HEAD:train.mjs'])).not.toContain('val_loss: 0');
  });
});
