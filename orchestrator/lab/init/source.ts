/** Looking at a script's text: its languages, its literals, its calls. Nothing is run or parsed whole. */

/** A script, as base has it. */
export interface Source {
  /** From the repository's top. */
  readonly path: string;
  readonly text: string;
}

export type Language = 'python' | 'javascript' | 'shell' | 'other';

export function languageOf(path: string): Language {
  if (/\.py$/i.test(path)) return 'python';
  if (/\.[cm]?[jt]s$/i.test(path)) return 'javascript';
  return /\.(?:sh|bash)$/i.test(path) ? 'shell' : 'other';
}

export const folderOf = (path: string): string => path.split('/').slice(0, -1).join('/');
export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
export const joined = (folder: string, path: string): string =>
  folder === '' ? path : `${folder}/${path}`;

/** A number, a boolean, or quoted text without escapes. */
export const LITERAL =
  '[-+]?(?:\\d[\\d_]*\\.?\\d*|\\.\\d+)(?:[eE][-+]?\\d+)?|True|False|true|false|"[^"\'\\\\{}]*"|\'[^"\'\\\\{}]*\'';

/** `"adam"` → `adam`; other literals as they stand. */
export const unquoted = (literal: string): string => literal.replace(/^(["'])(.*)\1$/, '$2');

const OPEN: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };
const LONGEST_CALL = 4000;

/** Texts between the parentheses of every call that `name` (a regular expression) matches. */
export function callsOf(text: string, name: string): string[] {
  const found: string[] = [];
  for (const match of text.matchAll(new RegExp(`(?<![\\w.])(?:${name})\\s*\\(`, 'g'))) {
    const start = match.index + match[0].length;
    const end = endOf(text, start);
    if (end !== null) found.push(text.slice(start, end));
  }
  return found;
}

/** Splits at `sign` where it stands outside of quotes and brackets. */
export function splitOutside(text: string, sign: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === sign) {
      parts.push(text.slice(start, at));
      start = at + 1;
    } else at = skip(text, at);
  }
  return [...parts, text.slice(start)].map((part) => part.trim()).filter((part) => part !== '');
}

/** Where the bracket that was opened before `start` is closed; null where it never is. */
function endOf(text: string, start: number): number | null {
  const limit = Math.min(text.length, start + LONGEST_CALL);
  for (let at = start; at < limit; at += 1) {
    if (/[)\]}]/.test(text.charAt(at))) return at;
    at = skip(text, at);
  }
  return null;
}

/** The last character of the quoted text or the brackets that begin at `at`; `at` where none do. */
function skip(text: string, at: number): number {
  const char = text.charAt(at);
  if (OPEN[char] !== undefined) return endOf(text, at + 1) ?? text.length;
  if (!/["'`]/.test(char)) return at;
  for (let next = at + 1; next < text.length; next += 1) {
    if (text.charAt(next) === '\\') next += 1;
    else if (text.charAt(next) === char) return next;
  }
  return text.length;
}

/** Paths and names that the script has in quotes. */
export const quotedTexts = (text: string): string[] =>
  [...text.matchAll(/(["'`])((?:(?!\1)[^\\\n]){1,200})\1/g)].map((match) => match[2] ?? '');
