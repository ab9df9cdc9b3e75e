import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { autolab, autolabJson, makeLab, type FixtureLab } from '../support/lab.ts';

/** Pages of runs with curves, predictions and checkpoints, as a terminal shows them. */

/** A training that gets better by `rate`, and answers the second of three questions by it. */
const LOGGING = `import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
const [rate] = process.argv.slice(2).map(Number);
const dir = process.env.AUTOLAB_RUN_DIR;
const say = (file, value) => appendFileSync(dir + '/' + file, JSON.stringify(value) + '\\n');
for (let step = 0; step < 20; step++) say('metrics.jsonl', { step, val_loss: 2 - rate * step, noise: step % 2 });
say('logged.jsonl', { type: 'config', values: { rate }, time: 1 });
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
    for (const rate of ['0.01', '0.02', '0.03'])
      await autolab(lab, 'run', '--', 'node', 'log.mjs', rate);
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
    expect(rows[1]).toMatchObject({ sample_id: '2', input: 'Question\n2', target: 'x' });
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
});
