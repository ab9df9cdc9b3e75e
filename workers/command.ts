import { quoteArgument, wordsOf } from '../orchestrator/domain/command.ts';
import type { Plan } from '../orchestrator/domain/plan.ts';
import type { Failure } from '../orchestrator/domain/run.ts';

/** What is spawned, and the variable that carries the seed, where one does. */
export interface Invocation {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The arguments as the script sees them; under a shell, the words of the line. */
  readonly words: readonly string[];
}

/**
 * The plan's way to call a command: split into arguments, or handed to `sh -c`, with the seed in
 * its variable or as an argument. Failure `invalid` where a quote is not closed.
 */
export function invocation(
  run: Plan['run'],
  command: string,
  seed: number | null,
): Invocation | Failure {
  const seedWords =
    seed === null || run.seed?.arg === undefined ? [] : argumentOf(run.seed.arg, String(seed));
  const words = split(command, run.shell);
  if (words === null || words.length === 0 || seedWords === null) {
    return {
      class: 'invalid',
      message: `expected a command with its quotes closed, found: ${command}`,
    };
  }
  const env = seed !== null && run.seed?.env !== undefined ? { [run.seed.env]: String(seed) } : {};
  const all = [...words, ...seedWords];
  if (!run.shell) return { argv: all, env, words: all };
  const line = [command, ...seedWords.map(quoteArgument)].join(' ');
  return { argv: ['/bin/sh', '-c', line], env, words: all };
}

/** `--seed={value}` is one argument; a flag without `{value}` is followed by the value. */
function argumentOf(template: string, value: string): readonly string[] | null {
  const words = split(template);
  if (words === null) return null;
  return template.includes('{value}')
    ? words.map((word) => word.replaceAll('{value}', value))
    : [...words, value];
}

/** Null where a quote is not closed. */
export function split(command: string, shell = false): readonly string[] | null {
  try {
    return wordsOf(command, shell).map((word) => word.value);
  } catch {
    return null;
  }
}
