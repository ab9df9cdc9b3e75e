import { access, constants } from 'node:fs/promises';
import { basename, delimiter, dirname, isAbsolute, join } from 'node:path';
import { execa } from 'execa';
import { z } from 'zod';
import { wordsOf } from '../../domain/command.ts';
import { LabError } from '../../domain/errors.ts';
import type { RunOrder } from '../../domain/ports.ts';
import { runEnvironment } from '../../../workers/environment.ts';
import type { Lab, LabPlan } from '../lab.ts';

/** The Python that a plan's command starts, and questions to it. */

const PYTHON = /^(?:python|pypy)[\d.]*$/;
/** Installed beside the Python that they start. */
const LAUNCHERS = /^(?:torchrun|accelerate|deepspeed|pytest|ipython)$/;
/** These make or choose an environment when they are called: asking them would change something. */
const MANAGERS = /^(?:uv|poetry|pdm|hatch|pipenv|conda|mamba|micromamba|pixi|rye)$/;
const PATIENCE_MS = 20_000;

export type Interpreter =
  | { readonly kind: 'none' }
  /** Only the tool knows which Python it takes. */
  | { readonly kind: 'managed'; readonly by: string }
  /** Where the program lies, as the user's checkout has it. */
  | { readonly kind: 'found'; readonly word: string; readonly file: string };

export async function interpreterOf(lab: Lab, { plan }: LabPlan): Promise<Interpreter> {
  const names = commandWords(plan.run.command, plan.run.shell);
  const manager = names.find((word) => MANAGERS.test(basename(word)));
  if (manager !== undefined) return { kind: 'managed', by: basename(manager) };
  const word = names.find((one) => PYTHON.test(basename(one)) || LAUNCHERS.test(basename(one)));
  if (word === undefined) return { kind: 'none' };
  const file = await programOf(word, join(lab.root, plan.workspace.directory));
  if (file === null) return { kind: 'none' };
  if (PYTHON.test(basename(word))) return { kind: 'found', word, file };
  const beside = await programOf(join(dirname(file), 'python'), lab.root);
  return beside === null ? { kind: 'none' } : { kind: 'found', word, file: beside };
}

/** None where the command cannot be parted, which is said elsewhere. */
export function commandWords(command: string, shell: boolean): readonly string[] {
  try {
    return wordsOf(command, shell).map(({ value }) => value);
  } catch (error) {
    if (error instanceof LabError) return [];
    throw error;
  }
}

async function programOf(word: string, cwd: string): Promise<string | null> {
  const places = word.includes('/')
    ? [isAbsolute(word) ? word : join(cwd, word)]
    : (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, word));
  for (const place of places) {
    const runs = await access(place, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return place;
  }
  return null;
}

/**
 * What a Python program printed as its last line, as JSON of the given shape; null where it could
 * not. `worktree`: asked in the environment and the folder of a run in it; else in `neutral`, a
 * folder that holds no modules, with nothing of ours on its path.
 */
export async function askPython<Answer>(
  file: string,
  program: string,
  shape: z.ZodType<Answer>,
  where: { readonly plan: LabPlan; readonly worktree: string } | { readonly neutral: string },
  args: readonly string[] = [],
): Promise<Answer | null> {
  const [cwd, env] =
    'neutral' in where
      ? [where.neutral, withoutPythonPath(process.env)]
      : [
          join(where.worktree, where.plan.plan.workspace.directory),
          environmentIn(where.plan, where.worktree),
        ];
  const { stdout, failed } = await execa(file, ['-c', program, ...args], {
    ...{ env, extendEnv: false, cwd, reject: false, timeout: PATIENCE_MS, stdin: 'ignore' },
  });
  if (failed) return null;
  try {
    const last = stdout.trim().split('\n').at(-1) ?? '';
    return shape.safeParse(JSON.parse(last)).data ?? null;
  } catch {
    return null;
  }
}

const withoutPythonPath = ({ PYTHONPATH: _, ...env }: NodeJS.ProcessEnv): NodeJS.ProcessEnv => env;

/** The environment that a run of base has there. */
function environmentIn({ plan, base }: LabPlan, worktree: string): Record<string, string> {
  const { commit } = base;
  const { command, env } = plan.run;
  const order: RunOrder = {
    ...{ run: 'E-0000.1', attempt: 1, seed: null, slot: 1, commit, base: commit },
    ...{ command: { command, env }, plan, knobs: {}, gpus: null },
  };
  const cwd = join(worktree, plan.workspace.directory);
  const marks = { lab: 'check', launcher: 'check', port: 0, folder: worktree, previous: null };
  return { ...runEnvironment({ order, worktree, cwd, ...marks, user: process.env, seed: {} }) };
}
