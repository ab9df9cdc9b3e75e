import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAudited } from '../../orchestrator/pruning.ts';
import { autolab, autolabJson, makeLab, type FixtureLab, type Said } from '../support/lab.ts';

/** Two nights through the built command: the first gives the baseline curves, the second prunes. */

/** Logs val_loss on its way; a hopeless depth then hangs, so that only pruning ends it in time. */
const TRAIN = `
const ACTIVATION = 'tanh';
const DEPTH = 2;
const WIDTH = 8;
const seed = Number(process.env.SEED ?? 1);
const noise = Math.sin(seed * 12.9898) * 0.002;
const end = 1 + (ACTIVATION === 'relu' ? 0 : 0.3) + (DEPTH === 9 ? 2 : 0) + (WIDTH === 1 ? 3 : 0) + noise;
for (let step = 10; step <= 100; step += 10) {
  console.log('step ' + step + ' | val_loss: ' + (end + 5 / step));
  if (DEPTH === 9 && step === 70) await new Promise((resolve) => setTimeout(resolve, 60_000));
}
console.log('---');
console.log('val_loss: ' + end);
`;
const planWith = (hypotheses: readonly string[], budget: string): string =>
  [
    'project: fixture',
    'question: Which changes lower val_loss?',
    'objective: { metric: val_loss, direction: minimize, min_effect: 0.01 }',
    'workspace: { editable: [train.mjs] }',
    'run: { command: node train.mjs, timeout: 90s, seed: { env: SEED } }',
    'search_space:',
    '  activation: { file: train.mjs, match: "const ACTIVATION = \'{value}\';", values: [tanh, relu] }',
    "  depth: { file: train.mjs, match: 'const DEPTH = {value};', values: [2, 9] }",
    "  width: { file: train.mjs, match: 'const WIDTH = {value};', values: [8, 1] }",
    'hypotheses:',
    ...hypotheses.map((change) => `  - { title: 'Try ${change}', change: { ${change} } }`),
    `budget: { ${budget}, parallel: 1 }`,
    '',
  ].join('\n');

interface Row {
  readonly id: string;
  readonly status: string;
  readonly killed_because: string | null;
  readonly prune_because: string | null;
  readonly prune_audited: boolean | null;
  readonly seconds: number;
}

const idOf = (n: number) => `E-${String(n).padStart(4, '0')}` as const;

describe('a night with curves of the baseline', () => {
  let lab: FixtureLab;
  let [ended, audited] = ['', ''];
  let nights: readonly Said[];
  /** By what they tried. */
  let of: (change: string) => { id: string; verdict: string; verdict_because: string };

  beforeAll(async () => {
    lab = makeLab({
      'train.mjs': TRAIN,
      'research_plan.yaml': planWith(['activation: relu'], 'experiments: 1, runs: 12'),
    });
    const first = await autolab(lab, 'launch');
    // Ids go on behind what branches hold: the first is ended, on the third the lot of the audit falls.
    const base = lab.git(['rev-parse', 'HEAD']);
    const from = Array.from({ length: 900 }, (_, i) => 100 + i).find(
      (n) => !isAudited(`${idOf(n + 1)}.1`, base) && isAudited(`${idOf(n + 3)}.1`, base),
    );
    if (from === undefined) throw new Error('the lot falls on none');
    [ended, audited] = [idOf(from + 1), idOf(from + 3)];
    lab.git(['branch', `autolab/${idOf(from)}`, 'HEAD']);
    lab.write({
      'research_plan.yaml': planWith(
        ['depth: 9', 'width: 1'],
        'experiments: 3, runs: 7, verification: 0%',
      ),
    });
    nights = [first, await autolab(lab, 'launch')];
    const all = await autolabJson<
      { id: string; title: string; verdict: string; verdict_because: string }[]
    >(lab, 'experiments');
    of = (change) => {
      const found = all.find(({ title }) => title === `Try ${change}`);
      if (!found) throw new Error(`nobody tried ${change}`);
      return found;
    };
  }, 180_000);
  afterAll(() => lab.remove());

  test('ends a hopeless run on its way, and says on which numbers', async () => {
    expect(nights.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ''],
      [0, ''],
    ]);
    const { id, verdict, verdict_because } = of('depth: 9');
    expect([id, verdict]).toEqual([ended, 'pruned']);
    expect(verdict_because.replace(id, 'ID')).toMatch(
      /^ID\.1 was ended early: at step 60, 60% of the way, val_loss 3\.38\d* was [\d.]+ standard deviations worse than the mean 1\.38\d* of \d+ runs of E-0000 there/,
    );
    const run = await autolabJson<Row>(lab, 'show', `${id}.1`);
    expect(run).toMatchObject({ status: 'killed', killed_because: 'pruned', objective: null });
    expect(run.seconds).toBeLessThan(50);
    expect((await autolab(lab, 'show', id)).stdout).toContain(`pruned: ${id}.1 was ended`);
  });

  test('lets the one that the lot fell on run on, and reports how it ended', async () => {
    const { id, verdict } = of('width: 1');
    expect([id, verdict]).toEqual([audited, 'worse']);
    const run = await autolabJson<Row>(lab, 'show', `${id}.1`);
    expect(run).toMatchObject({ status: 'finished', killed_because: null, prune_audited: true });
    expect(run.prune_because).toContain('at step 60');
    const findings = lab
      .read('FINDINGS.md')
      .replaceAll(ended, 'ENDED')
      .replaceAll(audited, 'AUDITED');
    expect(findings).toContain('## Ended early');
    expect(findings).toMatch(/ENDED .*pruned \(ENDED\.1 was ended early: at step 60/);
    expect(findings).toMatch(
      /no winner was among them:\n\n- AUDITED\.1: at step 60, .*judged worse/,
    );
  });
});
