/** A value that could be a knob: where it stands, and what it is now. */
export interface Found {
  readonly name: string;
  /** As it stands, without the quotes of a text. */
  readonly literal: string;
  readonly kind: 'number' | 'boolean' | 'text';
  readonly place:
    | { readonly at: 'match'; readonly file: string; readonly match: string }
    | { readonly at: 'path'; readonly file: string; readonly path: string }
    | { readonly at: 'arg'; readonly arg: string }
    | { readonly at: 'env'; readonly env: string };
  /** Line of the file, or of the first mention. */
  readonly line: number;
  /** Values that the script itself allows. */
  readonly choices?: readonly string[];
  /** A constant, an option or a key of a configuration; an argument in the middle of a line is not. */
  readonly named: boolean;
}

export function kindOf(literal: string): Found['kind'] {
  if (/^(?:true|false)$/i.test(literal)) return 'boolean';
  return /^[-+]?[\d.]/.test(literal) && Number.isFinite(Number(literal.replaceAll('_', '')))
    ? 'number'
    : 'text';
}

/** `LEARNING_RATE`, `learningRate`, `--learning-rate` → `learning_rate`. */
export const tidyName = (name: string): string =>
  name
    .replace(/^-+/, '')
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z\d]+/g, '_')
    .toLowerCase();
