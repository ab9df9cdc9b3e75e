import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { manifestSchema } from '../../workers/manifest.ts';
import { secretsIn } from '../../workers/secrets.ts';
import { carryOut, createLab, script } from './support/lab.ts';

test('a run goes from check-out to a sealed result that reads back the same', async () => {
  const lab = await createLab({
    files: script(
      `console.log(JSON.stringify({ config: { learning_rate: 0.1, name: 'x' } }));`,
      `for (let step = 0; step < 3; step++) console.log(JSON.stringify({ step, loss: 1 / (step + 1) }));`,
      `console.log('---');`,
      `console.log('loss:   0.25');`,
      `console.log('model:  tiny');`,
    ),
    run: { seed: { env: 'SEED' } },
  });
  const result = await carryOut(lab, { knobs: { depth: '4' } });

  expect(result).toMatchObject({
    status: 'finished',
    failure: null,
    objective: 0.25,
    exit_code: 0,
    metric_points: 4,
    tier: 'self_reported',
  });
  expect(result.summary).toContainEqual({ key: 'model', number: null, text: 'tiny' });
  expect(result.params).toContainEqual({
    key: 'learning_rate',
    value: '0.1',
    type: 'number',
    source: 'printed',
  });
  expect(result.params).toContainEqual({
    key: 'depth',
    value: '4',
    type: 'number',
    source: 'knob',
  });
  expect(result.spans.map((span) => span.name)).toEqual(['setup', 'train', 'measure']);
  expect(await lab.executor.sealed('E-0007.2', 1, lab.base)).toEqual(result);
  expect(await lab.executor.sealed('E-0007.2', 2, lab.base)).toBeNull();
  expect(await lab.executor.sealed('E-0007.2', 1, 'another commit')).toBeNull();
  expect(manifestSchema.parse(JSON.parse(await lab.read('manifest.json')))).toMatchObject({
    run: 'E-0007.2',
    commit: lab.base,
    environment_key: result.environment_key,
  });
  expect(existsSync(join(lab.folder(), 'metrics.parquet'))).toBe(true);
});

test('numbers that are not finite survive sealing as numbers', async () => {
  const lab = await createLab({
    files: script(
      `console.log('loss: nan'); console.log('up: inf'); console.log('down=-inf'); console.log('---'); console.log('word: NaN words');`,
    ),
  });
  const result = await carryOut(lab);
  expect(result.failure?.class).toBe('not_a_number');
  expect(result.objective).toBeNaN();
  const sealed = await lab.executor.sealed('E-0007.2', 1, lab.base);
  expect(sealed).toEqual(result);
  expect(sealed?.summary).toContainEqual({ key: 'up', number: Infinity, text: null });
  expect(sealed?.summary).toContainEqual({ key: 'down', number: -Infinity, text: null });
  expect(sealed?.summary).toContainEqual({ key: 'word', number: null, text: 'NaN words' });
});

test('a number that no square can hold is taken for infinite', async () => {
  const lab = await createLab({ files: script(`console.log('loss: -2.6e186')`) });
  const result = await carryOut(lab);
  expect(result).toMatchObject({ status: 'failed', objective: -Infinity });
  expect(result.failure).toEqual({
    class: 'not_a_number',
    message: 'expected loss within ±1e+150, found -2.6e+186',
  });
});

test('a result.json that a script wrote is not taken for ours', async () => {
  const lab = await createLab({ files: script(`console.log('loss: 1')`) });
  await carryOut(lab);
  await writeFile(
    join(lab.folder(), 'result.json'),
    JSON.stringify({ run: 'E-0007.2', attempt: 1, commit: lab.base }),
  );
  expect(await lab.executor.sealed('E-0007.2', 1, lab.base)).toBeNull();
});

test('a run without the metric fails as no_metric and names what it found', async () => {
  const lab = await createLab({
    files: script(`console.log('accuracy: 0.9, perplexity: 12')`),
  });
  const result = await carryOut(lab);
  expect(result).toMatchObject({
    status: 'failed',
    objective: null,
    failure: { class: 'no_metric' },
  });
  expect(result.failure?.message).toContain('accuracy, perplexity');
});

test('a metric before a non-zero exit is kept, and the run has failed', async () => {
  const lab = await createLab({
    files: script(`console.log('loss: 0.5'); throw new TypeError('no such layer');`),
  });
  const result = await carryOut(lab);
  expect(result).toMatchObject({
    status: 'failed',
    objective: 0.5,
    exit_code: 1,
    failure: { class: 'idea' },
  });
  expect(result.failure?.message).toContain('TypeError: no such layer');
  expect(result.failure?.traceback).toContain('train.mjs:1');
});

test('the best value counts where the plan says so, else the last', async () => {
  const files = script(`for (const loss of [0.5, 0.2, NaN, 0.3]) console.log('loss: ' + loss);`);
  const last = await createLab({ files });
  expect((await carryOut(last)).objective).toBe(0.3);
  const best = await createLab({ files, objective: { at: 'best' } });
  expect((await carryOut(best)).objective).toBe(0.2);
});

test('a script finds its seed in a variable, as an argument, or in its file', async () => {
  const show = `console.log('loss: ' + (process.env.SEED ?? process.argv[2]?.split('=')[1]));`;
  const env = await createLab({ files: script(show), run: { seed: { env: 'SEED' } } });
  expect((await carryOut(env, { seed: 41 })).objective).toBe(41);

  const arg = await createLab({ files: script(show), run: { seed: { arg: '--seed={value}' } } });
  expect((await carryOut(arg, { seed: 42 })).objective).toBe(42);

  const shell = await createLab({
    files: script(show),
    run: { seed: { arg: '--seed={value}' }, shell: true, command: 'true && node train.mjs' },
  });
  expect((await carryOut(shell, { seed: 43 })).objective).toBe(43);

  const file = await createLab({
    files: {
      'train.mjs': `import { seed } from './seed.mjs'; console.log('loss: ' + seed());`,
      'seed.mjs': `const fix = (n) => n;\nexport const seed = () => fix(1337);\n`,
    },
    run: { seed: { file: 'seed.mjs', match: 'fix({value})' } },
  });
  const result = await carryOut(file, { seed: 44 });
  expect(result).toMatchObject({ objective: 44, status: 'finished' });
});

test('a failure names a variable that the plan passes on, and does not tell its value', async () => {
  const lab = await createLab({
    files: script("throw new Error('401: no such key: ' + process.env.HF_TOKEN);"),
    run: { env_from: ['HF_TOKEN'] },
    deps: { user: { PATH: process.env['PATH'], HF_TOKEN: 'hf_secret_123' } },
  });
  const { failure } = await carryOut(lab);
  expect(failure?.message).toContain('401: no such key: $HF_TOKEN');
  expect(JSON.stringify(failure)).not.toContain('hf_secret_123');
});

test('nor the beginning of a value where a line was cut to size', () => {
  const { hidden } = secretsIn(['KEY'], { KEY: 'hf_secret_123' });
  expect(hidden('no such key: hf_secret_1\nat key hf_secret_123, hf_')).toBe(
    'no such key: …\nat key $KEY, hf_',
  );
});

test.each([
  ['setup', { setup: 'node train.mjs' }, {}],
  ['the evaluator', { command: 'node good.mjs' }, { evaluate: { command: 'node train.mjs' } }],
])('nor is it where %s fails', async (_, run, plan) => {
  const lab = await createLab({
    files: {
      ...script("throw new Error('401: no such key: ' + process.env.HF_TOKEN);"),
      'good.mjs': "console.log('loss: 1');",
    },
    run: { ...run, env_from: ['HF_TOKEN'] },
    plan,
    deps: { user: { PATH: process.env['PATH'], HF_TOKEN: 'hf_secret_123' } },
  });
  const { failure } = await carryOut(lab);
  expect(JSON.stringify(failure)).toContain('$HF_TOKEN');
  expect(JSON.stringify(failure)).not.toContain('hf_secret_123');
});

test('nothing of the environment reaches a run but what is allowed', async () => {
  const lab = await createLab({
    files: script(`console.log('loss: 1'); console.log(JSON.stringify(process.env));`),
    run: { env: { OMP_NUM_THREADS: '1' }, env_from: ['HF_TOKEN', 'NOT_SET'] },
    deps: {
      user: {
        PATH: process.env['PATH'],
        HOME: '/home/me',
        LC_ALL: 'C',
        HF_TOKEN: 'passed on',
        OPENAI_API_KEY: 'secret',
        AWS_SECRET_ACCESS_KEY: 'secret',
        GIT_DIR: '/elsewhere',
        NODE_OPTIONS: '--no-warnings',
      },
    },
  });
  await carryOut(lab, { gpus: [0, 2] });
  const line = (await lab.read('run.log')).split('\n').find((text) => text.startsWith('{')) ?? '';
  const env = JSON.parse(line) as Record<string, string>;
  expect(Object.keys(env).toSorted()).toEqual(
    [
      'AUTOLAB_LAB',
      'AUTOLAB_LAUNCHER',
      'AUTOLAB_RUN_DIR',
      'AUTOLAB_RUN_ID',
      'CUDA_DEVICE_ORDER',
      'CUDA_VISIBLE_DEVICES',
      'HF_TOKEN',
      'HOME',
      'LC_ALL',
      'MASTER_ADDR',
      'MASTER_PORT',
      'OMP_NUM_THREADS',
      'PATH',
      'PYTHONPATH',
      'PYTHONUNBUFFERED',
      'TERM',
      'WANDB_MODE',
    ].toSorted(),
  );
  expect(env).toMatchObject({
    AUTOLAB_RUN_ID: 'E-0007.2',
    AUTOLAB_RUN_DIR: lab.folder(),
    CUDA_VISIBLE_DEVICES: '0,2',
    WANDB_MODE: 'offline',
  });
  expect(env['PYTHONPATH']?.startsWith(join(lab.cacheDir, 'worktrees', 'slot-1'))).toBe(true);
  const manifest = await lab.read('manifest.json');
  expect(manifest).not.toContain('passed on');
  expect(JSON.parse(manifest)).toMatchObject({ env_names: ['HF_TOKEN'] });
});

test('a second attempt is told where the first one left its files', async () => {
  const lab = await createLab({
    files: script(`console.log('loss: ' + (process.env.AUTOLAB_PREVIOUS_RUN_DIR ? 2 : 1));`),
  });
  expect((await carryOut(lab)).objective).toBe(1);
  expect((await carryOut(lab, { attempt: 2 })).objective).toBe(2);
});

test('what a script puts in its run folder is recorded', async () => {
  const lab = await createLab({
    files: script(
      `import { mkdirSync, writeFileSync } from 'node:fs';`,
      `const dir = process.env.AUTOLAB_RUN_DIR;`,
      `writeFileSync(dir + '/artifacts/note.txt', 'hello');`,
      `writeFileSync(dir + '/metrics.jsonl', '{"step":1,"loss":0.7,"val":{"acc":0.5}}\\n{"step":2,"loss":0.6}\\n{"step":3,"lo');`,
      `mkdirSync('out/deep', { recursive: true });`,
      `writeFileSync('out/deep/model.pt', 'weights');`,
      `writeFileSync('out/skip.txt', 'no');`,
    ),
    run: { keep: ['out/**/*.pt'] },
  });
  const result = await carryOut(lab);
  expect(result.objective).toBe(0.6);
  expect(result.summary).toContainEqual({ key: 'val/acc', number: 0.5, text: null });
  expect(result.artifacts.map(({ name, bytes }) => ({ name, bytes }))).toEqual([
    { name: 'note.txt', bytes: 5 },
    { name: 'out/deep/model.pt', bytes: 7 },
  ]);
  expect(await readFile(join(lab.folder(), 'artifacts/out/deep/model.pt'), 'utf8')).toBe('weights');
});

test('what a run left is gone before the next one', async () => {
  const lab = await createLab({
    files: script(
      `import { existsSync, writeFileSync } from 'node:fs';`,
      `console.log('loss: ' + (existsSync('left.txt') ? 1 : 0));`,
      `writeFileSync('left.txt', '');`,
    ),
  });
  expect((await carryOut(lab)).objective).toBe(0);
  expect((await carryOut(lab, { run: 'E-0008.1' })).objective).toBe(0);
});

test('a link out of the worktree is not kept, one within is', async () => {
  const lab = await createLab({
    files: script(
      `import { symlinkSync, writeFileSync } from 'node:fs';`,
      `writeFileSync('a.pt', 'a'); symlinkSync('a.pt', 'best.pt'); symlinkSync('/etc/passwd', 'evil.pt');`,
      `symlinkSync('/etc/passwd', process.env.AUTOLAB_RUN_DIR + '/artifacts/evil');`,
      `console.log('loss: 1');`,
    ),
    run: { keep: ['*.pt'] },
  });
  const result = await carryOut(lab);
  expect(result.artifacts.map((artifact) => artifact.name)).toEqual(['a.pt', 'best.pt']);
});

test('an artifacts folder that leads elsewhere is replaced, and nothing is written there', async () => {
  const lab = await createLab({
    files: script(
      `import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';`,
      `const dir = process.env.AUTOLAB_RUN_DIR; mkdirSync(dir + '/elsewhere'); rmSync(dir + '/artifacts', { recursive: true });`,
      `symlinkSync('elsewhere', dir + '/artifacts'); writeFileSync('a.pt', 'a');`,
      `console.log('loss: 1');`,
    ),
    run: { keep: ['*.pt'] },
  });
  expect((await carryOut(lab)).artifacts.map((artifact) => artifact.name)).toEqual(['a.pt']);
  expect(existsSync(join(lab.folder(), 'elsewhere/a.pt'))).toBe(false);
});

test('metrics.parquet holds every point, read by a reader that is not ours', async () => {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const lab = await createLab({
    files: script(
      `for (let step = 0; step < 9000; step++) console.log(JSON.stringify({ step, loss: step === 5 ? NaN : step / 2 }).replace('null', 'NaN'));`,
      `console.log('loss: 0.125');`,
    ),
  });
  const result = await carryOut(lab);
  expect(result.metric_points).toBe(9001);
  const connection = await (await DuckDBInstance.create()).connect();
  const file = join(lab.folder(), 'metrics.parquet');
  const rows = await connection.runAndReadAll(
    `SELECT count(*)::INT AS n, count(step)::INT AS steps, max(step)::INT AS top, count(*) FILTER (isnan(value))::INT AS nans,
      min(run_id) AS run, typeof(any_value(time)) AS kind, sum(value) FILTER (step = 8999) AS last FROM '${file}'`,
  );
  expect(rows.getRowObjectsJson()).toEqual([
    {
      n: 9001,
      steps: 9000,
      top: 8999,
      nans: 1,
      run: 'E-0007.2',
      kind: 'TIMESTAMP',
      last: 4499.5,
    },
  ]);
});

test('a run that printed no number leaves a metrics.parquet without rows', async () => {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const lab = await createLab({ files: script(`console.log('hello');`) });
  await carryOut(lab);
  const connection = await (await DuckDBInstance.create()).connect();
  const file = join(lab.folder(), 'metrics.parquet');
  const rows = await connection.runAndReadAll(`SELECT count(*)::INT AS n FROM '${file}'`);
  expect(rows.getRowObjectsJson()).toEqual([{ n: 0 }]);
});

test('a run with very many points is written by whoever is handed in for that', async () => {
  const written: string[] = [];
  const lab = await createLab({
    files: script(`for (let i = 0; i < 20; i++) console.log('loss: ' + i);`),
    deps: {
      limits: { large_points: 10 },
      writeLargeParquet: async (ndjson, parquet, run) => {
        written.push(run, readFileSync(ndjson, 'utf8').trim().split('\n').at(-1) ?? '');
        await writeFile(parquet, '');
      },
    },
  });
  expect((await carryOut(lab)).metric_points).toBe(20);
  expect(written).toEqual([
    'E-0007.2',
    expect.stringMatching(/^\{"key":"loss","step":null,"time":\d+,"value":19\}$/),
  ]);
});

test('a fenced attempt is not sealed: another worker has it', async () => {
  const lab = await createLab({ files: script(`console.log('loss: 1');`) });
  const fence = new AbortController();
  fence.abort('fenced');
  const result = await carryOut(lab, {}, fence.signal);
  expect(result.killed_because).toBe('fenced');
  expect(await lab.executor.sealed('E-0007.2', 1, lab.base)).toBeNull();
});

test('the published schema of the manifest is the one that is generated', async () => {
  const { manifestJsonSchema } = await import('../../workers/manifest.ts');
  const file = 'schemas/manifest.schema.json';
  if (process.env['UPDATE_SCHEMAS']) await writeFile(file, manifestJsonSchema());
  expect(readFileSync(file, 'utf8')).toBe(manifestJsonSchema());
});

test.runIf(has('python3'))('a Python run says its packages and interpreter', async () => {
  const lab = await createLab({
    files: {
      'train.py': `import sys\nprint({'loss': float('inf'), 'epoch': 1.0})\nprint("loss: 0.5")\n`,
    },
    run: { command: 'python3 train.py' },
    workspace: { editable: ['train.py'] },
  });
  const result = await carryOut(lab);
  expect(result).toMatchObject({ status: 'finished', objective: 0.5 });
  const manifest = manifestSchema.parse(JSON.parse(await lab.read('manifest.json')));
  expect(manifest.versions.interpreters['python3']).toMatch(/^Python 3/);
  expect(manifest.packages?.versions).toHaveProperty('pip');
});

function has(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
