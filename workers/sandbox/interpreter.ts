import { basename, relative } from 'node:path';
import { programOf } from '../programs.ts';
import { answerOf, type Answer } from './answer.ts';
import { trustedOn, type Ground } from './ground.ts';
import { isWithin, type Confinement, type Sandbox } from './confinement.ts';
import { interpreterKey } from './interpreter-key.ts';

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
const known = new Map<string, Promise<Compared>>();

/** `silent`: one was ended before it answered, which tells nothing of either. */
type Compared = 'same' | 'silent' | { readonly found: string };

export interface InterpreterOrder {
  readonly words: readonly string[];
  readonly sandbox: Sandbox;
  /** Of the command, for reading alone. */
  readonly confinement: Confinement;
  /** The user's, of which a run sees nothing that is not trusted. */
  readonly checkout: string;
  /** Folders that AutoLab makes for attempts, or that these lie in. */
  readonly own: readonly string[];
  /** May it be run outside? */
  readonly isTrusted: (path: string) => boolean;
}

/** `expected …, found …` where one is another inside; asked once of each that answered, and was the same. */
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
    const key = await interpreterKey({ word, program }, confinement, order.own);
    const answer = known.get(key) ?? keptIfSame(key, compared(order, word, program, args));
    const other = await answer;
    if (typeof other === 'object') return other.found;
  }
  return null;
}

/** Another one may be a machine that was too busy to answer: that is asked again. */
function keptIfSame(key: string, asked: Promise<Compared>): Promise<Compared> {
  const answer = asked.then(
    (other) => {
      if (other !== 'same') known.delete(key);
      return other;
    },
    (error: unknown) => {
      known.delete(key);
      throw error;
    },
  );
  known.set(key, answer);
  return answer;
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
): Promise<Compared> {
  const { PYTHONPATH: _, ...env } = confinement.env;
  const asked = { env, cwd: confinement.cwd, patience_ms: PATIENCE_MS };
  const outside = await answerOf([program, ...args], asked);
  if (outside === null) return 'silent';
  const shut = await sandbox.shutIn({ ...confinement, env, argv: [word, ...args] });
  const inside = await answerOf(shut.argv, { ...asked, env: shut.env, cwd: '/' });
  await shut.release();
  if (inside === null) return 'silent';
  if (inWords(inside) === inWords(outside)) return 'same';
  const expected = `expected ${word} to be the same in the sandbox as outside (${program}: ${inWords(outside)})`;
  return {
    found: `${expected}, found ${inWords(inside)}; name the folder that it is installed in under sandbox.read`,
  };
}

const inWords = ({ code, stdout, stderr }: Answer): string =>
  code === 0
    ? ((stdout || stderr).trim().split('\n')[0] ?? '')
    : `none (${stderr.trim().split('\n').at(-1) ?? ''})`;
