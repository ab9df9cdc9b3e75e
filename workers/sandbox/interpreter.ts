import { execFile } from 'node:child_process';
import { basename, relative } from 'node:path';
import { promisify } from 'node:util';
import { programOf } from '../programs.ts';
import { trustedOn, type Ground } from './ground.ts';
import { isWithin, type Confinement, type Sandbox } from './confinement.ts';

/**
 * Whether a command's interpreters are inside what they are outside: a sandbox that hides where one
 * lies would have another of that name take its place, and numbers change without a word.
 */

const PYTHON = ['-I', '-c', 'import sys; print(sys.version.split()[0], sys.base_prefix)'];
const QUESTIONS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^(?:python|pypy)[\d.]*$/, PYTHON],
  [/^(?:node|bun|deno)$/, ['--version']],
  [/^(?:julia|Rscript|ruby|perl)$/, ['--version']],
];
const PATIENCE_MS = 20_000;
const run = promisify(execFile);
const known = new Map<string, Promise<string | null>>();

export interface InterpreterOrder {
  readonly words: readonly string[];
  readonly sandbox: Sandbox;
  /** Of the command, for reading alone. */
  readonly confinement: Confinement;
  /** The user's, of which a run sees nothing that is not trusted. */
  readonly checkout: string;
  /** May it be run outside? */
  readonly isTrusted: (path: string) => boolean;
}

/** `expected …, found …` where one is another inside; asked once of each. */
export async function otherInside(order: InterpreterOrder): Promise<string | null> {
  const { sandbox, confinement } = order;
  if (!sandbox.ownPrograms) return null;
  for (const word of order.words) {
    const args = questionTo(word);
    const program = args && programOf(word, confinement.env, confinement.cwd);
    if (!program) continue;
    if (!order.isTrusted(program)) {
      const unseen = outOfSight(word, program, order.checkout);
      if (unseen !== null) return unseen;
      continue;
    }
    const places = confinement.mounts.filter(({ kind }) => kind === 'read').map(({ at }) => at);
    const key = JSON.stringify([word, program, confinement.env['PATH'], places]);
    const answer = known.get(key) ?? compared(order, word, program, args);
    known.set(key, answer);
    const other = await answer;
    // Another one may be a machine that was too busy to answer.
    if (other !== null) known.delete(key);
    if (other !== null) return other;
  }
  return null;
}

const questionTo = (word: string): readonly string[] | undefined =>
  QUESTIONS.find(([name]) => name.test(basename(word)))?.[1];

/** Of a program that no run sees: another one of its name would take its place. */
function outOfSight(word: string, program: string, checkout: string): string | null {
  if (!isWithin(program, checkout)) return null;
  const path = relative(checkout, program);
  return `expected ${word} to be the same in the sandbox as outside, found it at ${path} in your checkout, which runs do not see: name ${path.split('/')[0]} under workspace.link`;
}

/** Before any run: an interpreter of the PATH that lies in the checkout, and that no run will see. */
export function interpreterOutOfSight(
  words: readonly string[],
  { root, ...ground }: Ground,
): string | null {
  for (const word of words) {
    if (word.includes('/') || questionTo(word) === undefined) continue;
    const program = programOf(word, ground.user, root);
    if (program === null || trustedOn({ root, ...ground })(program)) continue;
    const unseen = outOfSight(word, program, root);
    if (unseen !== null) return unseen;
  }
  return null;
}

async function compared(
  { sandbox, confinement }: InterpreterOrder,
  word: string,
  program: string,
  args: readonly string[],
): Promise<string | null> {
  const { PYTHONPATH: _, ...env } = confinement.env;
  const outside = await answerOf([program, ...args], env, confinement.cwd);
  const shut = await sandbox.shutIn({ ...confinement, env, argv: [word, ...args] });
  const inside = await answerOf(shut.argv, shut.env, '/');
  await shut.release();
  if (inside === outside) return null;
  const expected = `expected ${word} to be the same in the sandbox as outside (${program}: ${outside})`;
  return `${expected}, found ${inside}; name the folder that it is installed in under sandbox.read`;
}

const answerOf = (
  [program = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
): Promise<string> =>
  run(program, args, { env, cwd, timeout: PATIENCE_MS }).then(
    ({ stdout, stderr }) => (stdout || stderr).trim().split('\n')[0] ?? '',
    (error: { stderr?: string }) =>
      `none (${(error.stderr ?? '').trim().split('\n').at(-1) ?? ''})`,
  );
