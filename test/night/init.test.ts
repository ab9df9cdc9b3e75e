import { execFileSync } from 'node:child_process';
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { initLab } from '../../orchestrator/lab/init/init.ts';
import type { InitOptions } from '../../orchestrator/lab/init/notes.ts';
import { openLab, readLabPlan } from '../../orchestrator/lab/lab.ts';
import { parse } from 'yaml';
import { autolab, autolabJson, TRAIN, type FixtureLab } from '../support/lab.ts';
import { makeRepo, snapshot } from '../support/repo.ts';
import * as scripts from '../orchestrator/init/scripts.ts';

/** `autolab init` in repositories of a user's own that hold no plan. */

const made: FixtureLab[] = [];
afterEach(() => {
  for (const lab of made.splice(0)) lab.remove();
});

function repository(files: Readonly<Record<string, string>>): FixtureLab {
  const repo = makeRepo({ files });
  const own = { HOME: join(repo.folder, 'home'), XDG_CACHE_HOME: join(repo.folder, 'cache') };
  const lab = { ...repo, environment: { ...repo.env, ...own, NO_COLOR: '1' } };
  made.push(lab);
  return lab;
}

interface Written {
  readonly objective: { metric: string; direction: string };
  readonly workspace: { editable: string[]; link?: string[]; directory?: string };
  readonly run: { command: string; timeout: string; seed?: Record<string, string> };
  readonly search_space: Record<string, Record<string, unknown>>;
}

/** What init looks at and says, in this process: the command itself where that is what is tried. */
async function looked(lab: FixtureLab, options: Partial<InitOptions> = {}): Promise<string> {
  const { found, guessed } = await initLab(lab.root, { asker: null, ...options });
  return [...found, ...guessed.map((sentence) => `guessed ${sentence}`)].join('\n');
}

/** `autolab init`, as a user calls it. */
async function called(lab: FixtureLab, ...args: string[]): Promise<string> {
  const init = await autolab(lab, 'init', ...args);
  expect(init).toMatchObject({ code: 0, stderr: '' });
  return init.stdout;
}

/** Expects that nothing but the plan comes to be, and that check accepts it. */
async function written(
  lab: FixtureLab,
  init: (lab: FixtureLab) => Promise<string> = looked,
): Promise<Written & { said: string }> {
  const before = snapshot(lab);
  const said = await init(lab);
  const text = lab.read('research_plan.yaml');
  expect(lab.git(['status', '--porcelain'])).toBe('?? research_plan.yaml');
  lab.write({ 'research_plan.yaml': null });
  expect(snapshot(lab)).toEqual(before);
  lab.commit('plan the nights', { 'research_plan.yaml': text });
  // As check does; the command itself is called where a plan is first written.
  await readLabPlan(await openLab(lab.root));
  return { ...(parse(text) as Written), said };
}

describe('init in a repository of one’s own', () => {
  test('turns the globals of a script in the manner of nanoGPT into knobs', async () => {
    const lab = repository({
      'train.py': scripts.NANO_GPT,
      'model.py': 'import torch\n',
      'data/shakespeare/prepare.py': 'print(1)\n',
      '.gitignore': '*.bin\nout\n',
    });
    lab.write({ 'data/shakespeare/train.bin': '1', 'out/ckpt.bin': '1' });
    const plan = await written(lab);
    expect(plan.objective).toEqual({ metric: 'val loss', direction: 'minimize' });
    expect(plan.run).toMatchObject({
      command: 'python3 train.py',
      seed: { file: 'train.py', match: 'torch.manual_seed({value} + seed_offset)' },
    });
    expect(plan.workspace).toEqual({
      editable: ['train.py'],
      link: ['data/shakespeare/train.bin'],
    });
    expect(plan.search_space['learning_rate']).toEqual({
      file: 'train.py',
      match: 'learning_rate = {value}',
      range: [6e-5, 6e-3],
      scale: 'log',
    });
    expect(Object.keys(plan.search_space)).toEqual(
      expect.arrayContaining(['n_embd', 'n_layer', 'batch_size', 'dropout', 'weight_decay']),
    );
    for (const never of ['out_dir', 'eval_interval', 'max_iters', 'device', 'dataset', 'lr'])
      expect(plan.search_space).not.toHaveProperty(never);
    expect(Object.keys(plan.search_space).length).toBeLessThanOrEqual(12);
  });

  test('turns the options of argparse into arguments, and says to commit the plan first', async () => {
    const lab = repository({ 'main.py': scripts.ARGPARSE });
    const plan = await written(lab, called);
    const check = await autolab(lab, 'check');
    expect(check).toMatchObject({ code: 0, stderr: '' });
    expect(check.stdout).not.toContain('✗');
    expect(plan.run.seed).toEqual({ arg: '--seed={value}' });
    expect(plan.search_space['lr']).toEqual({
      arg: '--lr={value}',
      default: 1,
      range: [0.1, 10],
      scale: 'log',
    });
    expect(plan.search_space['optimizer']).toMatchObject({ values: ['adamw', 'sgd'] });
    expect(plan.search_space).not.toHaveProperty('epochs');
    expect(plan.search_space).not.toHaveProperty('data');
    expect(plan.objective).toEqual({ metric: 'test_loss', direction: 'minimize' });
    expect(plan.said).toContain('# first: arg and env knobs are edits of it');
  });

  test('finds arguments of a Hugging Face trainer, its hard-coded seed, and the environment', async () => {
    const lab = repository({
      'src/finetune.py': scripts.HF,
      '.gitignore': '.venv\ndata\nresults\n',
    });
    lab.write({
      '.venv/bin/python': '',
      'data/texts.csv': '1',
      'data/notebook/README.md': 'of ours',
      'results/model.bin': '1',
    });
    const plan = await written(lab);
    expect(plan.run.command).toBe('.venv/bin/python src/finetune.py');
    expect(plan.workspace.link).toEqual(['.venv', 'data/texts.csv']);
    expect(plan.run.seed).toEqual({ file: 'src/finetune.py', match: 'set_seed({value})' });
    expect(plan.objective).toEqual({ metric: 'eval_accuracy', direction: 'maximize' });
    expect(plan.search_space).toHaveProperty('per_device_train_batch_size');
    expect(plan.said).toContain('guessed the metric: eval_accuracy, and not eval_loss');
  });

  test('turns keys of the configuration file that the script loads', async () => {
    const lab = repository({
      'train.py': scripts.YAML_SCRIPT,
      'configs/base.yaml': scripts.YAML_CONFIG,
      '.gitignore': 'data/corpus\n',
    });
    lab.write({ 'data/corpus/a.txt': 'text' });
    const plan = await written(lab);
    expect(plan.workspace).toEqual({
      editable: ['train.py', 'configs/base.yaml'],
      link: ['data/corpus'],
    });
    expect(plan.run.seed).toEqual({ file: 'configs/base.yaml', match: 'seed: {value}' });
    expect(plan.search_space['lr']).toMatchObject({ path: 'train.lr', range: [1e-4, 1e-2] });
    expect(plan.search_space['activation']).toMatchObject({ path: 'model.activation' });
    expect(plan.search_space).not.toHaveProperty('steps');
  });

  test('reads typed fields, variables with a default and a summary below a rule', async () => {
    const plan = await written(repository({ 'train_gpt.py': scripts.DATACLASS }));
    expect(plan.objective).toEqual({ metric: 'val_bpb', direction: 'minimize' });
    expect(plan.run.seed).toEqual({ env: 'SEED' });
    expect(plan.search_space['momentum']).toMatchObject({ env: 'MOMENTUM', default: 0.95 });
    expect(plan.search_space['use_bias']).toMatchObject({ values: [true, false] });
    expect(plan.search_space['learning_rate']).toMatchObject({
      match: 'learning_rate: float = {value}',
    });
  });

  test('says of several hard-coded seeds that one line cannot set them all', async () => {
    const plan = await written(repository({ 'fit.py': scripts.SKLEARN }));
    expect(plan.objective).toEqual({ metric: 'accuracy', direction: 'maximize' });
    expect(plan.run.seed).toHaveProperty('match');
    expect(plan.said).toMatch(/2 more set a seed/);
    expect(plan.search_space).toHaveProperty('n_estimators');
  });

  test('writes a plan without knobs, seed and a sure metric where the script shows none, and says so', async () => {
    const plan = await written(repository({ 'train.py': scripts.NOTHING }));
    expect(plan.search_space).toEqual({});
    expect(plan.run).not.toHaveProperty('seed');
    expect(plan.said).toContain('nothing was seen to print it');
    expect(plan.said).toContain('no verdict goes beyond inconclusive');
  });

  test('runs a JavaScript script for a moment under --try, in a copy, and takes what it prints', async () => {
    const script = `${TRAIN}\nimport { writeFileSync } from 'node:fs';\nwriteFileSync('left.txt', '');\nconsole.log('val_' + 'surprise: 3');\n`;
    const lab = repository({ 'train.mjs': script });
    const plan = await written(lab, () => called(lab, '--try', '--metric', 'val_surprise'));
    expect(plan.said).toContain('judged by val_surprise, which the trial run printed');
    expect(plan.said).toContain('guessed the direction: less val_surprise is better');
    expect(plan.run).toMatchObject({
      command: 'node train.mjs',
      timeout: '30s',
      seed: { env: 'SEED' },
    });
    expect(plan.search_space['activation']).toMatchObject({ values: ['tanh', 'relu', 'gelu'] });
    expect(lab.git(['worktree', 'list']).split('\n')).toHaveLength(1);
  });

  test.runIf(process.env['FULL'])(
    'says what became of a trial run that fails, and writes the plan all the same',
    async () => {
      const lab = repository({ 'train.mjs': `${TRAIN}\nthrow new Error('no data here');\n` });
      const plan = await written(lab, () => called(lab, '--try'));
      expect(plan.said).toMatch(/the trial run failed \(it ended with 1/);
      expect(plan.objective.metric).toBe('val_loss');
    },
  );

  test('takes script, metric and direction from its flags, and runs in the folder it is given', async () => {
    const lab = repository({
      'a/train.py': scripts.NANO_GPT,
      'b/learn.py': 'lr = 0.1\nprint(f"wins: {w}")\n',
    });
    const flags = ['--script', 'learn.py', '--metric', 'wins', '--direction', 'maximize', '--yes'];
    const plan = await written(lab, () => called(lab, 'b', ...flags));
    expect(plan.objective).toEqual({ metric: 'wins', direction: 'maximize' });
    expect(plan.workspace).toEqual({ directory: 'b', editable: ['learn.py'] });
    expect(plan.run.command).toBe('python3 learn.py');
  });

  test('runs a script that cannot do without a rank under torchrun', async () => {
    const lab = repository({
      'train.py': `import os\nimport torch\nrank = int(os.environ['RANK'])\nprint(f"val_loss:{v:.4f}")\n`,
      '.gitignore': '.venv\n',
    });
    lab.write({ '.venv/bin/python': '' });
    const plan = await written(lab);
    expect(plan.run.command).toBe('.venv/bin/torchrun --standalone --nproc_per_node=1 train.py');
  });

  test('leaves a plan that is there as it is', async () => {
    const lab = repository({ 'train.py': scripts.NANO_GPT });
    lab.write({ 'research_plan.yaml': 'years: of work\n' });
    await expect(looked(lab)).rejects.toMatchObject({
      exit: 1,
      message: expect.stringContaining('stays as it is'),
    });
    expect(lab.read('research_plan.yaml')).toBe('years: of work\n');
  });

  test('says what to do without a repository, a commit, or a script', async () => {
    const lab = repository({ 'notes.md': 'nothing to train\n' });
    const bare = join(lab.folder, 'bare');
    mkdirSync(bare);
    const refused = (exit: number, words: string) => ({
      exit,
      message: expect.stringContaining(words) as string,
    });
    await expect(looked({ ...lab, root: bare })).rejects.toMatchObject(refused(1, 'git init'));
    execFileSync('git', ['init', '--quiet'], { cwd: bare, env: lab.env });
    writeFileSync(join(bare, 'train.py'), scripts.NANO_GPT);
    await expect(looked({ ...lab, root: bare })).rejects.toMatchObject(
      refused(1, 'git add -A && git commit'),
    );
    await expect(looked(lab)).rejects.toMatchObject(refused(1, '--script'));
    expect(await autolab(lab, 'init', '--script', 'gone.py')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('gone.py') as string,
    });
  });

  test('puts the logger beside the script where it is asked to, with a plan or to one', async () => {
    const lab = repository({ 'src/train.py': scripts.DATACLASS });
    const init = await autolab(lab, 'init', '--python-logger');
    expect(init).toMatchObject({ code: 0, stderr: '' });
    expect(init.stdout).toContain('git add src/autolab.py');
    expect(lab.git(['status', '--porcelain', '-uall'])).toBe(
      '?? research_plan.yaml\n?? src/autolab.py',
    );
    const plan = lab.read('research_plan.yaml');
    const again = await autolab(lab, 'init', '--python-logger');
    expect(again).toEqual({ code: 0, stdout: 'src/autolab.py is there already.\n', stderr: '' });
    expect(lab.read('research_plan.yaml')).toBe(plan);
  });

  test('names the schema of this installation first, so that an editor finds it', async () => {
    const lab = repository({ 'train.py': scripts.DATACLASS });
    await written(lab);
    const schema = realpathSync(
      new URL('../../schemas/research_plan.schema.json', import.meta.url),
    );
    const [first] = lab.read('research_plan.yaml').split('\n');
    expect(first).toBe(`# yaml-language-server: $schema=file://${schema}`);
  });
});

const python = (() => {
  try {
    execFileSync('python3', ['-c', '1']);
    return true;
  } catch {
    return false;
  }
})();

test.runIf(process.env['FULL'] && python)(
  'a night runs on what init wrote for a Python script, the plan untouched by hand',
  async () => {
    const lab = repository({ 'train.py': scripts.PLAIN_PYTHON });
    const plan = await written(lab, () => called(lab, '--try'));
    expect(plan.objective).toEqual({ metric: 'val_mse', direction: 'minimize' });
    expect(plan.run.seed).toEqual({ file: 'train.py', match: 'random.seed({value})' });
    const launch = await autolab(lab, 'launch', '--experiments', '1', '--parallel', '2');
    expect(launch).toMatchObject({ code: 0 });
    const runs = await autolabJson<readonly { status: string; objective: number | null }[]>(
      lab,
      'runs',
    );
    expect(runs.length).toBeGreaterThanOrEqual(4);
    expect(runs.every(({ status, objective }) => status === 'finished' && objective !== null)).toBe(
      true,
    );
  },
  180_000,
);
