import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { openNotebook } from '../../notebook/writer.ts';
import { clock, openLab, readLabPlan } from '../../orchestrator/lab/lab.ts';
import type { Estimate, Probe } from '../../orchestrator/lab/probe.ts';
import type { Rehearsal, Stage } from '../../orchestrator/lab/stub.ts';
import { autolab, autolabJson, checkout, makeLab, type FixtureLab } from '../support/lab.ts';

/** `autolab check` and `check --stub` as a user calls them: real git, processes, queue, DuckDB. */

const MAIN = new URL('../../dist/bin/autolab.js', import.meta.url).pathname;

const made: FixtureLab[] = [];
afterEach(() => {
  for (const lab of made.splice(0)) lab.remove();
});

// One for all: what the queue is copied from takes seconds to make.
const cache = mkdtempSync(join(tmpdir(), 'autolab-test-cache-'));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

function labWith(files: Readonly<Record<string, string>>): FixtureLab {
  const lab = makeLab(files);
  made.push(lab);
  return { ...lab, environment: { ...lab.environment, XDG_CACHE_HOME: cache } };
}

/** A script of a hundred steps, fewer where it is told so, with whatever a test adds. */
const script = (more = '', seeded = 'seed'): string => `
const LEARNING_RATE = 0.1;
const seed = Number(process.env.SEED ?? 1);
const told = process.argv.find((word) => word.startsWith('--max-steps='));
const steps = Number(told?.slice(12) ?? process.env.MAX_STEPS ?? 100);
${more}
for (let step = 1; step <= steps; step++) console.log(JSON.stringify({ step, loss: 1 / step }));
console.log('---');
console.log('done_steps: ' + steps);
console.log('val_loss: ' + (LEARNING_RATE + Math.sin(${seeded}) / 100));
`;

const plan = (run: string): string => `project: fixture
question: Which changes lower val_loss?
objective: { metric: val_loss, direction: minimize }
workspace: { editable: [train.mjs] }
run:
  command: node train.mjs
  timeout: 20s
  seed: { env: SEED }
${run}
search_space:
  learning_rate: { file: train.mjs, match: 'const LEARNING_RATE = {value};', values: [0.2] }
budget: { experiments: 6, runs: 30, parallel: 2, wall_clock: 1h }
`;

interface Checked {
  readonly ok: boolean;
  readonly probes: readonly Probe[];
  readonly estimate: Estimate;
  readonly touches: readonly string[];
  readonly stub: readonly Stage[];
}

const named = (stages: readonly Probe[], name: string) =>
  stages.find((stage) => stage.name === name);

/** Whatever of a rehearsal could be left: refs, worktrees, folders of the cache, a notebook. */
function leftovers(lab: FixtureLab): readonly string[] {
  const refs = lab.git(['for-each-ref', '--format=%(refname)']).split('\n');
  const worktrees = lab.git(['worktree', 'list', '--porcelain']).match(/^worktree .*/gm) ?? [];
  const labs = join(cache, 'autolab', 'labs');
  const folders = readdirSync(labs).flatMap((key) => readdirSync(join(labs, key)));
  return [
    ...refs.filter((ref) => ref !== 'refs/heads/main'),
    ...worktrees.slice(1),
    ...folders.filter((name) => name !== 'identities' && name !== 'packages'),
    ...['experiments', 'data/notebook'].flatMap((path) => {
      const folder = join(lab.root, path);
      return existsSync(folder) ? readdirSync(folder) : [];
    }),
    ...(existsSync(join(lab.root, 'FINDINGS.md')) ? ['FINDINGS.md'] : []),
  ];
}

/** The same without a process of its own: what check --stub calls. */
async function rehearsed(lab: FixtureLab, cut_seconds = 30): Promise<Rehearsal> {
  process.env['XDG_CACHE_HOME'] = cache;
  const { rehearse } = await import('../../orchestrator/lab/stub.ts');
  const opened = await openLab(lab.root);
  return rehearse(opened, await readLabPlan(opened), {
    ...{ signal: new AbortController().signal, onStage: () => {}, cut_seconds },
  });
}

describe('check', () => {
  test('says how long a night takes and what it may touch, beside its probes', async () => {
    const lab = labWith({ 'train.mjs': script(), 'research_plan.yaml': plan('') });
    const said = await autolabJson<Checked>(lab, 'check');
    expect(Object.keys(said)).toEqual(['ok', 'probes', 'estimate', 'touches']);
    expect(said.ok).toBe(true);
    expect(said.probes.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['plan', 'git', 'disk', 'queue', 'machine', 'program']),
    );
    expect(said.estimate).toMatchObject({
      ...{ experiments: 6, runs: 30, slots: 2, seconds_per_run: 20, measured: null },
      ...{ seconds: 300, wall_clock: 3600 },
    });
    expect(said.estimate.text).toMatch(/^at most 5 min: up to 6 experiments, 30 runs/);
    expect(said.touches.join('\n')).toContain('in train.mjs');
    const { stdout } = await autolab(lab, 'check');
    expect(stdout).toContain('A night takes at most 5 min');
    expect(stdout).toContain('It may touch');
  });
});

// Each is half a night, and the machine may be busy.
describe('check --stub', { timeout: 180_000 }, () => {
  test('sends what was proposed by hand through it all, cut short by arguments, and leaves it waiting', async () => {
    const lab = labWith({
      'train.mjs': script(),
      'research_plan.yaml': plan('  smoke: { args: "--max-steps=2" }'),
    });
    const asked: readonly (readonly [string, string])[] = [
      ['Halfway', 'learning_rate=0.5'],
      ['Bold', 'learning_rate=0.7'],
    ];
    for (const [title, change] of asked) {
      const words = [title, '--change', change, '--because', 'I think so'];
      expect((await autolab(lab, 'propose', ...words)).code).toBe(0);
    }
    const before = checkout(lab);
    const notebook = await openNotebook({ dir: join(lab.root, 'data', 'notebook'), clock });
    const held = await autolabJson<Checked>(lab, 'check', '--stub').finally(() => notebook.close());
    expect(held.stub.filter(({ result }) => result !== 'ok')).toEqual([]);
    expect(held.stub.map(({ name }) => name)).toEqual([
      ...['queue', 'change', 'worktree', 'run', 'protected files', 'metric', 'seal'],
      ...['experiment', 'seed', 'notebook', 'report'],
    ]);
    expect(held.ok).toBe(true);
    expect(named(held.stub, 'run')?.text).toBe('node train.mjs --max-steps=2');
    expect(named(held.stub, 'change')?.text).toMatch(
      /^learning_rate=0\.5 \(Halfway\) is what would be tried first/,
    );
    expect(named(held.stub, 'experiment')?.text).toMatch(/^learning_rate=0\.5 went the same way/);
    expect(named(held.stub, 'seed')?.text).toContain('it reaches the script');
    // Two steps of one metric, and the two lines of the summary, in each of four runs.
    expect(named(held.stub, 'notebook')?.text).toContain('4 runs and ');
    // A cut run says nothing of how long a whole one takes.
    expect(held.estimate.measured).toBeNull();
    expect(checkout(lab)).toEqual(before);
    const night = await autolabJson<unknown[]>(lab, 'experiments');
    expect(night).toEqual([]);
    const waiting = await autolabJson<{ title: string }[]>(lab, 'hypotheses', '--status', 'queued');
    expect(waiting.map(({ title }) => title)).toEqual(['Halfway', 'Bold']);
    const own = /^(?:journal|manifest|inbox|views|\.gitignore|README)/;
    expect(leftovers(lab).filter((name) => !own.test(name))).toEqual([]);
  });

  test.runIf(process.env['FULL'])(
    'measures a whole run where it ends within a moment, without run.smoke',
    async () => {
      const lab = labWith({ 'train.mjs': script(), 'research_plan.yaml': plan('') });
      const said = await autolabJson<Checked>(lab, 'check', '--stub');
      expect(said.ok).toBe(true);
      expect(named(said.stub, 'change')?.text).toContain('learning_rate=0.2');
      expect(named(said.stub, 'run')?.text).toContain('at full length');
      expect(said.estimate.measured).toEqual({ by: 'stub', runs: 3, older: false });
      expect(said.estimate.text).toMatch(/^about /);
      expect(leftovers(lab)).toEqual([]);
    },
  );

  test.runIf(process.env['FULL'])(
    'names what was printed where the metric was not, as a mistake of the plan, and what is only in words',
    async () => {
      const lab = labWith({
        'train.mjs': script().replace('val_loss: ', 'validation_loss: '),
        'research_plan.yaml': `${plan('  smoke: { args: "--max-steps=2" }')}worker: { command: cat }
hypotheses: [{ title: Warm up, because: noisy start, idea: a linear warm-up }]
`,
      });
      const { code, stdout } = await autolab(lab, 'check', '--stub');
      expect(code).toBe(2);
      expect(stdout).toMatch(/change: "Warm up" would be tried first; it is in words/);
      expect(stdout).toMatch(
        /✗ metric: expected the script to print val_loss, found.*validation_loss/,
      );
      expect(leftovers(lab)).toEqual([]);
    },
  );

  test.runIf(process.env['FULL'])('shows the end of what a failing setup said', async () => {
    const lab = labWith({
      'train.mjs': script(),
      'prepare.mjs': 'throw new Error("no such corpus");\n',
      'research_plan.yaml': plan('  setup: node prepare.mjs\n  smoke: { args: "--max-steps=2" }'),
    });
    const { code, stdout } = await autolab(lab, 'check', '--stub');
    expect(code).toBe(1);
    expect(stdout).toMatch(/✗ setup: .*no such corpus/);
    expect(stdout).toContain('    Error: no such corpus');
    expect(stdout).not.toContain('metric:');
    expect(leftovers(lab)).toEqual([]);
  });

  test.runIf(process.env['FULL'])(
    'cuts by a variable, and says that the seed does not reach a script that ignores it',
    async () => {
      const lab = labWith({
        'train.mjs': script('', '1'),
        'research_plan.yaml': plan('  smoke: { env: { MAX_STEPS: 3 } }'),
      });
      const { stages } = await rehearsed(lab);
      expect(stages.filter(({ result }) => result === 'bad')).toEqual([]);
      expect(named(stages, 'run')?.text).toBe('MAX_STEPS=3 node train.mjs');
      expect(named(stages, 'seed')).toMatchObject({
        result: 'odd',
        text: expect.stringContaining('the seed does not reach the script') as string,
      });
    },
  );

  test.runIf(process.env['FULL'])('finds a protected file that the script writes to', async () => {
    const lab = labWith({
      'train.mjs': `import { writeFileSync } from 'node:fs';\n${script("writeFileSync('notes.txt', 'x');")}`,
      'notes.txt': 'mine\n',
      'research_plan.yaml': plan('  smoke: { args: "--max-steps=2" }'),
    });
    const { stages } = await rehearsed(lab);
    expect(stages.filter(({ result }) => result === 'bad').map(({ name }) => name)).toEqual([
      'protected files',
    ]);
    expect(named(stages, 'protected files')?.text).toMatch(/^invalid: .*notes\.txt/);
    expect(leftovers(lab)).toEqual([]);
  });

  test.runIf(process.env['FULL'])(
    'ends a long run after a moment where run.smoke is not set, and says so',
    async () => {
      const lab = labWith({
        'train.mjs': script(
          'console.log("loss: 3"); await new Promise((r) => setTimeout(r, 60_000));',
        ),
        'research_plan.yaml': plan(''),
      });
      const said = await rehearsed(lab, 1);
      expect(said.stages.filter(({ result }) => result === 'bad')).toEqual([]);
      expect(named(said.stages, 'run')?.text).toContain('Ended by us after 1 s; with run.smoke,');
      expect(named(said.stages, 'metric')).toMatchObject({
        result: 'odd',
        text: expect.stringContaining('found these metrics: loss') as string,
      });
      expect(named(said.stages, 'protected files')?.result).toBe('ok');
      expect(named(said.stages, 'seed')?.result).toBe('odd');
      expect(said.full_seconds).toEqual([]);
      expect(said.metric_missing).toBe(false);
    },
  );

  test.runIf(process.env['FULL'])(
    'cleans up at Ctrl-C, and after one that was killed',
    async () => {
      const lab = labWith({
        'train.mjs': script('await new Promise((r) => setTimeout(r, 60_000));'),
        'research_plan.yaml': plan('  smoke: { args: "--max-steps=2" }'),
      });
      expect(await stubThat(lab, 'SIGKILL')).toBe('SIGKILL');
      expect(leftovers(lab).join('\n')).toMatch(/autolab\/check-.*\n.*check-/s);
      expect(await stubThat(lab, 'SIGINT')).toBe(130);
      expect(leftovers(lab).filter((name) => name !== '.gitignore')).toEqual([]);
    },
  );
});

/** Calls check --stub, and sends it a signal when its worktree stands. How it ended. */
function stubThat(lab: FixtureLab, signal: NodeJS.Signals): Promise<number | string | null> {
  const child = spawn(process.execPath, [MAIN, 'check', '--stub'], {
    ...{ cwd: lab.root, env: lab.environment, stdio: ['ignore', 'pipe', 'inherit'] },
  });
  let said = '';
  const standing = (): boolean => lab.git(['worktree', 'list']).split('\n').length > 1;
  child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const timer = setInterval(() => {
    if (said.includes('change:') && standing()) child.kill(signal);
  }, 200);
  child.once('exit', () => clearInterval(timer));
  return new Promise((resolve) => child.once('exit', (code, by) => resolve(by ?? code)));
}
