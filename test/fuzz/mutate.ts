import * as fc from 'fast-check';

/** Ways in which a text goes wrong. Positions are any whole numbers: they count round and round. */
const EDITS = {
  insert: (text, at, _, word) => text.slice(0, at) + word + text.slice(at),
  replace: (text, at, length, word) => text.slice(0, at) + word + text.slice(at + (length % 12)),
  cut: (text, at, length) => text.slice(0, at) + text.slice(at + (length % 12)),
  end: (text, at) => text.slice(0, at),
  flip: (text, at, bit) =>
    text.slice(0, at) +
    String.fromCharCode(text.charCodeAt(at) ^ (1 << (bit % 8))) +
    text.slice(at + 1),
  'drop line': (text, at) => ofLines(text, at, () => []),
  'double line': (text, at) => ofLines(text, at, (line) => [line, line]),
  'replace line': (text, at, _, word) => ofLines(text, at, () => [word]),
  'add line': (text, at, _, word) => ofLines(text, at, (line) => [line, word]),
  'indent line': (text, at, more) =>
    ofLines(text, at, (line) =>
      more % 2 === 0 ? [' '.repeat(1 + (more % 5)) + line] : [line.replace(/^ {1,2}/, '')],
    ),
  'move line': (text, at, to) => {
    const lines = text.split('\n');
    const [line = ''] = lines.splice(at % lines.length, 1);
    lines.splice(to % (lines.length + 1), 0, line);
    return lines.join('\n');
  },
  'replace value': (text, at, _, word) =>
    ofLines(text, at, (line) => [line.replace(/([:=]\s*)[^\s,}]+/, (_all, sign) => sign + word)]),
  'all carriage returns': (text) => text.replace(/\r?\n/g, '\r\n'),
  'repeat a piece': (text, at, times) =>
    text.slice(0, at + 8) + text.slice(at, at + 8).repeat(times % 200) + text.slice(at + 8),
} satisfies Record<string, (text: string, at: number, more: number, word: string) => string>;

/** `work` on the line that the number falls on. */
function ofLines(text: string, at: number, work: (line: string) => string[]): string {
  const lines = text.split('\n');
  const n = at % lines.length;
  return [...lines.slice(0, n), ...work(lines[n] ?? ''), ...lines.slice(n + 1)].join('\n');
}

/** The texts, each broken in up to `most` ways, with these words and any others. */
export const broken = (
  texts: readonly string[],
  words: readonly string[],
  most = 5,
): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom(...texts),
      fc.array(
        fc.record({
          edit: fc.constantFrom(...(Object.keys(EDITS) as (keyof typeof EDITS)[])),
          at: fc.nat(1_000_000),
          more: fc.nat(1_000_000),
          word: fc.oneof(
            { weight: 5, arbitrary: fc.constantFrom(...words) },
            { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
          ),
        }),
        { minLength: 1, maxLength: most },
      ),
    )
    .map(([text, edits]) =>
      edits.reduce((now, { edit, at, more, word }) => {
        const place =
          edit.endsWith('line') || edit === 'replace value' ? at : at % (now.length + 1);
        return EDITS[edit](now, place, more, word);
      }, text),
    );

/** Characters that readers of text trip over. */
export const ODD = [
  '\0',
  '\t',
  '\r',
  '\r\n',
  '\n',
  '\u0007',
  '\u001b[31m',
  '\u001b]0;title\u0007',
  '\u0085',
  '\u2028',
  '\ufeff',
  '\ud800',
  '\udc00',
  'é',
  '日本',
  '👩‍🔬',
  ' ',
  '',
];

/** Names that objects have without being asked, and numbers at the edges. */
export const EDGES = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'NaN',
  '-Infinity',
  '1e999',
  '-0',
  '9'.repeat(400),
  '0x10',
  '1_000',
  '9007199254740993',
  '1e-400',
];
