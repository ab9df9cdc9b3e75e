import { execFileSync } from 'node:child_process';
import { readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { autolab, autolabJson, makeLab, type FixtureLab } from '../support/lab.ts';
import { leaveOwnRun } from '../support/own.ts';

/** Pages of runs with curves, predictions and checkpoints, as a terminal shows them. */

/** A training that gets better by `rate`, and answers the second of three questions by it. */
const LOGGING = `import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
const [rate] = process.argv.slice(2).map(Number);
const dir = process.env.AUTOLAB_RUN_DIR;
const say = (file, value) => appendFileSync(dir + '/' + file, JSON.stringify(value) + '\\n');
for (let step = 0; step < 20; step++) say('metrics.jsonl', { step, val_loss: 2 - rate * step, noise: step % 2 });
say('logged.jsonl', { type: 'config', values: { rate }, time: 1 });
say('logged.jsonl', { type: 'group', group: rate < 0.03 ? 'small "steps"' : 'large', time: 1 });
if (rate < 0.03) say('metrics.jsonl', { 'qa/acc': rate, 'code/acc': 1 });
if (rate === 0.02) say('samples.jsonl', { task: 'code', id: '1', prediction: 'x' });
if (rate === 0.01) say('samples.jsonl', { task: 'code', id: '1', prediction: 'x' });
mkdirSync(dir + '/artifacts/model/v1', { recursive: true });
writeFileSync(dir + '/artifacts/model/v1/w.bin', 'w');
say('logged.jsonl', { type: 'artifact', name: 'model', version: 1, path: 'artifacts/model/v1/w.bin', kind: 'checkpoint', step: 10, bytes: 1, time: 2 });
for (const id of ['1', '2', '3'])
  say('samples.jsonl', { task: 'qa', id, input: 'Question\\n' + id, target: 'x', prediction: id === '2' ? 'by "' + rate + '"' : 'same', metrics: { ok: 0.5 } });
`;

describe('runs of one’s own', () => {
  let lab: FixtureLab;
  beforeAll(async () => {
    lab = makeLab({ 'log.mjs': LOGGING });
    for (const [i, rate] of ['0.01', '0.02', '0.03'].entries()) {
      const AUTOLAB_RUN_DIR = leaveOwnRun(lab.root, `R-000${i + 1}`);
      const env = { ...lab.environment, AUTOLAB_RUN_DIR };
      execFileSync(process.execPath, ['log.mjs', rate], { cwd: lab.root, env });
    }
    // Takes in what they left.
    await autolab(lab, 'query', 'SELECT count(*) FROM samples');
  });
  afterAll(() => lab.remove());

  test('have a page with their curve, their checkpoint, and their predictions on request', async () => {
    const page = (await autolab(lab, 'show', 'R-0001')).stdout;
    const curve = page.slice(page.lastIndexOf('\nval_loss\n')).split('\n');
    expect(curve[2]).toMatch(/^ +2 │●/);
    expect(curve[9]).toMatch(/^ +1\.81 │ +● *●$/);
    expect(page).toMatch(/model\/v1\/w\.bin +model:v1 \(checkpoint\) +10 +1 +best/);
    const samples = (await autolab(lab, 'show', 'R-0001', '--samples')).stdout;
    expect(samples.split('\n').filter((line) => line.startsWith('qa'))).toHaveLength(3);
    expect(samples).toContain('by "0.01"');
    const { samples: rows } = await autolabJson<{ samples: object[] }>(
      lab,
      ...['show', 'R-0001', '--samples'],
    );
    expect(rows).toContainEqual(
      expect.objectContaining({ sample_id: '2', input: 'Question\n2', target: 'x' }),
    );
  });

  test('are averaged by their groups: tasks alike, and by how many samples they have', async () => {
    const rows = await autolabJson<object[]>(lab, 'groups', 'small "steps"');
    // qa: 0.015 of three samples, code: 1 of one.
    expect(rows[0]).toMatchObject({ group: 'small "steps"', metric: 'acc', tasks: 2, runs: 2 });
    expect(rows[0]).toHaveProperty('mean', expect.closeTo((0.015 + 1) / 2, 12));
    expect(rows[0]).toHaveProperty('weighted', expect.closeTo((3 * 0.015 + 1) / 4, 12));
    expect(rows).toContainEqual(
      expect.objectContaining({ metric: 'val_loss', runs: 2, tasks: 1, weighted: null }),
    );
    const all = (await autolab(lab, 'groups')).stdout;
    expect(all).toMatch(/^large +val_loss +1 +1 +1\.43 *$/m);
  });

  test('are compared by twos and more, also by where they predict otherwise', async () => {
    const three = (await autolab(lab, 'compare', 'R-0001', 'R-0002', 'R-0003')).stdout;
    expect(three).toMatch(/ +R-0001 +R-0002 +R-0003\n(?:.*\n)*rate +0\.01 +0\.02 +0\.03/);
    expect(three).toMatch(/\nval_loss +1\.81 +1\.62 +1\.43\n/);
    const data = await autolabJson(lab, 'compare', 'R-0001', 'R-0002', 'R-0003');
    expect(data).toMatchObject({
      subjects: [{ id: 'R-0001', n: 1 }, { id: 'R-0002' }, { id: 'R-0003' }],
      params: expect.arrayContaining([
        { key: 'rate', values: { 'R-0001': 0.01, 'R-0002': 0.02, 'R-0003': 0.03 } },
      ]),
    });
    const { stdout } = await autolab(lab, 'compare', 'R-0001', 'R-0003', '--samples');
    expect(stdout).toContain('1 sample that R-0001 (a) and R-0003 (b) predict otherwise');
    expect(stdout).toMatch(/^qa +2 +x +by "0\.01" +by "0\.03"/m);
    const wrong = await autolab(lab, 'compare', 'R-0001', '--samples');
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('expected two runs')]);
  });

  test('whose numbers are damaged are named beside an answer that goes without them', async () => {
    const metrics = join(lab.root, 'data/notebook/metrics');
    for (const name of readdirSync(metrics)) truncateSync(join(metrics, name), 30);
    const asked = await autolab(lab, 'query', 'SELECT count(*) AS n FROM metrics');
    expect([asked.code, asked.stdout]).toEqual([0, 'n\n0\n']);
    expect(asked.stderr).toMatch(/R-0001.* left out/);
  });
});
