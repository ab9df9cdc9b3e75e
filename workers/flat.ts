import { MAX_NAME, type Literal } from './literal.ts';
import { rankOf } from './formats.ts';

/** A record of nothing but numbers, as most metrics are logged. */
export type Numbers = Readonly<Record<string, number>>;

/** What can be known of a key once and for all. */
export interface KeyOf {
  /** See rankOf. */
  readonly rank: number;
  /** No metric may be called so. */
  readonly unfit: boolean;
  /** It tells the time of its record. */
  readonly clock: boolean;
}

/** A wider record takes the general way. */
const MOST = 256;

export function areNumbers(value: Literal | undefined): value is Numbers {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const record = value as Readonly<Record<string, Literal>>;
  let keys = 0;
  // oxlint-disable-next-line guard-for-in -- of JSON.parse or of our own: nothing is inherited
  for (const key in record) if (typeof record[key] !== 'number' || ++keys > MOST) return false;
  return keys > 0;
}

/** Characters that a terminal would swallow; the general way takes them out. */
const SWALLOWED = /[\u007f-\u009f]/;

/** The object of numbers that a line of output is, and nothing else; null for any other line. */
export function numbersIn(line: string): Numbers | null {
  if (!line.startsWith('{"') || !line.endsWith('}') || SWALLOWED.test(line)) return null;
  try {
    const value = JSON.parse(line) as Literal;
    return areNumbers(value) ? value : null;
  } catch {
    return null;
  }
}

/** Remembers the first `most` keys that it is asked for. */
export function rememberKeys(most: number): (key: string) => KeyOf {
  const known = new Map<string, KeyOf>();
  return (key) => {
    const old = known.get(key);
    if (old !== undefined) return old;
    const found: KeyOf = {
      rank: rankOf(key),
      unfit: key === '' || key.length > MAX_NAME,
      clock: key === 'time' || key === '_timestamp',
    };
    if (known.size < most) known.set(key, found);
    return found;
  };
}
