import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { readLabState } from '../../orchestrator/lab/lab.ts';
import { statusOf, type Status } from '../../orchestrator/lab/status.ts';
import { lendTemplate } from './template.ts';
import { makeRepo, snapshot, type RepoOptions, type TestRepo } from './repo.ts';

/**
 * A lab whose training takes milliseconds: a quadratic in its learning rate, an activation that
 * helps, one that fails, and a seed that shifts the number a little. Real git, real processes.
 */

const call = promisify(execFile);

export interface FixtureLab extends TestRepo {
  /** A home and a cache of its own, nothing of the machine's git settings. */
  readonly environment: NodeJS.ProcessEnv;
}

export const TRAIN = `
const LEARNING_RATE = 0.1;
const ACTIVATION = 'tanh'; // what a unit does
const DEPTH = 2;
const seed = Number(process.env.SEED ?? 1);
const noise = Math.sin(seed * 12.9898) * 0.002;
const rate = (Math.log10(LEARNING_RATE) + 2) ** 2 * 0.2;
const activation = { tanh: 0.3, relu: 0, gelu: 0.29 }[ACTIVATION];
if (activation === undefined) throw new Error('no activation called ' + ACTIVATION);
if (DEPTH > 3) throw new Error('shapes do not match');
console.log(JSON.stringify({ step: 1, loss: 2 }));
console.log('step 2 | loss: 1.5');
console.log('---');
console.log('val_loss: ' + (1 + rate + activation + noise));
`;

export const PLAN = `project: fixture
question: Which changes lower val_loss?
objective: { metric: val_loss, direction: minimize, min_effect: 0.01 }
workspace: { editable: [train.mjs] }
run:
  command: node train.mjs
  timeout: 20s
  seed: { env: SEED }
search_space:
  learning_rate: { file: train.mjs, match: 'const LEARNING_RATE = {value};', range: [0.001, 1], scale: log }
  activation: { file: train.mjs, match: "const ACTIVATION = '{value}';", values: [tanh, relu, gelu, swish] }
  depth: { file: train.mjs, match: 'const DEPTH = {value};', values: [1, 2, 4] }
hypotheses:
  - { title: Relu is better here, because: it is cheap, change: { activation: relu } }
budget: { experiments: 6, runs: 24, parallel: 2 }
sandbox: off
`;

/** The same of a script that is as good each time: a night of it, dawn included, is a few runs. */
export const CERTAIN = PLAN.replace('seed: { env: SEED }', 'deterministic: true').replace(
  'experiments: 6, runs: 24',
  'experiments: 2, runs: 8',
);

/** A fresh repository with a plan and a script, committed. */
export function makeLab(
  files: Readonly<Record<string, string>> = {},
  options: RepoOptions = {},
): FixtureLab {
  const repo = makeRepo({
    ...options,
    files: { 'train.mjs': TRAIN, 'research_plan.yaml': PLAN, ...files },
  });
  lendTemplate(join(repo.folder, 'cache'));
  const environment = {
    ...repo.env,
    HOME: join(repo.folder, 'home'),
    XDG_CACHE_HOME: join(repo.folder, 'cache'),
    NO_COLOR: '1',
  };
  return { ...repo, environment };
}

/** What a user would notice of their checkout, AutoLab's own places left out. */
export function checkout(lab: FixtureLab): Readonly<Record<string, string>> {
  const all = snapshot(lab);
  const own = /^(?:FINDINGS\.md|experiments\/|data\/notebook\/)/;
  const files = (all['files'] ?? '').split('\n').filter((line) => !own.test(line));
  return { ...all, files: files.join('\n') };
}

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const MAIN = new URL('../../dist/bin/autolab.js', import.meta.url).pathname;

/** The built command, as a user calls it in the lab. `npm test` builds it first. */
export async function autolab(lab: FixtureLab, ...args: string[]): Promise<Said> {
  try {
    const { stdout, stderr } = await call(process.execPath, [MAIN, ...args], {
      cwd: lab.root,
      env: lab.environment,
      maxBuffer: 1 << 26,
    });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    if (typeof code !== 'number') throw error;
    return { code, stdout, stderr };
  }
}

/** What `autolab … --json` printed. */
export async function autolabJson<Value>(lab: FixtureLab, ...args: string[]): Promise<Value> {
  const { stdout, stderr } = await autolab(lab, ...args, '--json');
  try {
    return JSON.parse(stdout) as Value;
  } catch {
    throw new Error(`expected one JSON value, found ${stdout} (${stderr})`);
  }
}

/**
 * What `autolab status --json` says, as soon as it holds. Asked in this process: the command, asked
 * again and again, would take the processor from the night that it waits for.
 */
export async function statusOnce(
  lab: FixtureLab,
  holds: (status: Status) => boolean,
): Promise<Status> {
  for (;;) {
    const { lab: opened, state } = await readLabState(lab.root);
    const status = await statusOf(opened, state);
    if (holds(status)) return status;
    await sleep(50);
  }
}
