import { LabError } from '../domain/errors.ts';

/**
 * Knobs that are one line of a file. A template such as `const LEARNING_RATE = {value};` covers
 * one whole line but for its indentation and a trailing comment; `{value}` is one literal.
 */

/** The literal in the one line that the template covers: text.slice(start, end). */
export interface Match {
  readonly literal: string;
  readonly start: number;
  readonly end: number;
  /** Counts from 1. */
  readonly line: number;
}

/** Throws LabError plan, naming the file and the lines, unless exactly one line is covered. */
export function literalAt(text: string, file: string, template: string): Match {
  const matches = matchesIn(text, file, template);
  const [match] = matches;
  if (match && matches.length === 1) return match;
  const lines = matches.map(({ line }) => line);
  const found = match
    ? `${lines.length}: lines ${lines.join(', ')}`
    : `none${hint(text, template)}`;
  throw new LabError(
    'plan',
    `expected exactly one line of ${file} to be ${template.trim()} with one literal for {value}, found ${found}`,
    match ? `${file}:${match.line}` : file,
  );
}

/** The text with another literal there. Throws as literalAt, and where it would not read back. */
export function replaceMatch(
  text: string,
  file: string,
  template: string,
  literal: string,
): string {
  const old = literalAt(text, file, template);
  const edited = text.slice(0, old.start) + literal + text.slice(old.end);
  const [now, ...others] = matchesIn(edited, file, template);
  if (now?.literal === literal && now.start === old.start && others.length === 0) return edited;
  throw new LabError(
    'plan',
    `expected one literal that can stand in ${template.trim()}, found ${literal || 'nothing'}`,
    `${file}:${old.line}`,
  );
}

/** A longer line is generated, and would take the expressions below quadratic time. */
const LONGEST_LINE = 2000;

function matchesIn(text: string, file: string, template: string): Match[] {
  const [before = '', after = ''] = template.trim().split('{value}');
  const expression = new RegExp(
    `^(?:${escaped(before)})(${literalIn(before, file)})(?:${escaped(after)})(?:\\s*(?:${commentIn(file)}).*)?$`,
    'u',
  );
  const matches: Match[] = [];
  let offset = 0;
  let line = 0;
  for (const raw of text.split('\n')) {
    line += 1;
    const candidate = raw.length <= LONGEST_LINE && raw.includes(before);
    const literal = candidate ? expression.exec(raw.trim())?.[1] : undefined;
    if (literal !== undefined) {
      const start = offset + (raw.length - raw.trimStart().length) + before.length;
      matches.push({ literal, start, end: start + literal.length, line });
    }
    offset += raw.length + 1;
  }
  return matches;
}

/** Lines that begin as the template does, but go on otherwise: most likely the one that was meant. */
function hint(text: string, template: string): string {
  const start = (template.trim().split('{value}')[0] ?? '').trimEnd();
  if (start === '') return '';
  const near = text
    .split('\n')
    .map((line, i) => ({ text: line.trim(), line: i + 1 }))
    .find((line) => line.text.startsWith(start));
  return near ? ` (line ${near.line} begins like it: ${near.text.slice(0, 60)})` : '';
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

const HASH = /\.(?:pyx?|rb|jl|r|sh|bash|zsh|ya?ml|toml|cfg|conf|ini|mk|pl)$/i;
const SLASHES = /\.(?:[cm]?[jt]sx?|c|h|cc|cpp|cxx|hpp|cuh?|rs|go|java|kt|swift|scala|jsonc)$/i;
const CODE = /\.(?:pyx?|rb|jl|r|[cm]?[jt]sx?|c|h|cc|cpp|cxx|hpp|cuh?|rs|go|java|kt|swift|scala)$/i;

/** Where the language is known, so is its comment: in Python, // divides. */
const commentIn = (file: string): string =>
  HASH.test(file) ? '#' : SLASHES.test(file) ? '\\/\\/|\\/\\*' : '#|\\/\\/';

const STRING =
  '[A-Za-z]{0,2}"(?:[^"\\\\]|\\\\.)*"|[A-Za-z]{0,2}\'(?:[^\'\\\\]|\\\\.)*\'|`(?:[^`\\\\]|\\\\.)*`';
const NUMBER =
  '[-+]?(?:0[xXbBoO][0-9a-fA-F_]+|(?:\\d[\\d_]*(?:\\.[\\d_]*)?|\\.\\d[\\d_]*)(?:[eE][-+]?\\d+)?)\\w*';
const NAME = '[-+]?[A-Za-z_$][\\w$]*(?:(?:\\.|::)[A-Za-z_$][\\w$]*)*';
const LISTS = '\\[(?:[^[\\]]|\\[[^[\\]]*\\])*\\]|\\((?:[^()]|\\([^()]*\\))*\\)';
/** Configuration files have bare words with signs in them; in code those are operators. */
const WORD = '[^\\s,;()[\\]{}\'"`#=<>|&]+?';

/** The pattern of one literal after `before`: inside quotes whatever they hold. */
function literalIn(before: string, file: string): string {
  const quote = openQuote(before);
  if (quote !== '') return `(?:[^${quote}\\\\]|\\\\.)*?`;
  return [STRING, NUMBER, NAME, LISTS, ...(CODE.test(file) ? [] : [WORD])].join('|');
}

/** The quote that is still open at the end of the text. */
function openQuote(text: string): string {
  let open = '';
  for (const char of text.replace(/\\./g, '')) {
    if (char === open) open = '';
    else if (open === '' && /['"`]/.test(char)) open = char;
  }
  return open;
}
