import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { autolab, autolabJson, makeLab, type FixtureLab, type Said } from '../support/lab.ts';

/** A plan of nothing but work of its own: a night of it, and the next. */

const PLAN = `project: fixture
question: Is the tokenizer sound?
objective: { metric: val_loss, direction: minimize }
workspace: { editable: [train.mjs] }
run: { command: node train.mjs, timeout: 20s, deterministic: true, seed: { env: SEED }, keep: ['out/*.txt'] }
evaluate: { command: node evaluate.mjs }
experiments:
  - name: audit
    handler: tools/audit it.mjs
    plan: notes/audit.md
    needs: [baseline]
    success_criteria: [{ metric: coverage, min: 0.99 }]
    experiments:
      - { name: rare, command: "true" }
      - { name: deep, command: 'node tools/deep.mjs "two words"', success_criteria: [{ metric: gap, max: 0.1, borderline: 0.05 }] }
  - { name: broken, command: node tools/broken.mjs }
  - { name: never, command: node tools/deep.mjs, needs: [broken] }
budget: { runs: 12, parallel: 2 }
`;

const FILES = {
  'research_plan.yaml': PLAN,
  'evaluate.mjs': "console.log('val_loss: 1');\n",
  'tools/audit it.mjs': `import { mkdirSync, writeFileSync } from 'node:fs';
mkdirSync('out');
writeFileSync('out/words.txt', 'the');
console.log(JSON.stringify({ step: 1, coverage: 0.995, seeded: process.env.SEED === undefined ? 0 : 1 }));
`,
  'tools/deep.mjs':
    "if (process.argv[2] !== 'two words') throw new Error('not one argument');\nconsole.log('gap: 0.12');\n",
  'tools/broken.mjs': "throw new Error('no such tokenizer');\n",
};

interface Row {
  readonly id: string;
  readonly night: string;
  readonly source: string;
  readonly planned: string | null;
  readonly outcome: string | null;
  readonly verdict: string | null;
  readonly branch: string | null;
  readonly commit: string;
}

describe('a night of the plan’s own work', () => {
  let lab: FixtureLab;
  let base: string;
  let launched: Said;
  let rows: readonly Row[];
  beforeAll(async () => {
    lab = makeLab(FILES);
    base = lab.git(['rev-parse', 'HEAD']);
    // Notes are read where they lie, committed or not.
    lab.write({ 'notes/audit.md': '# Why\n\n```\nfenced <b>\n```\n' });
    launched = await autolab(lab, 'launch');
    rows = await autolabJson<Row[]>(lab, 'experiments');
  }, 120_000);
  afterAll(() => lab.remove());
  const folder = (name: string): string =>
    `experiments/${rows.find((r) => r.planned === name)?.id}`;

  test('runs each once on base as it is, and judges it by its criteria', async () => {
    expect(launched).toMatchObject({ code: 0 });
    expect(launched.stdout).toContain('Completed 3 · Failed 1');
    const own = rows.filter(({ source }) => source === 'plan');
    expect(Object.fromEntries(own.map(({ planned, outcome }) => [planned, outcome]))).toEqual({
      ...{ audit: 'met', 'audit/rare': 'finished', 'audit/deep': 'borderline', broken: 'failed' },
    });
    for (const { branch, commit, verdict } of own)
      expect({ branch, commit, verdict }).toEqual({ branch: null, commit: base, verdict: null });
    const runs = await autolabJson<Record<string, unknown>[]>(lab, 'runs');
    expect(runs.filter(({ purpose }) => purpose === 'planned')).toHaveLength(4);
    // What the script says of itself is another number.
    expect(runs.find(({ purpose }) => purpose === 'baseline')).toMatchObject({
      ...{ objective: 1, tier: 'checked' },
    });
    const audit = rows.find(({ planned }) => planned === 'audit')?.id ?? '';
    expect(await autolabJson(lab, 'show', `${audit}.1`)).toMatchObject({
      ...{ seed: null, objective: null, status: 'finished', failure: null },
      artifacts: [{ name: 'out/words.txt' }],
      summary: expect.arrayContaining([
        { key: 'coverage', number: 0.995, text: null },
        { key: 'seeded', number: 0, text: null },
      ]),
    });
    expect(lab.git(['branch', '--list', 'autolab/*']).split('\n')).toHaveLength(1);
    const shown = await autolab(lab, 'show', audit);
    expect(shown.stdout).toMatch(/outcome +met: coverage at least 0\.99, found 0\.995/);
    expect(shown.stdout).toContain('fenced <b>');
    for (const verb of [
      ['promote', audit],
      ['rerun', `${audit}.1`],
    ]) {
      const said = await autolab(lab, ...verb);
      expect(said.code).not.toBe(0);
      expect(said.stderr).toContain('work of the plan’s own');
    }
  });

  test('is told of in FINDINGS.md, and each in its own folder', () => {
    const findings = lab.read('FINDINGS.md');
    const section = findings.split('## Experiments of the plan')[1]?.split('\n## ')[0] ?? '';
    expect(section).toMatch(
      /\| \[E-\d+\]\(\S+\) \| audit \| met \| coverage at least 0\.99, found 0\.995 \|/,
    );
    expect(section).toMatch(/\| audit\/deep \| borderline \|/);
    expect(section).toMatch(/\| broken \| failed \| idea: .*no such tokenizer/);
    expect(section).toMatch(
      /never was not run: it needs broken \(failed\), which did not come about/,
    );
    expect(findings).toContain('Completed 3 · Failed 1');
    // It has no part in what is told of the search.
    expect(findings.split('## All experiments')[1]?.split('\n## ')[0]).not.toContain('audit');
    const results = parse(lab.read(`${folder('audit')}/results.yaml`)) as Record<string, unknown>;
    expect(results).toMatchObject({
      ...{ status: 'finished', verdict: null, hypothesis: null, commit: base },
      planned: { name: 'audit', outcome: 'met', notes: 'notes.md' },
      criteria: [{ metric: 'coverage', min: 0.99, status: 'met', measured: 0.995 }],
      artifacts: [{ path: 'runs/1/attempts/1/artifacts/out/words.txt' }],
    });
    const page = lab.read(`${folder('audit')}/FINDINGS.md`);
    expect(page).toContain('````markdown\n# Why\n');
    expect(lab.read(`${folder('audit')}/notes.md`)).toBe(lab.read('notes/audit.md'));
    expect(parse(lab.read(`${folder('broken')}/results.yaml`))).toMatchObject({
      ...{ status: 'failed', runs: [{ purpose: 'planned', failure: { class: 'idea' } }] },
    });
    expect(existsSync(join(lab.root, folder('broken'), 'notes.md'))).toBe(false);
  });

  test.runIf(process.env['FULL'])(
    'is not repeated the next night, but for what failed, and FINDINGS.md says so',
    async () => {
      expect(await autolab(lab, 'launch')).toMatchObject({ code: 0 });
      const next = (await autolabJson<Row[]>(lab, 'experiments')).filter(
        (r) => r.night === 'N-0002',
      );
      expect(next.map(({ planned }) => planned)).toEqual(['broken']);
      const section = lab.read('FINDINGS.md').split('## Experiments of the plan')[1] ?? '';
      expect(section).toMatch(
        /- audit was not repeated: E-\d+ of night N-0001 ran the same on the same base, data and machine, and came out met/,
      );
    },
    120_000,
  );
});
