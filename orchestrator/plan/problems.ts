import type { Document, LineCounter, YAMLError } from 'yaml';
import { PLAN_FILE } from '../domain/layout.ts';

/** A place in a file; line and column count from 1, columns in UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Something in the plan that a person has to change. `message` says expected and found. */
export interface Problem extends Position {
  readonly message: string;
}

/** `research_plan.yaml:12:3: expected …, found …` */
export const formatProblem = (problem: Problem): string =>
  `${PLAN_FILE}:${problem.line}:${problem.column}: ${problem.message}`;

/** Longer messages lose their middle; what they quote may be a whole file on one line. */
const LONGEST = 900;

/**
 * One line that moves no cursor: the plan's own characters, as messages quote them, may be any.
 * What a control character is can be read from its number.
 */
function printable(message: string): string {
  const line = message
    .replace(/[\r\n\t\u2028\u2029]+/g, ' ')
    .replace(/\p{Cc}/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
  if (line.length <= LONGEST) return line;
  return `${line.slice(0, LONGEST - 100)} … ${line.slice(-100)}`;
}

/** In the order of the file, each once, in words that can be printed. */
export function inFileOrder(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems
    .map((problem) => ({ ...problem, message: printable(problem.message) }))
    .toSorted((a, b) => a.line - b.line || a.column - b.column)
    .filter((problem) => {
      const text = formatProblem(problem);
      return !seen.has(text) && seen.add(text);
    });
}

/** At most 60 characters, on one line. */
export function excerpt(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ');
  return line === '' ? 'nothing' : line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

export const placeAt = (lines: LineCounter, offset: number): Position => {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
};

/** The YAML library's errors and warnings, in our words. */
export function yamlProblems(
  document: Document.Parsed,
  text: string,
  lines: LineCounter,
): Problem[] {
  const problems = [...document.errors, ...document.warnings].map((error) => ({
    ...placeAt(lines, error.pos[0]),
    message: wordsFor(error, text),
  }));
  const version = document.directives.yaml;
  if (version.explicit && version.version !== '1.2')
    problems.push({ line: 1, column: 1, message: `expected YAML 1.2, found ${version.version}` });
  return problems;
}

/** The library's messages say what is wrong; people want to read what was expected. */
function wordsFor(error: YAMLError, text: string): string {
  const [start, end] = error.pos;
  const line = /[^\r\n]*/.exec(text.slice(start))?.[0] ?? '';
  const found = excerpt(line.trim() === '' ? text.slice(start, end) : line);
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return 'expected spaces as indentation, found a tab';
    case 'MULTIPLE_DOCS':
      return `expected one document, found another one`;
    case 'NON_STRING_KEY':
      return `expected a key that is plain text, found ${found}`;
    case 'TAG_RESOLVE_FAILED':
      return `expected a value without a tag, found ${found}`;
    default:
      return `expected YAML (${error.message}), found ${found === 'nothing' ? 'the end' : found}`;
  }
}
