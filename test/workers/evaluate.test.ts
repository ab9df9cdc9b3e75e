import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { RunResult } from '../../orchestrator/domain/run.ts';
import { carryOut, createLab, script, type LabOptions, type TestLab } from './support/lab.ts';
import { appears, lives } from './support/harness.ts';

/** Leaves what its model reaches, and prints what it likes. */
const training = (reaches: string, prints: string): Record<string, string> =>
  script(
    `import { writeFileSync } from 'node:fs';`,
    `writeFileSync(process.env.AUTOLAB_RUN_DIR + '/model.json', '${reaches}');`,
    `console.log('loss: 0.9');`,
    `console.log('loss: ${prints}');`,
  );

const FULL = process.env['FULL'] !== undefined;

const EVALUATE = `
import { readFileSync } from 'node:fs';
const reached = JSON.parse(readFileSync(process.env.AUTOLAB_RUN_DIR + '/model.json', 'utf8'));
console.log('loss: ' + reached);
console.log('exact_match: 0.25');
`;

const anEvaluatedLab = (
  files: Readonly<Record<string, string>>,
  options: Partial<LabOptions> = {},
  evaluate: Record<string, unknown> = {},
): Promise<TestLab> =>
  createLab({
    files: { 'evaluate.mjs': EVALUATE, ...files },
    ...options,
    plan: { evaluate: { command: 'node evaluate.mjs', ...evaluate }, ...options.plan },
  });

const summaryOf = ({ summary }: RunResult) =>
  Object.fromEntries(summary.map(({ key, number, text }) => [key, number ?? text]));

describe('a run that an evaluator measures', () => {
  test('is judged on what the evaluator printed, and what it said itself shows beside that', async () => {
    const lab = await anEvaluatedLab(training('0.5', '0'));
    const result = await carryOut(lab);
    expect(result).toMatchObject({ status: 'finished', objective: 0.5, tier: 'checked' });
    expect(summaryOf(result)).toMatchObject({
      loss: 0.5,
      'loss (self_reported)': 0,
      exact_match: 0.25,
    });
    expect(await lab.read('evaluate.log')).toContain('exact_match: 0.25');
    expect(await lab.read('run.log')).not.toContain('exact_match');
    expect(JSON.parse(await lab.read('manifest.json'))).toMatchObject({
      evaluated: { arguments: ['node', 'evaluate.mjs'], exit_code: 0, signal: null },
      outcome: { objective: 0.5, tier: 'checked' },
    });
    expect(result.spans.map(({ name }) => name)).toContain('evaluate');
  });

  test('cannot print what stands for its own word, nor another spelling of the metric', async () => {
    const lab = await anEvaluatedLab(
      script(
        `import { writeFileSync } from 'node:fs';`,
        `writeFileSync(process.env.AUTOLAB_RUN_DIR + '/model.json', '0.5');`,
        `console.log(JSON.stringify({ Loss: 0, 'Loss (self_reported)': 0.5 }));`,
      ),
    );
    const summary = summaryOf(await carryOut(lab));
    expect(summary).toMatchObject({ loss: 0.5, 'Loss (self_reported)': 0 });
    expect(summary).not.toHaveProperty('Loss');
  });

  test('needs not print the metric itself', async () => {
    const lab = await anEvaluatedLab(
      script(
        `import { writeFileSync } from 'node:fs';`,
        `writeFileSync(process.env.AUTOLAB_RUN_DIR + '/model.json', '0.5');`,
      ),
    );
    expect(await carryOut(lab)).toMatchObject({ status: 'finished', objective: 0.5 });
  });

  test('without an evaluator stays the script’s own word', async () => {
    const lab = await createLab({ files: training('0.5', '0') });
    const result = await carryOut(lab);
    expect(result).toMatchObject({ objective: 0, tier: 'self_reported' });
    expect(summaryOf(result)).not.toHaveProperty('loss (self_reported)');
  });
});

describe('the evaluator', () => {
  test('stands on base, also where it lies within editable and the commit changed it', async () => {
    const lab = await anEvaluatedLab(training('0.5', '0.5'), {
      workspace: { editable: ['train.mjs', 'evaluate.mjs'] },
    });
    const commit = await lab.change({ 'evaluate.mjs': `console.log('loss: 0');` });
    expect(await carryOut(lab, { commit })).toMatchObject({ objective: 0.5, tier: 'checked' });
  });

  test('is protected elsewhere: a commit that changes it never runs', async () => {
    const lab = await anEvaluatedLab(training('0.5', '0.5'));
    const commit = await lab.change({ 'evaluate.mjs': `console.log('loss: 0');` });
    const result = await carryOut(lab, { commit });
    expect(result).toMatchObject({ status: 'failed', failure: { class: 'invalid' } });
    expect(existsSync(join(lab.folder(), 'evaluate.log'))).toBe(false);
  });

  test('is clean again after a run that wrote into its checkout', async () => {
    const lab = await anEvaluatedLab({
      ...training('0.5', '0.5'),
      ...script(
        `import { existsSync, writeFileSync } from 'node:fs';`,
        `import { join } from 'node:path';`,
        `writeFileSync(process.env.AUTOLAB_RUN_DIR + '/model.json', '0.5');`,
        `const there = process.cwd() + '-evaluate';`,
        `console.log('found: ' + Number(existsSync(there)));`,
        `if (existsSync(there)) {`,
        `  writeFileSync(join(there, 'evaluate.mjs'), "console.log('loss: 0')");`,
        `  writeFileSync(join(there, 'package.json'), '{"imports": {}}');`,
        `}`,
      ),
    });
    await carryOut(lab);
    const second = await carryOut(lab, { run: 'E-0007.3' });
    expect(second).toMatchObject({ objective: 0.5, tier: 'checked' });
    expect(summaryOf(second)).toMatchObject({ found: 1 });
    const checkout = join(lab.cacheDir, 'worktrees', 'slot-1-evaluate');
    expect(existsSync(join(checkout, 'package.json'))).toBe(false);
  });

  test('sees the plan’s variables, the seed and what the run left, and no knob of the experiment', async () => {
    const lab = await anEvaluatedLab(
      {
        ...training('0.5', '0.5'),
        'evaluate.mjs': `
          import { writeFileSync } from 'node:fs';
          writeFileSync(process.env.AUTOLAB_RUN_DIR + '/seen.json',
            JSON.stringify({ ...process.env, cwd: process.cwd(), args: process.argv.slice(2) }));
          console.log('loss: 1');`,
      },
      { run: { env: { WIDTH: '8' }, seed: { env: 'SEED' } } },
      { command: "node evaluate.mjs 'a b'" },
    );
    await carryOut(lab, { seed: 7, command: { command: 'node train.mjs', env: { WIDTH: '64' } } });
    const seen = JSON.parse(await lab.read('seen.json')) as Record<string, string>;
    const slot = join(lab.cacheDir, 'worktrees', 'slot-1');
    expect(seen).toMatchObject({
      ...{ WIDTH: '8', SEED: '7', AUTOLAB_WORKTREE: slot, AUTOLAB_RUN_ID: 'E-0007.2' },
      PYTHONDONTWRITEBYTECODE: '1',
      ...{ AUTOLAB_RUN_DIR: lab.folder(), cwd: `${slot}-evaluate`, args: ['a b'] },
    });
    expect(seen['PYTHONPATH']?.split(':')).not.toContain(slot);
  });

  test('finds linked data and what setup makes, made once', async () => {
    const lab = await anEvaluatedLab(
      {
        ...training('0.5', '0.5'),
        '.gitignore': 'made\ndata\n',
        'setup.mjs': `
          import { appendFileSync, writeFileSync } from 'node:fs';
          writeFileSync('made', '3');
          appendFileSync(process.env.AUTOLAB_RUN_DIR + '/../../setups', process.cwd() + '\\n');`,
        'evaluate.mjs': `
          import { readFileSync } from 'node:fs';
          console.log('loss: ' + readFileSync('made', 'utf8') + readFileSync('data/x', 'utf8'));`,
      },
      {
        untracked: { 'data/x': '4' },
        workspace: { link: ['data'] },
        run: { setup: 'node setup.mjs' },
      },
    );
    expect(await carryOut(lab)).toMatchObject({ objective: 34 });
    expect(await carryOut(lab, { attempt: 2 })).toMatchObject({ objective: 34 });
    const setups = readFileSync(join(lab.folder(), '../../setups'), 'utf8').trim().split('\n');
    expect(setups).toHaveLength(2);
  });

  const USELESS: [string, string, RegExp][] = [
    [
      'ends with an error',
      `throw new Error('no such model');`,
      /exit code 1: Error: no such model/,
    ],
    ['takes too long', `setTimeout(() => {}, 1e6);`, /found: expected an end within 1 s/],
    ['prints something else', `console.log('accuracy: 1');`, /evaluate to print loss.*accuracy/],
    ['prints nothing', ``, /expected evaluate to print loss, found no metrics at all/],
  ];
  test.each(FULL ? USELESS : USELESS.slice(0, 2))(
    'that %s leaves no metric, whatever the script printed',
    async (_, code, message) => {
      const lab = await anEvaluatedLab(
        { ...training('0.5', '0'), 'evaluate.mjs': code },
        {},
        { timeout: '1s' },
      );
      const result = await carryOut(lab);
      expect(result).toMatchObject({ status: 'failed', objective: null, tier: 'self_reported' });
      expect(result.failure).toMatchObject({ class: 'no_metric' });
      expect(result.failure?.message).toMatch(message);
      expect(summaryOf(result)).toMatchObject({ 'loss (self_reported)': 0 });
      expect(summaryOf(result)).not.toHaveProperty('loss');
    },
  );

  test('that measures NaN has measured', async () => {
    const lab = await anEvaluatedLab({
      ...training('0.5', '0'),
      'evaluate.mjs': `console.log('loss: nan');`,
    });
    const result = await carryOut(lab);
    expect(result).toMatchObject({ status: 'failed', objective: NaN, tier: 'checked' });
    expect(result.failure).toMatchObject({ class: 'not_a_number' });
  });

  test('is not asked about a training that failed, or that wrote where it may not', async () => {
    const failed = await anEvaluatedLab(script(`console.log('loss: 0');`, `process.exit(1);`));
    expect(await carryOut(failed)).toMatchObject({ status: 'failed', tier: 'self_reported' });
    const writes = await anEvaluatedLab(
      script(
        `import { writeFileSync } from 'node:fs';`,
        `writeFileSync('evaluate.mjs', '');`,
        `console.log('loss: 0');`,
      ),
    );
    expect((await carryOut(writes)).failure).toMatchObject({ class: 'invalid' });
    for (const lab of [failed, writes])
      expect(existsSync(join(lab.folder(), 'evaluate.log'))).toBe(false);
  });

  test('that writes into its own checkout makes the run invalid', async () => {
    const lab = await anEvaluatedLab({
      ...training('0.5', '0.5'),
      'evaluate.mjs': `
        import { writeFileSync } from 'node:fs';
        writeFileSync('train.mjs', '');
        console.log('loss: 1');`,
    });
    const { failure, objective } = await carryOut(lab);
    expect(failure).toMatchObject({ class: 'invalid' });
    expect(failure?.message).toContain(
      'while evaluate ran: the run changed protected files: train',
    );
    expect(objective).toBeNull();
  });

  test('whose checkout gets code beside its own while it runs makes the run invalid', async () => {
    const lab = await anEvaluatedLab({
      ...training('0.5', '0.5'),
      'evaluate.mjs': `
        import { existsSync } from 'node:fs';
        import { setTimeout as wait } from 'node:timers/promises';
        console.log('exact_match: 1');
        while (!existsSync('better.mjs')) await wait(10);
        await import('./better.mjs');`,
    });
    const carried = carryOut(lab);
    await appears(join(lab.folder(), 'evaluate.log'));
    // As a run does that trains in another slot.
    const planted = join(lab.cacheDir, 'worktrees/slot-1-evaluate/better.mjs');
    writeFileSync(`${planted}.tmp`, `console.log('loss: 0');`);
    renameSync(`${planted}.tmp`, planted);
    const { failure, objective } = await carried;
    expect(failure).toMatchObject({ class: 'invalid' });
    expect(failure?.message).toMatch(/^while evaluate ran: .* found better\.mjs new or changed/);
    expect(objective).toBeNull();
  });

  test('may load what setup made and leave what is no code; a folder of packages is told of', async () => {
    const files = {
      ...training('0.5', '0.5'),
      'setup.mjs': `
        import { mkdirSync, writeFileSync } from 'node:fs';
        mkdirSync('node_modules/half', { recursive: true });
        writeFileSync('node_modules/half/index.js', 'module.exports = 0.5');`,
      'evaluate.mjs': `
        import half from 'half';
        import { mkdirSync, writeFileSync } from 'node:fs';
        mkdirSync('.venv/lib', { recursive: true });
        writeFileSync('.venv/lib/torch.py', '');
        writeFileSync('report.json', '{}');
        console.log('loss: ' + half);`,
    };
    const lab = await anEvaluatedLab(files, { run: { setup: 'node setup.mjs' } });
    expect(await carryOut(lab)).toMatchObject({ objective: 0.5, tier: 'checked' });
    expect(await lab.read('manifest.json')).toContain(
      'while evaluate ran: .venv/lib/torch.py came to lie in its checkout',
    );
  });

  const CODE = ['node_modules/found/index.js', '__pycache__/evaluate.cpython-312.pyc', 'made.so'];
  test.each(FULL ? CODE : CODE.slice(0, 1))('may not leave %s', async (path) => {
    const make = `
        import { mkdirSync, writeFileSync } from 'node:fs';
        mkdirSync('${dirname(path)}', { recursive: true });
        writeFileSync('${path}', '');`;
    const lab = await anEvaluatedLab({
      ...training('0.5', '0.5'),
      'evaluate.mjs': `${make} console.log('loss: 0.5');`,
    });
    expect((await carryOut(lab)).failure?.message).toContain(`found ${path} new`);
  });

  test('ends with the run that is stopped, and so do its children', async () => {
    const lab = await anEvaluatedLab({
      ...training('0.5', '0.5'),
      'evaluate.mjs': `
        import { spawn } from 'node:child_process';
        import { writeFileSync } from 'node:fs';
        console.log('loss: 1');
        const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
        writeFileSync(process.env.AUTOLAB_RUN_DIR + '/child', String(child.pid));
        setTimeout(() => {}, 1e6);`,
    });
    const stop = new AbortController();
    const carried = carryOut(lab, {}, stop.signal);
    await appears(join(lab.folder(), 'child'));
    await wait(50);
    const child = Number(await lab.read('child'));
    expect(lives(child)).toBe(true);
    stop.abort('user');
    expect(await carried).toMatchObject({ status: 'killed', failure: null });
    expect(lives(child)).toBe(false);
  });

  test('is measured again by a rerun elsewhere: the manifest says how', async () => {
    const lab = await anEvaluatedLab(training('0.5', '0'), {}, { timeout: '90s' });
    await carryOut(lab);
    const { planFrom } = await import('../../workers/manifest-plan.ts');
    const { manifestSchema } = await import('../../workers/manifest.ts');
    const manifest = manifestSchema.parse(JSON.parse(await lab.read('manifest.json')));
    expect(planFrom(manifest, 'manifest.json')?.evaluate).toEqual(lab.plan.evaluate);
  });
});
