/** Text on a terminal: how wide it is, and pieces of it put into lines of a given width. */

export type Tone = 'bold' | 'dim' | 'green' | 'yellow' | 'red';

/** Plain text of one line, and how it is painted. */
export interface Piece {
  readonly text: string;
  readonly tone?: Tone | undefined;
}

export type Line = readonly (string | Piece)[];

/** What the terminal can show. */
export interface Look {
  readonly colour: boolean;
  /** Otherwise plain ASCII is drawn. */
  readonly unicode: boolean;
}

const CODES: Readonly<Record<Tone, readonly [open: number, close: number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  green: [32, 39],
  yellow: [33, 39],
  red: [31, 39],
};

/** Made when first wanted: it takes 20 ms, and most of what is shown has one column a character. */
let segmenter: Intl.Segmenter | undefined;

function* graphemesOf(text: string): Generator<string> {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  for (const { segment } of segmenter.segment(text)) yield segment;
}

/** East Asian wide and full-width characters (Unicode's EastAsianWidth W and F), and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1b000}-\u{1b2ff}\u{1f1e6}-\u{1f1ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;
const INVISIBLE = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;
/** These reorder what stands around them. */
const REORDERING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** One column each, and all that is drawn here but for foreign titles: no need to look closer. */
const NARROW = /^[ -~\u00a1-\u00ac\u00ae-\u02ff\u2013-\u2026\u2190-\u2193\u2212\u2500-\u259f]*$/;
const ASCII_ONLY = /^[\u0020-\u007e]*$/;

const widthOf = (grapheme: string): number =>
  INVISIBLE.test(grapheme) ? 0 : WIDE.test(grapheme) ? 2 : 1;

/** Columns that a text takes on a terminal. */
export function width(text: string): number {
  if (NARROW.test(text)) return text.length;
  let columns = 0;
  for (const grapheme of graphemesOf(text)) columns += widthOf(grapheme);
  return columns;
}

/** The text, no wider than `columns`; what was cut ends in an ellipsis. */
export function cut(text: string, columns: number): string {
  if (columns <= 0) return '';
  if (width(text) <= columns) return text;
  let kept = '';
  let used = 0;
  for (const grapheme of graphemesOf(text)) {
    used += widthOf(grapheme);
    if (used > columns - 1) break;
    kept += grapheme;
  }
  return `${kept.trimEnd()}…`;
}

export const padded = (text: string, columns: number): string =>
  text + ' '.repeat(Math.max(0, columns - width(text)));

const textOf = (piece: string | Piece): string => (typeof piece === 'string' ? piece : piece.text);

export const lineWidth = (line: Line): number =>
  line.reduce((sum, piece) => sum + width(textOf(piece)), 0);

/** The line's beginning, no wider than `columns`. */
export function fitted(line: Line, columns: number): Line {
  let left = columns;
  return line.flatMap((piece): (string | Piece)[] => {
    const text = cut(textOf(piece), left);
    left -= width(text);
    if (text === '') return [];
    return typeof piece === 'string' ? [text] : [{ ...piece, text }];
  });
}

/** `left` at the left edge, `right` at the right one; `left` gives way, and `right` where that is not enough. */
export function spread(left: Line, right: Line, columns: number): Line {
  const room = columns - lineWidth(right) - 2;
  if (room < Math.min(lineWidth(left), NARROWEST)) return fitted(left, columns);
  const kept = fitted(left, room);
  const gap = columns - lineWidth(kept) - lineWidth(right);
  return [...kept, ' '.repeat(gap), ...right];
}

/** Less of the left side than this says nothing. */
const NARROWEST = 16;

const ASCII: Readonly<Record<string, string>> = {
  ...{ '−': '-', '–': '-', '—': '-', '…': '~', '→': '>', '×': 'x', '’': "'", '·': '.' },
  ...{ '━': '#', '─': '-' },
};

/** The line as the terminal is to show it. */
export const painted = (line: Line, look: Look): string =>
  line
    .map((piece) => {
      const clean = textOf(piece).replace(REORDERING, '');
      const text = look.unicode ? clean : ascii(clean);
      if (typeof piece === 'string' || !piece.tone || !look.colour) return text;
      const [open, close] = CODES[piece.tone];
      return `\u001b[${open}m${text}\u001b[${close}m`;
    })
    .join('')
    .trimEnd();

const ascii = (text: string): string =>
  ASCII_ONLY.test(text)
    ? text
    : Array.from(graphemesOf(text), (grapheme) =>
        ASCII_ONLY.test(grapheme) ? grapheme : (ASCII[grapheme] ?? '?'.repeat(widthOf(grapheme))),
      ).join('');

/** Where the locale names no encoding, the terminal is taken to be one of this century's. */
export function speaksUnicode(environment: NodeJS.ProcessEnv): boolean {
  const locale =
    environment['LC_ALL'] || environment['LC_CTYPE'] || environment['LANG'] || 'C.UTF-8';
  return /utf-?8/i.test(locale);
}
