import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { LabError } from '../../../orchestrator/domain/errors.ts';
import { planSchema, type Plan } from '../../../orchestrator/domain/plan.ts';
import type {
  Clock,
  Executor,
  Hands,
  Repository,
  RunOrder,
} from '../../../orchestrator/domain/ports.ts';
import type { Failure, RunResult } from '../../../orchestrator/domain/run.ts';
import { openRepository } from '../../../orchestrator/git.ts';
import { openLocalExecutor, type LocalExecutorDeps } from '../../../workers/local.ts';

/** A lab in a temporary folder: a real repository, a real executor, removed after the test. */
export interface TestLab {
  readonly root: string;
  readonly cacheDir: string;
  readonly experimentsDir: string;
  readonly repository: Repository;
  readonly base: string;
  readonly plan: Plan;
  readonly executor: Executor;
  order(changes?: Partial<RunOrder>): RunOrder;
  /** Commits a change of files on base, as an experiment would. */
  change(files: Readonly<Record<string, string>>): Promise<string>;
  /** Text of a file in an attempt's folder. */
  read(name: string, changes?: Partial<RunOrder>): Promise<string>;
  folder(changes?: Partial<RunOrder>): string;
}

const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  asleep: () => 0,
};

export interface LabOptions {
  readonly files: Readonly<Record<string, string>>;
  /** Untracked files of the user's checkout. */
  readonly untracked?: Readonly<Record<string, string>>;
  readonly run?: Record<string, unknown>;
  readonly workspace?: Record<string, unknown>;
  readonly objective?: Record<string, unknown>;
  readonly plan?: Record<string, unknown>;
  readonly deps?: Partial<LocalExecutorDeps>;
  /** Who takes it away again. Default: the end of the test. */
  readonly onFinished?: (remove: () => Promise<void>) => void;
}

export async function createLab(options: LabOptions): Promise<TestLab> {
  const top = await realpath(await mkdtemp(join(tmpdir(), 'autolab-workers-')));
  const onFinished = options.onFinished ?? onTestFinished;
  onFinished(() => rm(top, { recursive: true, force: true, maxRetries: 5 }));
  const root = join(top, 'lab');
  const cacheDir = join(top, 'cache');
  const experimentsDir = join(root, 'experiments');
  await mkdir(cacheDir, { recursive: true });
  await put(root, options.files);
  git(root, 'init', '--quiet', '--initial-branch=main');
  git(root, 'add', '--all');
  git(root, 'commit', '--quiet', '-m', 'start');
  await put(root, options.untracked ?? {});
  const repository = await openRepository(root);
  const base = git(root, 'rev-parse', 'HEAD').trim();
  const plan = planSchema.parse({
    project: 'test',
    question: 'Does it work?',
    objective: { metric: 'loss', direction: 'minimize', ...options.objective },
    workspace: { editable: ['train.mjs'], ...options.workspace },
    run: { command: 'node train.mjs', timeout: '60s', ...options.run },
    // Scripts of most tests tell them what they do through files elsewhere.
    sandbox: 'off',
    ...options.plan,
  });
  const executor = openLocalExecutor({
    root,
    cacheDir,
    experimentsDir,
    repository,
    clock: realClock,
    version: '0.0.0-test',
    rewriteKnob: swap,
    rewriteRun: (planText, knob, literal) => ({
      text: planText.replace(/command: .*/, `command: node train.mjs ${knob.arg} ${literal}`),
      command: { command: `node train.mjs ${knob.arg} ${literal}`, env: {} },
    }),
    readSettings: async () => null,
    ...options.deps,
  });
  const order = (changes: Partial<RunOrder> = {}): RunOrder => ({
    run: 'E-0007.2',
    attempt: 1,
    seed: 1,
    slot: 1,
    commit: base,
    base,
    command: { command: plan.run.command, env: plan.run.env },
    plan,
    knobs: {},
    gpus: null,
    ...changes,
  });
  let branches = 0;
  const folder = (changes: Partial<RunOrder> = {}): string => {
    const { run, attempt } = order(changes);
    const [experiment = '', n = ''] = run.split('.');
    return join(experimentsDir, experiment, 'runs', n, 'attempts', String(attempt));
  };
  return {
    root,
    cacheDir,
    experimentsDir,
    repository,
    base,
    plan,
    executor,
    order,
    folder,
    change: (files) =>
      repository.commit({
        branch: `autolab/E-${String(++branches).padStart(4, '0')}`,
        parent: base,
        message: 'a change',
        change: { kind: 'files', files: new Map(Object.entries(files)) },
      }),
    read: (name, changes) => readFile(join(folder(changes), name), 'utf8'),
  };
}

/** Carries an attempt through all steps, as the Worker does. */
export async function carryOut(
  lab: TestLab,
  changes: Partial<RunOrder> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<RunResult> {
  const hands: Hands = lab.executor.open(lab.order(changes), signal);
  let failure: Failure | null =
    (await hands.checkOut()) ?? (await hands.setUp()) ?? (await hands.train());
  const offence = await hands.verify();
  failure ??= offence;
  const unmeasured = await hands.measure();
  return hands.seal(failure ?? unmeasured);
}

/** A training script: lines of Node. */
export const script = (...lines: string[]): Record<string, string> => ({
  'train.mjs': lines.join('\n'),
});

export const git = (cwd: string, ...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });

export async function put(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(root, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

/** The simplest rule that turns a knob: `{value}` stands for the rest of the line. */
function swap(
  text: string,
  file: string,
  knob: { match?: string | undefined },
  literal: string,
): string {
  const [before = ''] = (knob.match ?? '').split('{value}');
  const lines = text.split('\n');
  const at = lines.findIndex((line) => line.startsWith(before));
  if (at < 0) throw new LabError('plan', `expected ${knob.match}`, file);
  lines[at] = (knob.match ?? '').replace('{value}', literal);
  return lines.join('\n');
}
