/** Plain data as scripts print it; numbers may be NaN or infinite. */
export type Literal =
  | null
  | boolean
  | number
  | string
  | readonly Literal[]
  | { readonly [key: string]: Literal };
export type Scalar = number | string | boolean;

const CONSTANTS: ReadonlyMap<string, Literal> = new Map<string, Literal>([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['null', null],
  ['None', null],
  ['nan', Number.NaN],
  ['NaN', Number.NaN],
  ['inf', Number.POSITIVE_INFINITY],
  ['Infinity', Number.POSITIVE_INFINITY],
]);
const NUMBER = /[-+]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?/y;
const NAME = /[-+]?[A-Za-z_][\w.]*/y;
const MAX_DEPTH = 32;
/** Longer names are no names; a thousand of them would fill the memory. */
export const MAX_NAME = 250;

/**
 * Reads one JSON value, Python literal (`{'loss': nan, 'ok': True}`), call with keyword arguments
 * (`Namespace(lr=0.1)`) or wrapped number (`tensor(0.4, device='cpu')`, `np.float64(0.4)`).
 * Undefined where the text is anything else.
 */
export function parseLiteral(text: string): Literal | undefined {
  try {
    return JSON.parse(text) as Literal;
  } catch {
    return new Reader(text).whole();
  }
}

/** Recursive descent; a position is easier to carry in an object than through every return. */
class Reader {
  private at = 0;
  private depth = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  whole(): Literal | undefined {
    const value = this.value();
    this.space();
    return this.at === this.text.length ? value : undefined;
  }

  private value(): Literal | undefined {
    this.space();
    const char = this.text[this.at];
    if (char === undefined || this.depth > MAX_DEPTH) return undefined;
    this.depth++;
    const value =
      char === '{'
        ? this.members('{', '}', ':')
        : char === '['
          ? this.items('[', ']')
          : char === '('
            ? this.items('(', ')')
            : char === '"' || char === "'"
              ? this.quoted(char)
              : this.word();
    this.depth--;
    return value;
  }

  private word(): Literal | undefined {
    const number = this.match(NUMBER);
    if (number !== null) return Number(number.replaceAll('_', ''));
    const name = this.match(NAME);
    if (name === null) return undefined;
    if (this.text[this.at] === '(') return this.call();
    const negative = name.startsWith('-');
    const value = CONSTANTS.get(name.replace(/^[-+]/, ''));
    return negative && typeof value === 'number' ? -value : value;
  }

  /** `Name(key=value, …)` is its keywords; `tensor(0.4, …)` its first argument. */
  private call(): Literal | undefined {
    const start = this.at;
    const keywords = this.members('(', ')', '=');
    if (keywords !== undefined) return keywords;
    this.at = start + 1;
    const first = this.value();
    this.space();
    if (this.text[this.at] === ')') {
      this.at++;
      return first;
    }
    this.at = this.text[this.at] === ',' ? this.at : start;
    return this.text[this.at] === ',' && this.rest() !== undefined ? first : undefined;
  }

  /** `, device='cuda:0', grad_fn=<MeanBackward0>)`: of no interest. */
  private rest(): true | undefined {
    const end = this.text.indexOf(')', this.at);
    if (end < 0) return undefined;
    this.at = end + 1;
    return true;
  }

  private members(open: string, close: string, sign: string): Literal | undefined {
    const out: Record<string, Literal> = {};
    if (!this.skip(open)) return undefined;
    while (!this.skip(close)) {
      this.space();
      const quote = this.text[this.at];
      const key =
        quote === '"' || quote === "'"
          ? this.quoted(quote)
          : (this.match(NAME) ?? this.match(NUMBER));
      if (key === undefined || key === null || !this.skip(sign)) return undefined;
      const value = this.value();
      if (value === undefined) return undefined;
      Object.defineProperty(out, key, {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      });
      if (!this.skip(',') && !this.ahead(close)) return undefined;
    }
    return out;
  }

  private items(open: string, close: string): Literal | undefined {
    const out: Literal[] = [];
    if (!this.skip(open)) return undefined;
    while (!this.skip(close)) {
      const value = this.value();
      if (value === undefined) return undefined;
      out.push(value);
      if (!this.skip(',') && !this.ahead(close)) return undefined;
    }
    return out;
  }

  private quoted(quote: string): string | undefined {
    let out = '';
    for (let i = this.at + 1; i < this.text.length; i++) {
      const char = this.text[i] as string;
      if (char === '\\') out += this.text[++i] ?? '';
      else if (char === quote) {
        this.at = i + 1;
        return out;
      } else out += char;
    }
    return undefined;
  }

  private match(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) return null;
    this.at = pattern.lastIndex;
    return found[0];
  }

  private space(): void {
    while (this.text[this.at] === ' ' || this.text[this.at] === '\t') this.at++;
  }

  private ahead(char: string): boolean {
    this.space();
    return this.text[this.at] === char;
  }

  private skip(char: string): boolean {
    if (!this.ahead(char)) return false;
    this.at++;
    return true;
  }
}

/** JSON.parse takes any depth, JSON.stringify does not. */
const isShallow = (value: Literal, depth = 0): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (depth < MAX_DEPTH && Object.values(value).every((inner) => isShallow(inner, depth + 1)));

/**
 * Nested keys joined by `/`; nulls, names without end, what lies too deep, and lists are left out,
 * or lists given as JSON. Ends after `limit` keys.
 */
export function flatten(
  value: Literal,
  limit: number,
  lists = false,
): readonly (readonly [string, Scalar])[] {
  const out: [string, Scalar][] = [];
  const walk = (node: Literal, path: string, depth: number): void => {
    if (out.length >= limit || depth > MAX_DEPTH || node === null) return;
    if (path.length > MAX_NAME) return;
    if (Array.isArray(node)) {
      if (lists && path !== '' && isShallow(node)) out.push([path, JSON.stringify(node)]);
      return;
    }
    if (typeof node !== 'object') {
      if (path !== '') out.push([path, node]);
      return;
    }
    for (const [key, child] of Object.entries(node)) {
      walk(child, path === '' ? key : `${path}/${key}`, depth + 1);
    }
  };
  walk(value, '', 0);
  return out;
}
