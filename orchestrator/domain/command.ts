import { LabError } from './errors.ts';
import type { Command } from './experiment.ts';

/** One argument of a command line, and where it stands in the text: [start, end). */
export interface Word {
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/**
 * The arguments of a command as the plan writes it. Quoting is the shell's: '…' as it stands, "…"
 * and bare text with \ before a character; nothing is expanded. Throws LabError plan where a quote
 * is not closed.
 */
export const splitCommand = (command: string): string[] =>
  wordsOf(command).map((word) => word.value);

/** As splitCommand, with positions. In shell text the operators | & ; < > ( ) end a word too. */
export function wordsOf(command: string, shell = false): Word[] {
  const words: Word[] = [];
  const separator = shell ? /[\s|&;<>()]/ : /\s/;
  let at = 0;
  while (at < command.length) {
    if (separator.test(command.charAt(at))) {
      at += 1;
      continue;
    }
    const word = wordAt(command, at, separator);
    words.push(word);
    at = word.end;
  }
  return words;
}

function wordAt(command: string, start: number, separator: RegExp): Word {
  let value = '';
  let quote = '';
  let at = start;
  for (; at < command.length; at += 1) {
    const char = command.charAt(at);
    const next = command.charAt(at + 1);
    if (quote === '' && separator.test(char)) break;
    if (char === quote) quote = '';
    else if (quote === '' && (char === "'" || char === '"')) quote = char;
    else if (char === '\\' && next !== '' && escapes(quote, next)) {
      value += next;
      at += 1;
    } else value += char;
  }
  if (quote !== '')
    throw new LabError('plan', `expected a closing ${quote} in the command, found ${command}`);
  return { value, start, end: at };
}

const escapes = (quote: string, next: string): boolean =>
  quote === '' || (quote === '"' && /["\\$`]/.test(next));

/** The argument as one word of a command; splitCommand gives it back. */
export const quoteArgument = (argument: string): string =>
  /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;

/** A command with arguments behind it, and variables besides its own; theirs win. Throws as splitCommand. */
export const extended = (
  { command, env }: Command,
  more: { readonly args?: string | undefined; readonly env?: Command['env'] | undefined },
): Command => ({
  command: [command, ...splitCommand(more.args ?? '').map(quoteArgument)].join(' '),
  env: { ...env, ...more.env },
});
