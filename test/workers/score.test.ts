import { existsSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RunResult } from '../../orchestrator/domain/run.ts';
import { carryOut, createLab, script, type LabOptions, type TestLab } from './support/lab.ts';

/** Says which labels it found, and leaves these predictions. */
const predicting = (predictions: string, ...more: string[]): Record<string, string> =>
  script(
    `import { existsSync, writeFileSync } from 'node:fs';`,
    `console.log('labels: ' + Number(existsSync('labels.json')));`,
    `console.log('own: ' + Number(existsSync('own')));`,
    `writeFileSync('predictions.json', '${predictions}');`,
    `console.log('loss: 0');`,
    ...more,
  );

const SCORE = `
import { readFileSync } from 'node:fs';
const read = (name) => JSON.parse(readFileSync(process.env[name], 'utf8'));
const [said, right] = [read('AUTOLAB_PREDICTIONS'), read('AUTOLAB_LABELS')];
console.log('loss: ' + right.filter((label, i) => label !== said[i]).length / right.length);
`;

const aScoredLab = (
  files: Readonly<Record<string, string>>,
  score: Record<string, unknown> = {},
  options: Partial<LabOptions> = {},
): Promise<TestLab> =>
  createLab({
    ...options,
    files: { 'score.mjs': SCORE, 'labels.json': '[1,0,1,1]', ...files },
    plan: {
      score: {
        ...{ command: 'node score.mjs', labels: ['labels.json'], predictions: 'predictions.json' },
        ...score,
      },
      ...options.plan,
    },
  });

const summaryOf = ({ summary }: RunResult) =>
  Object.fromEntries(summary.map(({ key, number, text }) => [key, number ?? text]));

describe('a run that is scored', () => {
  test('is judged by its predictions, and finds no labels', async () => {
    const lab = await aScoredLab(predicting('[1,0,0,1]'), { rows: 4 });
    const result = await carryOut(lab);
    expect(result).toMatchObject({ status: 'finished', objective: 0.25, tier: 'verified' });
    expect(summaryOf(result)).toMatchObject({ labels: 0, loss: 0.25, 'loss (self_reported)': 0 });
    expect(JSON.parse(await lab.read('manifest.json'))).toMatchObject({
      scored: { exit_code: 0 },
      outcome: { tier: 'verified' },
    });
    // The next run finds none either, nor does the scorer's checkout keep them.
    expect(summaryOf(await carryOut(lab, { run: 'E-0007.3' }))).toMatchObject({ labels: 0 });
    const worktrees = join(lab.cacheDir, 'worktrees');
    for (const slot of ['slot-1', 'slot-1-score'])
      expect(readdirSync(join(worktrees, slot))).not.toContain('labels.json');
  });

  test('finds none in setup either, and the scorer needs none of setup’s', async () => {
    const setup = `
      import { existsSync, writeFileSync } from 'node:fs';
      writeFileSync('made', String(existsSync('labels.json')));`;
    const lab = await aScoredLab(
      {
        ...predicting(
          '[1,0,1,1]',
          `import { readFileSync } from 'node:fs';`,
          `console.log('in setup: ' + readFileSync('made', 'utf8'));`,
        ),
        'setup.mjs': setup,
        '.gitignore': 'made\n',
      },
      {},
      { run: { setup: 'node setup.mjs' } },
    );
    const result = await carryOut(lab);
    expect(result).toMatchObject({ objective: 0, tier: 'verified' });
    expect(await lab.read('run.log')).toContain('in setup: false');
  });

  test('is scored by labels that git does not know, and that no worktree of a training has', async () => {
    const lab = await aScoredLab(
      { ...predicting('[0,0,0,0]'), '.gitignore': 'own\n' },
      { labels: ['own/labels.json'] },
      { untracked: { 'own/labels.json': '[1,0,1,1]' } },
    );
    const result = await carryOut(lab);
    expect(result).toMatchObject({ objective: 0.75, tier: 'verified' });
    expect(summaryOf(result)).toMatchObject({ own: 0 });
    expect(existsSync(join(lab.root, 'own/labels.json'))).toBe(true);
    expect(existsSync(join(lab.cacheDir, 'worktrees/slot-1-score/own/labels.json'))).toBe(false);
  });

  test('that brings the labels back is invalid', async () => {
    const lab = await aScoredLab(
      predicting(
        '[1,0,1,1]',
        `import { execFileSync } from 'node:child_process';`,
        `execFileSync('git', ['checkout', '--', 'labels.json']);`,
      ),
    );
    const { failure } = await carryOut(lab);
    expect(failure).toMatchObject({ class: 'invalid' });
    expect(failure?.message).toContain('labels.json');
  });

  test('may be evaluated too: the evaluator finds no labels, and its word on the metric gives way', async () => {
    const lab = await aScoredLab(
      {
        ...predicting('[1,0,1,0]'),
        'evaluate.mjs': `
          import { existsSync } from 'node:fs';
          console.log('loss: 0.1');
          console.log('memory: 5');
          console.log('seen: ' + Number(existsSync('labels.json')));`,
      },
      {},
      { plan: { evaluate: { command: 'node evaluate.mjs' } } },
    );
    const result = await carryOut(lab);
    expect(result).toMatchObject({ objective: 0.25, tier: 'verified' });
    expect(summaryOf(result)).toMatchObject({
      ...{ loss: 0.25, 'loss (checked)': 0.1, 'loss (self_reported)': 0, memory: 5, seen: 0 },
    });
  });

  test('is scored again by a rerun elsewhere: the manifest says how', async () => {
    const lab = await aScoredLab(predicting('[1,0,1,1]'), {
      ...{ rows: 4, timeout: '90s', max_size: '1.5kB' },
    });
    await carryOut(lab);
    const { planFrom } = await import('../../workers/manifest-plan.ts');
    const { manifestSchema } = await import('../../workers/manifest.ts');
    const manifest = manifestSchema.parse(JSON.parse(await lab.read('manifest.json')));
    expect(planFrom(manifest, 'manifest.json')?.score).toEqual(lab.plan.score);
  });
});

describe('the scorer', () => {
  test('is told of the predictions and the labels, of nothing else that the run left', async () => {
    const lab = await aScoredLab(
      {
        ...predicting('[1,0,1,1]'),
        'score.mjs': `
          import { writeFileSync } from 'node:fs';
          writeFileSync(process.env.AUTOLAB_RUN_DIR + '/seen.json', JSON.stringify(process.env));
          console.log('loss: 1');`,
      },
      {},
      { run: { env: { WIDTH: '8' }, seed: { env: 'SEED' } } },
    );
    await carryOut(lab, {
      attempt: 2,
      command: { command: 'node train.mjs', env: { WIDTH: '64' } },
    });
    const own = join(lab.folder({ attempt: 2 }), 'score');
    const seen = JSON.parse(await lab.read('score/seen.json', { attempt: 2 })) as Record<
      string,
      string
    >;
    const checkout = join(lab.cacheDir, 'worktrees', 'slot-1-score');
    expect(seen).toMatchObject({
      ...{ WIDTH: '8', AUTOLAB_RUN_DIR: own, AUTOLAB_LABELS: join(checkout, 'labels.json') },
      AUTOLAB_PREDICTIONS: join(own, 'predictions.json'),
    });
    for (const name of ['AUTOLAB_WORKTREE', 'AUTOLAB_PREVIOUS_RUN_DIR', 'SEED'])
      expect(seen).not.toHaveProperty(name);
    const slot = join(lab.cacheDir, 'worktrees', 'slot-1');
    expect(Object.values(seen).some((value) => value.split(':').includes(slot))).toBe(false);
  });

  test('is base’s, whatever the commit made of it', async () => {
    const lab = await aScoredLab(
      predicting('[0,0,0,0]'),
      {},
      { workspace: { editable: ['train.mjs', 'score.mjs'] } },
    );
    const commit = await lab.change({ 'score.mjs': `console.log('loss: 0');` });
    expect(await carryOut(lab, { commit })).toMatchObject({ objective: 0.75, tier: 'verified' });
  });
});

describe('what the scorer reads', () => {
  test.each([
    ['a link to the labels', 'rmSync(copy); symlinkSync(process.env.AUTOLAB_LABELS, copy);'],
    ['others', `chmodSync(copy, 0o644); writeFileSync(copy, '[1,0,1,1]');`],
    [
      'others, and then the run’s again',
      `const own = readFileSync(copy);
      rmSync(copy); writeFileSync(copy, '[1,0,1,1]'); rmSync(copy); writeFileSync(copy, own);`,
    ],
  ])('is invalid where the predictions are %s by then', async (_, code) => {
    // Stands in for a run that trains beside.
    const lab = await aScoredLab({
      ...predicting('[0,0,0,0]'),
      'score.mjs': `
        import { chmodSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
        const copy = process.env.AUTOLAB_PREDICTIONS;
        ${code}
        ${SCORE}`,
    });
    const { failure, tier } = await carryOut(lab);
    expect(failure).toMatchObject({ class: 'invalid' });
    expect(failure?.message).toMatch(/^while score ran: expected the predictions to stay/);
    expect(tier).toBe('self_reported');
  });

  test('gives no metric where it comes back among errors', async () => {
    const lab = await aScoredLab({
      ...predicting(String.raw`["x\\nloss: 0"]`),
      'score.mjs': `
        import { readFileSync } from 'node:fs';
        console.log('loss: 0.9');
        const said = JSON.parse(readFileSync(process.env.AUTOLAB_PREDICTIONS, 'utf8'));
        console.error('unknown label ' + said[0]);`,
    });
    expect(await carryOut(lab)).toMatchObject({ objective: 0.9, tier: 'verified' });
    expect(await lab.read('score/score.log')).toContain('loss: 0\n');
  });
});

describe('labels that the scorer had', () => {
  test('are taken from its checkout alone: a link in their place leads to the user’s', async () => {
    const lab = await aScoredLab(
      {
        ...predicting('[1,0,1,1]'),
        'own/labels.json': '[1,0,1,1]',
        'score.mjs': `${SCORE}
          import { rmSync, symlinkSync } from 'node:fs';
          rmSync('own', { recursive: true });
          symlinkSync(process.env.AUTOLAB_RUN_DIR.split('/experiments/')[0] + '/own', 'own');`,
      },
      { labels: ['own/labels.json'] },
    );
    expect((await carryOut(lab)).failure).toMatchObject({ class: 'invalid' });
    expect(existsSync(join(lab.root, 'own/labels.json'))).toBe(true);
    expect(readdirSync(join(lab.cacheDir, 'worktrees/slot-1-score'))).not.toContain('own');
  });

  test('may be links of the user’s, one within another', async () => {
    const lab = await aScoredLab(
      predicting('[1,0,1,1]'),
      { labels: ['own/big.json', 'own'] },
      { untracked: { 'own/x': 'x', 'far.json': '[1,0,1,1]' } },
    );
    symlinkSync(join(lab.root, 'far.json'), join(lab.root, 'own/big.json'));
    await carryOut(lab);
    expect(lstatSync(join(lab.root, 'own/big.json')).isSymbolicLink()).toBe(true);
    expect(readdirSync(join(lab.cacheDir, 'worktrees/slot-1-score'))).not.toContain('own');
  });

  test('and that it made folders of are gone, too', async () => {
    const lab = await aScoredLab({
      ...predicting('[1,0,1,1]'),
      'score.mjs': `${SCORE}
        import { mkdirSync, rmSync } from 'node:fs';
        rmSync('labels.json');
        mkdirSync('labels.json/more', { recursive: true });`,
    });
    expect((await carryOut(lab)).failure).toMatchObject({ class: 'invalid' });
    expect(readdirSync(join(lab.cacheDir, 'worktrees/slot-1-score'))).not.toContain('labels.json');
  });

  test('and that a worker which was killed left there are gone when the next run trains', async () => {
    const lab = await aScoredLab(
      predicting(
        '[1,0,1,1]',
        `console.log('beside: ' + Number(existsSync('../slot-1-score/labels.json')));`,
      ),
    );
    const beside = join(lab.cacheDir, 'worktrees/slot-1-score');
    mkdirSync(beside, { recursive: true });
    writeFileSync(join(beside, 'labels.json'), '[1,0,1,1]');
    expect(summaryOf(await carryOut(lab))).toMatchObject({ beside: 0 });
  });
});
