/**
 * Text of users, scripts and models inside Markdown: shown as it is, never acting as markup.
 * Titles may hold anything: pipes, backticks, newlines, HTML, control and bidi characters.
 */

/** What would move a cursor, reorder a line or vanish: controls, bidi marks, byte-order mark. */
const UNSEEN = /(?![\t\n])\p{Cc}|[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** One line: whitespace runs are one space, unseen characters gone, at most `most` characters. */
export function oneLine(text: string, most = 160): string {
  const line = text.replace(/\s+/g, ' ').replace(UNSEEN, '').trim();
  const characters = [...line];
  return characters.length <= most
    ? line
    : `${characters
        .slice(0, most - 1)
        .join('')
        .trimEnd()}…`;
}

/** One line of text with all markup made plain; holds inside a table cell too. */
export const escaped = (text: string, most?: number): string =>
  oneLine(text, most)
    .replace(/[\\`*[\]<>|~$&]/g, (mark) =>
      mark === '<' ? '&lt;' : mark === '&' ? '&amp;' : `\\${mark}`,
    )
    // An underscore inside a word is no markup in GitHub's Markdown; `val_bpb` stays readable.
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\_')
    .replace(/^([#+=-])/, '\\$1')
    .replace(/^(\d+)([.)])/, '$1\\$2');

/**
 * Several lines inside a block quote, as they were written: no markup in them, their indents and
 * empty lines kept, at most `most` characters.
 */
export function quoted(text: string, most: number): string {
  const characters = [...text.replace(/\r\n?/g, '\n').trim()];
  const kept = characters.length <= most ? characters : [...characters.slice(0, most - 1), '…'];
  const lines = kept.join('').split('\n').map(indented);
  return lines
    .map((line, i) => {
      const before = i === 0 ? '' : line === '' ? '\n>' : '\n> ';
      return `${before}${line}${line !== '' && (lines[i + 1] ?? '') !== '' ? '\\' : ''}`;
    })
    .join('');
}

/** Spaces at the beginning of a line would make code of it, or vanish. */
function indented(line: string): string {
  const indent = /^[ \t]*/.exec(line)?.[0].replaceAll('\t', '    ') ?? '';
  const words = escaped(line, Infinity);
  return words === '' ? '' : '\u00a0'.repeat(indent.length) + words;
}

/** A name or a value as code where that is safe, as escaped text where it is not. */
export function code(text: string, most?: number): string {
  const line = oneLine(text, most);
  return line === '' || /[`|]/.test(line) ? escaped(text, most) : `\`${line}\``;
}

/** Several lines as they were, for a fenced block: unseen characters gone, the last `most` lines. */
export function tail(text: string, most: number): string {
  const lines = text.replace(/\r\n?/g, '\n').replace(UNSEEN, '').trimEnd().split('\n');
  return lines
    .slice(-most)
    .map((line) => oneLineKeepingIndent(line))
    .join('\n');
}

const oneLineKeepingIndent = (line: string): string =>
  line.length <= 300 ? line : `${line.slice(0, 299)}…`;

/** Backticks that no line of the text can close. */
export const fenceFor = (text: string): string => {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map((run) => run[0].length));
  return '`'.repeat(longest + 1);
};
