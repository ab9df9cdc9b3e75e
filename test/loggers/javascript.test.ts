import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { startOf } from '../../notebook/lock.ts';
import { readLogged } from '../../workers/logged.ts';
import { writeSamples } from '../../workers/samples.ts';
import {
  aLab,
  aNight,
  json,
  linesOf,
  metricsIn,
  nowhere,
  ownFolder,
  ownRuns,
  runScript,
  startScript,
} from './support.ts';

const EVERYTHING = String.raw`
import * as autolab from './autolab.mjs';
const round = { name: 'round' };
round.round = round;
autolab.config({ lr: 3e-4, model: { depth: 6, dims: [1, 2] }, warmup: Infinity, net: () => 1, round });
autolab.log({ loss: 0.5, val: { acc: 0.25 }, phase: 'warmup' }, 3);
autolab.log({ nan: NaN, up: Infinity, down: -Infinity, on: true, big: 10n, none: null }, 4);
autolab.log({ many: [1, 2], time: 3, ['line\n"quoted" 🙂']: 1 }, -1);
autolab.log(3);
autolab.logSample(null, '🙂 \ud800\u0000', 'in\nput', ['a', NaN], 7, { acc: 1 });
autolab.finding('it "works"\n');
autolab.tag('ablation', 'small');
autolab.group('sweep-1');
console.log(autolab.saveArtifact('model', Buffer.from('abc'), { step: 10 }));
console.log(autolab.saveArtifact('train.mjs'), autolab.saveArtifact('gone.bin'));
`;

describe('the JavaScript logger', () => {
  it('writes what the Python one does, into the folder of a run of the night', async () => {
    const place = aNight();
    const folder = place.run ?? '';
    const { status, out, err } = runScript(place, 'train.mjs', EVERYTHING);
    expect({ status, out }).toEqual({ status: 0, out: 'model:v1\ntrain.mjs:v1 null\n' });
    expect(err.split('\n').every((line) => line === '' || line.startsWith('autolab: '))).toBe(true);
    const time = expect.any(Number) as number;
    expect(await metricsIn(folder)).toEqual([
      { step: 3, time, loss: 0.5, 'val/acc': 0.25 },
      { step: 4, time, nan: Number.NaN, up: Infinity, down: -Infinity, on: 1, big: 10 },
      { time, 'line\n"quoted" 🙂': 1, 'metric/time': 3 },
    ]);
    const found = await readLogged(folder);
    expect(Object.fromEntries(found.config)).toEqual({
      ...{ lr: 3e-4, 'model/depth': 6, 'model/dims': '[1,2]', warmup: 'Infinity', net: '() => 1' },
      ...{ 'round/name': 'round', 'round/round': '[object Object]' },
    });
    expect(Object.fromEntries(found.texts)).toEqual({ phase: 'warmup', many: '[1,2]' });
    expect(found.logged).toEqual({
      ...{ findings: ['it "works"\n'], tags: ['ablation', 'small'], group: 'sweep-1' },
    });
    expect(found.artifacts[0]).toEqual({
      ...{ as: 'model', version: 1, kind: 'checkpoint', step: 10, bytes: 3 },
      path: 'artifacts/model/v1/model',
      sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    });
    expect(readFileSync(join(folder, 'artifacts/train.mjs/v1/train.mjs'), 'utf8')).toBe(EVERYTHING);
    expect(linesOf(folder, 'samples.jsonl')).toEqual([
      {
        ...{ task: null, id: '🙂 \ud800\u0000', input: 'in\nput', target: '["a","NaN"]' },
        ...{ prediction: '7', metrics: { acc: 1 } },
      },
    ]);
    expect(await writeSamples(folder, 'E-0001.1')).toEqual({ rows: 1, remarks: [] });
  });

  it('opens a run of one’s own in a lab, and says how it ended; elsewhere it does nothing', () => {
    const place = aLab();
    const endings: readonly (readonly [string, number, object])[] = [
      ['', 0, { exit_code: 0, error: null, traceback: null }],
      ['process.exit(3)', 3, { exit_code: 3, error: null }],
      ['throw new TypeError("bad\\nluck")', 1, { exit_code: 1, error: 'TypeError: bad\nluck' }],
      ['await Promise.reject(new Error("late"))', 1, { exit_code: 1, error: 'Error: late' }],
    ];
    for (const [i, [code, status, said]] of endings.entries()) {
      const text = `import { log } from './autolab.mjs';\nlog({ a: 1 });\n${code}\n`;
      const ran = runScript(place, 'train.mjs', text, ['--lr', '3']);
      const id = `R-000${i + 1}`;
      expect(ran.status).toBe(status);
      expect(ran.err.startsWith(`autolab: ${id}\n`)).toBe(true);
      expect(json(ownFolder(place, id), 'end.json')).toMatchObject({ signal: null, ...said });
    }
    const start = json(ownFolder(place, 'R-0001'), 'start.json');
    expect(start).toMatchObject({
      ...{ version: 1, id: 'R-0001', name: 'train.mjs', directory: '.', source: 'logger-js' },
      ...{ branch: 'main', dirty: true, untracked: ['train.mjs'], node: process.version },
    });
    expect((start['command'] as string[]).slice(-2)).toEqual(['--lr', '3']);

    const imported = runScript(place, 'idle.mjs', "import './autolab.mjs';\n");
    expect(imported).toEqual({ status: 0, out: '', err: '' });
    expect(ownRuns(place)).toHaveLength(4);
    const outside = nowhere();
    const ran = runScript(outside, 'train.mjs', EVERYTHING);
    expect(ran).toEqual({ status: 0, out: 'null\nnull null\n', err: '' });
    expect(ownRuns(outside)).toEqual([]);
  });

  it('lets threads log into the run, and loses nothing when it is killed', async () => {
    const place = aLab();
    const child = startScript(
      place,
      'train.mjs',
      `
import { isMainThread, Worker } from 'node:worker_threads';
import { log } from './autolab.mjs';
log({ thread: isMainThread ? 0 : 1 });
if (isMainThread) new Worker(new URL(import.meta.url)).on('exit', () => {
  for (let step = 0; ; step++) { log({ step }); process.stdout.write(step + '\\n'); }
});
`,
    );
    await new Promise((resolve) =>
      child.stdout?.on('data', (chunk: Buffer) => chunk.includes('100\n') && resolve(null)),
    );
    expect(ownRuns(place)).toEqual(['R-0001']);
    const folder = ownFolder(place, 'R-0001');
    const { pid, process_started } = json(folder, 'start.json');
    expect([pid, process_started]).toEqual([child.pid, await startOf(child.pid ?? 0)]);
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    expect(() => json(folder, 'end.json')).toThrow('ENOENT');
    const lines = linesOf(folder, 'metrics.jsonl');
    expect(lines.slice(0, 2).map((line) => line['thread'])).toEqual([0, 1]);
    expect(lines.length).toBeGreaterThan(100);
  });

  it('keeps of a value with too many elements what it is, and all beside it', () => {
    const place = aNight();
    const ran = runScript(
      place,
      'train.mjs',
      `
import { config, logSample } from './autolab.mjs';
const data = Array.from({ length: 300000 }, (_, i) => i);
config({ lr: 1, data, floats: new Float32Array(2000), set: new Set(data), some: new Set([1]),
  nested: [Array(600).fill(0), Array(600)], few: [[1], new Map([['a', 2]])], text: 'x'.repeat(5e6) });
logSample(null, 1, null, null, data.slice(0, 5000));
`,
    );
    expect(ran.status).toBe(0);
    const line = linesOf(place.run ?? '', 'logged.jsonl').find((one) => one['type'] === 'config');
    expect(line?.['values']).toEqual({
      ...{ lr: 1, data: 'Array of 300000 elements', floats: 'Float32Array of 2000 elements' },
      ...{ set: 'Set of 300000 elements', some: [1], few: [[1], { a: 2 }] },
      nested: [Array.from({ length: 600 }, () => 0), 'Array of 600 elements'],
      text: `${'x'.repeat(100_000)}… (5000000 characters)`,
    });
    const { prediction } = linesOf(place.run ?? '', 'samples.jsonl')[0] ?? {};
    expect(JSON.parse(prediction as string)).toHaveLength(5000);
  });

  it('does not copy a folder into itself, nor count what is no number, nor guess what git did not say', () => {
    const place = aLab();
    mkdirSync(join(place.dir, 'experiments/R-99999999999999999999'), { recursive: true });
    mkdirSync(join(place.dir, 'data/notebook'), { recursive: true });
    writeFileSync(join(place.dir, 'data/notebook/own-runs'), '99999999999999999999\n');
    const code = `
import fs from 'node:fs';
import { saveArtifact } from './autolab.mjs';
console.log(saveArtifact('.'), saveArtifact('up', 'experiments'));
fs.symlinkSync('.', 'here');
console.log(saveArtifact('here'), saveArtifact('autolab.py'));
fs.unlinkSync('here');
`;
    const ran = runScript(place, 'train.mjs', code);
    expect(ran).toMatchObject({ status: 0, out: 'null null\nnull autolab.py:v1\n' });
    expect(ran.err).toContain('up could not be kept: expected a file or folder beside');
    writeFileSync(join(place.dir, '.git/index'), 'broken');
    expect(runScript(place, 'train.mjs', code)).toMatchObject({ status: 0 });
    const [first = '', second = ''] = ownRuns(place).map((id) => ownFolder(place, id));
    expect(ownRuns(place).slice(0, 2)).toEqual(['R-0001', 'R-0002']);
    expect(json(first, 'start.json')['dirty']).toBe(true);
    expect(json(second, 'start.json')['dirty']).toBeNull();
    expect(existsSync(join(first, 'artifacts/up/v1'))).toBe(false);
  });

  it('keeps apart the runs of calls that are awaited at once', () => {
    const place = aLab();
    const ran = runScript(
      place,
      'sweep.mjs',
      `
import { setTimeout } from 'node:timers/promises';
import { log, logRun } from './autolab.mjs';
const inner = logRun(() => log({ inner: 1 }));
const train = logRun(async ({ lr }) => {
  log({ lr }, 0);
  await setTimeout(lr * 50);
  inner();
  log({ lr }, 1);
});
await Promise.all([train({ lr: 1 }), train({ lr: 2 })]);
train({ lr: 3 });
process.exit(4);
`,
    );
    expect(ran.status).toBe(4);
    const folders = ownRuns(place).map((id) => ownFolder(place, id));
    const logged = folders.map((folder) =>
      linesOf(folder, 'metrics.jsonl').map((line) => line['lr'] ?? 'inner'),
    );
    expect(logged).toEqual([[1, 'inner', 1], [2, 'inner', 2], [3]]);
    const ends = folders.map((folder) => json(folder, 'end.json')['exit_code']);
    expect(ends).toEqual([0, 0, 4]);
  });

  it('makes a run of each call of a function, also of one that promises', async () => {
    const place = aLab();
    const ran = runScript(
      place,
      'sweep.mjs',
      `
import { writeFileSync } from 'node:fs';
import { logRun } from './autolab.mjs';
const train = logRun(async ({ lr }, runner) => {
  runner.log({ loss: lr }, 1);
  if (lr > 1) throw new Error('diverged');
  writeFileSync('m.bin', 'x');
  return { finding: 'lr ' + lr, metrics: { acc: NaN }, artifacts: ['m.bin'] };
}, { name: 'sweep' });
console.log((await train({ lr: 0.5 })).finding, logRun(function other() { return 7; })());
await train({ lr: 2 }).catch((error) => console.log(error.message));
`,
    );
    expect({ status: ran.status, out: ran.out }).toEqual({
      ...{ status: 0, out: 'lr 0.5 7\ndiverged\n' },
    });
    const [first = '', second = '', third = ''] = ownRuns(place).map((id) => ownFolder(place, id));
    expect([first, second].map((folder) => json(folder, 'start.json')['name'])).toEqual([
      ...['sweep', 'other'],
    ]);
    const found = await readLogged(first);
    expect(Object.fromEntries(found.config)).toEqual({ lr: 0.5 });
    expect(found.logged.findings).toEqual(['lr 0.5']);
    expect(Object.fromEntries(found.returned)).toEqual({ acc: Number.NaN });
    expect(found.artifacts[0]).toMatchObject({ as: 'm.bin', version: 1 });
    expect(json(first, 'end.json')).toMatchObject({ exit_code: 0, error: null });
    expect(json(third, 'end.json')).toMatchObject({ exit_code: 1, error: 'Error: diverged' });
  });
});
