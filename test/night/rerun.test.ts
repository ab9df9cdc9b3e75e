import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLabState } from '../../orchestrator/lab/lab.ts';
import { targetOf } from '../../orchestrator/lab/rerun/target.ts';
import { manifestSchema, type Manifest } from '../../workers/manifest.ts';
import { autolab, autolabJson, makeLab, type FixtureLab } from '../support/lab.ts';

/** Its number depends on a linked file, on what setup made and on the seed; one activation draws lots. */
const TRAIN = `
import { existsSync, readdirSync, readFileSync } from 'node:fs';
const ACTIVATION = 'tanh';
const DEPTH = 2;
if (DEPTH > 3) throw new Error('shapes do not match');
const seed = Number(process.env.SEED);
const size = readFileSync('corpus/text.txt', 'utf8').length + readFileSync('prepared.txt', 'utf8').length;
const chance = ACTIVATION === 'gelu' ? Math.random() : 0;
console.log('accuracy: ' + 1 / (1 + seed));
if (existsSync('corpus/wait')) {
  console.log('waiting');
  await new Promise((resolve) => setTimeout(resolve, 100_000));
}
console.log('val_loss: ' + (size + Math.sin(seed) * 0.001 - { tanh: 0, relu: 1, gelu: 1 }[ACTIVATION] + chance * 0.01));
`;

const ODD = process.env['FULL']
  ? '  - { title: Deep, change: { depth: 4 } }\n  - { title: Gelu, change: { activation: gelu } }\n'
  : '';
const PLAN = `project: fixture
question: Which changes lower val_loss?
objective: { metric: val_loss, direction: minimize, min_effect: 0.01 }
workspace: { editable: [train.mjs], link: [corpus, node_modules] }
run:
  setup: node prepare.mjs
  command: node train.mjs
  timeout: 200s
  seed: { env: SEED }
  env_from: [MY_TOKEN]
search_space:
  activation: { file: train.mjs, match: "const ACTIVATION = '{value}';", values: [tanh, relu, gelu] }
  depth: { file: train.mjs, match: 'const DEPTH = {value};', values: [2, 4] }
hypotheses:
${ODD}  - { title: Relu, change: { activation: relu } }
budget: { ${process.env['FULL'] ? 'experiments: 3, runs: 10' : 'experiments: 1, runs: 5'}, parallel: 2 }
`;

interface Page {
  readonly run: string;
  readonly objective: { readonly was: number | null; readonly now: number | null };
  readonly same: boolean | null;
  readonly failure: {
    readonly was: { class: string } | null;
    readonly now: { class: string } | null;
  };
  readonly metrics: readonly unknown[];
  readonly differences: readonly { what: string; was: string | null; now: string | null }[];
  readonly missing: readonly { kind: string; message: string; needed: boolean }[];
  readonly folder: string | null;
  readonly recorded: boolean;
}

const lock = (version: string): string =>
  JSON.stringify({ packages: { 'node_modules/left-pad': { version } } });

const plain = makeLab({
  'train.mjs': TRAIN,
  'research_plan.yaml': PLAN,
  'prepare.mjs': `import { writeFileSync } from 'node:fs';\nwriteFileSync('prepared.txt', 'four');\n`,
  '.gitignore': 'corpus\nnode_modules\nprepared.txt\n',
});
const lab: FixtureLab = {
  ...plain,
  environment: { ...plain.environment, MY_TOKEN: 'a secret' },
};
afterAll(() => plain.remove());

const attempt = (run: string): string => {
  const [experiment = '', n = ''] = run.split('.');
  return join(lab.root, 'experiments', experiment, 'runs', n, 'attempts', '1');
};
const manifestOf = (run: string): Manifest =>
  manifestSchema.parse(JSON.parse(readFileSync(join(attempt(run), 'manifest.json'), 'utf8')));
async function again(where: FixtureLab, what: string): Promise<Page & { readonly code: number }> {
  const { code, stdout } = await autolab(where, 'rerun', what, '--json');
  return { ...(JSON.parse(stdout) as Page), code };
}

/** The run of the experiment that the hypothesis became. */
const runs = new Map<string, string>();
const runOf = (title: string): string => runs.get(title) ?? 'none';

beforeAll(async () => {
  lab.write({ 'corpus/text.txt': 'abc', 'node_modules/.package-lock.json': lock('1.0.0') });
  const launched = await autolab(lab, 'launch');
  if (launched.code !== 0) throw new Error(launched.stderr);
  for (const { experiment, id, name } of await autolabJson<
    { experiment: string; id: string; name: string }[]
  >(lab, 'runs'))
    for (const title of ['baseline', 'Relu', 'Gelu', 'Deep'])
      if (name.startsWith(title) && id === `${experiment}.1`) runs.set(title, id);
}, 240_000);

describe('rerun RUN', () => {
  test('of a deterministic script is the same number, beside the run and without a trace in git', async () => {
    const files = ['manifest.json', 'result.json', 'run.log', 'metrics.parquet'].map((name) =>
      join(attempt('E-0000.1'), name),
    );
    const before = files.map((file) => readFileSync(file, 'base64'));
    const { code, stdout } = await autolab(lab, 'rerun', 'E-0000.1');
    expect(code, stdout).toBe(0);
    expect(stdout).toContain(`the same number: val_loss ${7 + Math.sin(1) * 0.001}`);
    expect(stdout).toContain('1 other number of the summary compared: the same');
    expect(stdout).toContain('nothing that is recorded of its environment differs');
    expect(files.map((file) => readFileSync(file, 'base64'))).toEqual(before);
    expect(lab.git(['status', '--porcelain'])).toBe('');
    expect(lab.git(['worktree', 'list']).split('\n')).toHaveLength(3);

    const { reruns } = await autolabJson<{ reruns: readonly Record<string, unknown>[] }>(
      lab,
      'show',
      'E-0000',
    );
    expect(reruns).toMatchObject([{ run: 'E-0000.1', same: true, differences: [] }]);
    expect(existsSync(join(lab.root, String(reruns[0]?.['folder']), 'result.json'))).toBe(true);
    expect((await autolab(lab, 'show', 'E-0000.1')).stdout).toMatch(
      /rerun +E-0000\.1: the same number, 7\.001/,
    );
  });

  test.runIf(process.env['FULL'])(
    'says of a script that draws lots that it is not deterministic under its seed',
    async () => {
      const { code, stdout } = await autolab(lab, 'rerun', runOf('Gelu'));
      expect(code, stdout).toBe(1);
      expect(stdout).toContain('a different number: val_loss');
      expect(stdout).toContain('not deterministic under this seed (run.seed SEED, seed 1)');
      expect(stdout).toContain('1 other number of the summary compared: the same');
      expect(stdout).toContain('nothing that is recorded of its environment differs');
    },
  );

  test.runIf(process.env['FULL'])(
    'of a failed run says whether it fails the same way',
    async () => {
      expect(await again(lab, runOf('Deep'))).toMatchObject({
        ...{ code: 0, same: true, objective: { was: null, now: null } },
        failure: { was: { class: 'idea' }, now: { class: 'idea' } },
      });
    },
  );

  test.runIf(process.env['FULL'])(
    'names what differs in the environment, then and now',
    async () => {
      lab.write({ 'corpus/text.txt': 'abcdef', 'node_modules/.package-lock.json': lock('2.0.0') });
      const shift = Math.sin(2) * 0.001;
      const without = { ...lab, environment: { ...lab.environment, MY_TOKEN: undefined } };
      const page = await again(without, 'E-0000.2');
      lab.write({ 'corpus/text.txt': 'abc', 'node_modules/.package-lock.json': lock('1.0.0') });
      expect(page).toMatchObject({ same: false, missing: [{ kind: 'variable', needed: false }] });
      expect(page.differences).toEqual([
        { what: 'variable MY_TOKEN', was: 'set', now: null },
        expect.objectContaining({ what: 'linked corpus', was: expect.stringMatching(/3 bytes/) }),
        expect.objectContaining({ what: 'linked node_modules' }),
        { what: 'package left-pad', was: '1.0.0', now: '2.0.0' },
      ]);
      expect(page).toMatchObject({ code: 1, objective: { was: 7 + shift, now: 10 + shift } });
    },
  );

  test('refuses what cannot be run again, with exit code 2', async () => {
    const { lab: opened, state } = await openLabState(lab.root);
    for (const [what, answer] of [
      ['E-0099.1', 'which its notebook has not'],
      ['E-0000', 'an experiment with E-0000.1, E-0000.2'],
      ['node_modules/.package-lock.json', "expected a run's manifest.json"],
    ] as const)
      await expect(targetOf(opened, state, what, lab.root), what).rejects.toMatchObject({
        exit: 2,
        message: expect.stringContaining(answer),
      });
  });

  /** A rerun that waits in its script: the process, and its log, from the lab's top. */
  async function waiting(): Promise<{ readonly child: ChildProcess; readonly log: string }> {
    lab.write({ 'corpus/wait': '' });
    const main = new URL('../../dist/bin/autolab.js', import.meta.url).pathname;
    const child = spawn(process.execPath, [main, 'rerun', 'E-0000.3'], {
      ...{ cwd: lab.root, env: lab.environment, stdio: ['ignore', 'pipe', 'inherit'] },
    });
    let log = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      log ||= /its output: (\S+)/.exec(chunk.toString())?.[1] ?? '';
    });
    await expect
      .poll(() => log !== '' && readFileSync(join(lab.root, log), 'utf8'), { timeout: 30_000 })
      .toContain('waiting');
    return { child, log };
  }

  test.runIf(process.env['FULL'])(
    'stopped with Ctrl-C leaves neither worktree nor process nor record',
    async () => {
      const { child, log } = await waiting();
      child.kill('SIGINT');
      const [code] = (await once(child, 'exit')) as [number];
      lab.write({ 'corpus/wait': null });
      expect(code).toBe(130);
      expect(lab.git(['worktree', 'list']).split('\n')).toHaveLength(3);
      expect(existsSync(join(lab.root, log))).toBe(false);
      const { reruns } = await autolabJson<{ reruns: unknown[] }>(lab, 'show', 'E-0000.3');
      expect(reruns).toEqual([]);
    },
  );

  test.runIf(process.env['FULL'])(
    'killed leaves a worktree and a folder, which gc removes, and not while it goes on',
    async () => {
      const { child, log } = await waiting();
      const rerunsOf = async (...options: string[]): Promise<readonly string[]> => {
        const { found } = await autolabJson<{ found: { kind: string; what: string }[] }>(
          ...[lab, 'gc', ...options],
        );
        const slot = new RegExp(`/slot-${1000 + (child.pid ?? 0)}$`);
        return found
          .filter(({ kind, what }) => kind === 'rerun' || slot.test(what))
          .map(({ kind }) => kind);
      };
      expect(await rerunsOf('--dry-run')).toEqual([]);
      const over = once(child, 'exit');
      child.kill('SIGKILL');
      await over;
      lab.write({ 'corpus/wait': null });
      expect(await rerunsOf()).toEqual(['worktree', 'rerun']);
      expect(existsSync(join(lab.root, log))).toBe(false);
      expect(await again(lab, 'E-0000.3')).toMatchObject({ same: true });
      expect(await rerunsOf()).toEqual([]);
    },
  );
});

describe('rerun manifest.json in another clone', () => {
  /** A clone, and a folder beside it to which one manifest came over. */
  function clone(name: string, ...options: string[]) {
    const root = join(lab.folder, name);
    lab.git(['clone', '--quiet', ...options, `file://${lab.root}`, root], lab.folder);
    const manifest = join(lab.folder, `${name}.json`);
    cpSync(join(attempt(runOf('Relu')), 'manifest.json'), manifest);
    return { there: { ...lab, root }, manifest };
  }
  const bringData = (there: FixtureLab) => {
    for (const path of ['corpus', 'node_modules'])
      cpSync(join(lab.root, path), join(there.root, path), { recursive: true });
  };

  test('names the links that are not there, and is the same number once they are', async () => {
    const { there, manifest } = clone('all');
    const page = await again(there, manifest);
    expect(page).toMatchObject({ code: 2, same: null, folder: null });
    expect(page.missing).toMatchObject([
      { kind: 'link', needed: true, message: expect.stringMatching(/It held 1 file, 3 bytes/) },
      { kind: 'link', needed: true, name: 'node_modules' },
    ]);

    bringData(there);
    expect(await again(there, manifest)).toMatchObject({
      ...{ run: runOf('Relu'), same: true, metrics: [], missing: [], differences: [] },
      recorded: false,
    });
    expect(existsSync(join(there.root, 'data'))).toBe(false);
    expect(lab.git(['status', '--porcelain'], there.root)).toBe('');
    expect(lab.git(['worktree', 'list'], there.root).split('\n')).toHaveLength(1);
  });

  test.runIf(process.env['FULL'])('says how to fetch a commit that is not there', async () => {
    const { there, manifest } = clone('main-only', '--single-branch', '--branch', 'main');
    bringData(there);
    const { experiment, commit } = manifestOf(runOf('Relu'));
    const { code, stderr } = await autolab(there, 'rerun', manifest);
    expect(code).toBe(2);
    expect(stderr).toContain(`commit ${commit.slice(0, 10)}`);
    expect(stderr).toContain(`git fetch CLONE autolab/${experiment}`);
    lab.git(['fetch', '--quiet', lab.root, `autolab/${experiment}`], there.root);
    expect(await again(there, manifest)).toMatchObject({ same: true, differences: [] });
  });

  test.runIf(process.env['FULL'])(
    'takes manifests of an older AutoLab, which held neither plan nor outcome',
    async () => {
      const { there, manifest } = clone('old');
      bringData(there);
      const { plan: _, outcome: __, ...old } = manifestOf(runOf('Relu'));
      writeFileSync(manifest, JSON.stringify(old));
      const alone = await autolab(there, 'rerun', manifest);
      expect(alone.code).toBe(2);
      expect(alone.stderr).toContain('result.json');
      cpSync(join(attempt(runOf('Relu')), 'result.json'), join(lab.folder, 'result.json'));
      expect(await again(there, manifest)).toMatchObject({ same: true, differences: [] });
    },
  );

  test.runIf(process.env['FULL'])(
    'of a run that this lab knows is recorded like any rerun of it',
    async () => {
      const path = join(attempt('E-0000.2'), 'manifest.json');
      expect(await again(lab, path)).toMatchObject({ run: 'E-0000.2', same: true, recorded: true });
      expect(readdirSync(join(lab.root, 'experiments', 'E-0000', 'reruns')).length).toBeGreaterThan(
        1,
      );
    },
  );
});
