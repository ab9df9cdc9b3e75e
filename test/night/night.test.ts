import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  autolab,
  autolabJson,
  checkout,
  makeLab,
  PLAN,
  type FixtureLab,
  type Said,
} from '../support/lab.ts';

/** A whole night through the built command: real git, processes, queue, DuckDB. */

interface Experiment {
  readonly id: string;
  readonly verdict: string | null;
  readonly title: string;
  readonly parent: string | null;
  readonly objective: number | null;
  readonly effect: number | null;
  readonly interval: readonly number[] | null;
  readonly n: number;
  readonly branch: string | null;
  readonly commit: string | null;
  readonly change: Readonly<Record<string, string>>;
}

interface Run {
  readonly id: string;
  readonly experiment: string;
  readonly status: string;
  readonly seed: number;
  readonly purpose: string;
  readonly objective: number | null;
}

describe('a night', () => {
  let lab: FixtureLab;
  let night: Said;
  let before: Readonly<Record<string, string>>;
  let experiments: readonly Experiment[];
  let runs: readonly Run[];

  beforeAll(async () => {
    lab = makeLab({
      'research_plan.yaml': PLAN.replace('experiments: 6, runs: 24', 'experiments: 4, runs: 20'),
    });
    lab.write({
      'notes.txt': 'mine, not committed\n',
      'train.mjs': `${lab.read('train.mjs')}\n// wip\n`,
    });
    before = checkout(lab);
    night = await autolab(lab, 'launch');
    experiments = await autolabJson(lab, 'experiments');
    runs = await autolabJson(lab, 'runs');
  }, 120_000);
  afterAll(() => lab.remove());

  test('ends well and says what to do next', () => {
    expect(night.stderr).toBe('');
    expect(night.code).toBe(0);
    expect(night.stdout).toContain('N-0001');
    expect(night.stdout).toMatch(/E-\d{4} improved: read FINDINGS\.md, then autolab promote/);
  });

  test('leaves the user’s checkout as it was, uncommitted work included', () => {
    expect(checkout(lab)).toEqual(before);
    expect(lab.git(['status', '--porcelain'])).toBe(' M train.mjs\n?? notes.txt');
    expect(night.stdout).toContain('uncommitted changes are left alone');
  });

  test('gives each experiment a branch and one commit on its parent', () => {
    const byId = new Map(experiments.map((experiment) => [experiment.id, experiment]));
    for (const { id, branch, commit, parent } of experiments) {
      if (commit === null) continue;
      expect(lab.git(['rev-parse', branch ?? ''])).toBe(commit);
      if (parent === null) continue;
      expect(lab.git(['rev-parse', `${commit}^`])).toBe(byId.get(parent)?.commit);
      const [author, body] = lab.git(['show', '-s', '--format=%an%n%B', commit]).split('\n', 2);
      expect(author).toBe('AutoLab');
      expect(body).toContain(id);
    }
  });

  test('finds the improvement that is there, and confirms it on seeds it never searched with', () => {
    const improved = experiments.filter((experiment) => experiment.verdict === 'improved');
    expect(improved).toHaveLength(1);
    const dawn = runs.filter((run) => run.purpose === 'dawn');
    expect(dawn.length).toBeGreaterThanOrEqual(6);
    expect(dawn.every((run) => run.seed > 100_000)).toBe(true);
    expect(improved[0]?.effect).toBeLessThan(-0.1);
  });

  test('takes the user’s hypothesis first', () => {
    expect(experiments[1]).toMatchObject({
      title: 'Relu is better here',
      change: { activation: 'relu' },
    });
  });

  test('states each effect as objective minus baseline, and never an interval of width 0', () => {
    const baseline = experiments[0]?.objective ?? Number.NaN;
    const measured = experiments.slice(1).filter((experiment) => experiment.effect !== null);
    expect(measured.length).toBeGreaterThan(1);
    for (const { objective, effect, interval } of measured) {
      expect(effect).toBeCloseTo((objective ?? Number.NaN) - baseline, 10);
      expect(interval?.[1]).toBeGreaterThan(interval?.[0] ?? Number.NaN);
    }
  });

  test('keeps every run: log, manifest, metrics, sealed result', () => {
    for (const run of runs) {
      const [experiment, n] = run.id.split('.');
      const folder = join(lab.root, 'experiments', experiment ?? '', 'runs', n ?? '', 'attempts/1');
      for (const file of ['run.log', 'manifest.json', 'result.json'])
        expect(existsSync(join(folder, file)), `${run.id} ${file}`).toBe(true);
      if (run.status === 'finished') expect(existsSync(join(folder, 'metrics.parquet'))).toBe(true);
    }
  });

  test('answers SQL over runs, params, metrics and spans', async () => {
    const asked = `SELECT (SELECT count(*) FROM runs) AS runs,
      (SELECT list(DISTINCT key) FROM metrics WHERE run_id = 'E-0000.1') AS metrics,
      (SELECT list(value) FROM params WHERE run_id = 'E-0001.1' AND key = 'activation') AS activations,
      (SELECT list(DISTINCT name) FROM spans) AS spans`;
    expect(await autolabJson(lab, 'query', asked)).toEqual([
      {
        runs: runs.length,
        metrics: expect.arrayContaining(['loss']),
        activations: ['relu'],
        spans: expect.arrayContaining(['queued', 'train', 'propose', 'plan', 'prepare']),
      },
    ]);
  });

  test('writes findings whose first screen decides, and a picture', () => {
    const findings = readFileSync(join(lab.root, 'FINDINGS.md'), 'utf8');
    const tip = experiments.find((experiment) => experiment.verdict === 'improved')?.id ?? '?';
    const screen = findings.split('\n').slice(0, 40).join('\n');
    expect(screen).toContain(tip);
    expect(screen).toContain('autolab promote');
    expect(screen).toMatch(/95 % interval/);
    const picture = readFileSync(join(lab.root, 'experiments/progress.svg'), 'utf8');
    expect(picture).toContain('<svg');
    for (const { id, verdict } of experiments.filter((e) => e.verdict !== null)) {
      const files = readdirSync(join(lab.root, 'experiments', id));
      expect(files, `${id} ${verdict}`).toEqual(
        expect.arrayContaining(['FINDINGS.md', 'results.yaml']),
      );
    }
  });

  test('compares two experiments by parameter and metric', async () => {
    const { params, metrics } = await autolabJson<{
      params: { key: string; a: unknown; b: unknown }[];
      metrics: { key: string; difference: number }[];
    }>(lab, 'compare', 'E-0000', 'E-0001');
    expect(params).toContainEqual(
      expect.objectContaining({ key: 'activation', a: 'tanh', b: 'relu' }),
    );
    expect(metrics.find((row) => row.key === 'val_loss')?.difference).toBeCloseTo(-0.3, 1);
  });

  test('takes marks and shows them', async () => {
    expect((await autolab(lab, 'flag', 'E-0001', 'publish', '--because', 'it is clear')).code).toBe(
      0,
    );
    const shown = await autolabJson<{ flags: string[] }>(lab, 'show', 'E-0001');
    expect(shown.flags).toEqual(['publish']);
    expect((await autolab(lab, 'unflag', 'E-0001', 'publish')).code).toBe(0);
    expect((await autolab(lab, 'unflag', 'E-0001', 'publish')).code).toBe(1);
  });

  test('promotes the confirmed tip past uncommitted work in other files, with the evidence', async () => {
    lab.git(['checkout', '--quiet', '--', 'train.mjs']);
    const done = await autolabJson<{ experiment: string; branch: string; commit: string }>(
      lab,
      'promote',
    );
    expect(done.branch).toBe('main');
    expect(lab.git(['rev-parse', 'HEAD'])).toBe(done.commit);
    expect(lab.git(['rev-list', '--parents', '-1', 'HEAD']).split(' ')).toHaveLength(3);
    expect(lab.read('train.mjs')).toContain("'relu'");
    const scores = JSON.parse(lab.read('experiments/scores.json')) as {
      experiment: string;
      n: number;
    }[];
    expect(scores).toEqual([
      expect.objectContaining({ experiment: done.experiment, metric: 'val_loss' }),
    ]);
    expect(lab.git(['status', '--porcelain'])).toBe('?? notes.txt');
    const again = await autolab(lab, 'promote');
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('expected an improvement');
  });

  // The night that follows one with a gate starts from a new base, too.
  test.runIf(process.env['FULL'])(
    'starts the next night from the new base, with a baseline of its own',
    async () => {
      const second = await autolab(lab, 'launch', '--experiments', '1');
      expect(second).toMatchObject({ code: 0, stderr: '' });
      const all = await autolabJson<(Experiment & { night: string; source: string })[]>(
        lab,
        'experiments',
      );
      const baselines = all.filter((experiment) => experiment.source === 'baseline');
      expect(baselines.map((experiment) => experiment.night)).toEqual(['N-0001', 'N-0002']);
      expect(baselines[1]?.commit).toBe(lab.git(['rev-parse', 'HEAD']));
      expect(Number(baselines[1]?.id.slice(2))).toBe(experiments.length);
    },
    120_000,
  );

  test.runIf(process.env['FULL'])(
    'numbers on after the branches that remain when the notebook is gone',
    async () => {
      const highest = (await autolabJson<Experiment[]>(lab, 'experiments')).length - 1;
      lab.write({ 'data/notebook': null });
      expect(await autolabJson(lab, 'experiments')).toEqual([]);
      expect(await autolab(lab, 'launch', '--experiments', '1')).toMatchObject({
        code: 0,
        stderr: '',
      });
      const [baseline] = await autolabJson<Experiment[]>(lab, 'experiments');
      expect(baseline?.id).toBe(`E-${String(highest + 1).padStart(4, '0')}`);
    },
    120_000,
  );
});
