import { setImmediate } from 'node:timers/promises';

/**
 * Counts the rows of JSON (RFC 8259) without building what it says: whoever wrote it may have had
 * it nested, or made of empty lists, until reading it fills the memory.
 */

/** Lists and objects in one another; Python's own reader gives up at about twice as many. */
const MOST_LEVELS = 500;
/** Of an object at the top, all of which are kept to tell one from another. */
const MOST_NAMES = 1_000_000;
/** Bytes between two turns of the event loop. */
const BATCH = 1 << 20;

const [QUOTE, COMMA, COLON, ESCAPE] = [0x22, 0x2c, 0x3a, 0x5c];
const [LIST, LIST_END, OBJECT, OBJECT_END] = [0x5b, 0x5d, 0x7b, 0x7d];

/** What has to come next; `item` and `name` may be the end of what has just begun instead. */
type Next = 'value' | 'item' | 'key' | 'name' | 'colon' | 'more';

/**
 * The length of a list, the names of an object, 1 for anything else; or what is wrong with the text,
 * UTF-8 from byte `from` to before byte `to`.
 */
export async function rowsOfJson(
  bytes: Buffer,
  from = 0,
  to = bytes.length,
): Promise<number | string> {
  /** The bytes that end what is open, outermost first. */
  const open: number[] = [];
  const names = new Set<string>();
  let items = 0;
  let top = 0;
  let next: Next = 'value';
  let turn = from + BATCH;
  for (let at = from; at < to;) {
    if (at > turn) {
      turn = at + BATCH;
      await setImmediate();
    }
    const byte = bytes[at] ?? 0;
    const begun: number | undefined =
      next === 'item' ? LIST_END : next === 'name' ? OBJECT_END : open.at(-1);
    if (isBlank(byte)) at++;
    else if (byte === begun && (next === 'more' || next === 'item' || next === 'name')) {
      open.pop();
      next = 'more';
      at = at + 1;
    } else if (next === 'more') {
      if (byte !== COMMA || open.length === 0) return WRONG;
      next = open.at(-1) === LIST_END ? 'value' : 'key';
      at = at + 1;
    } else if (next === 'colon') {
      if (byte !== COLON) return WRONG;
      next = 'value';
      at = at + 1;
    } else if (next === 'key' || next === 'name') {
      const end: number = byte === QUOTE ? endOfString(bytes, at, to) : -1;
      if (end < 0) return WRONG;
      if (end - at > BATCH) return `a name of more than ${BATCH} bytes`;
      if (open.length === 1) names.add(nameOf(bytes.toString('utf8', at + 1, end - 1)));
      if (names.size > MOST_NAMES) return `more than ${MOST_NAMES} names: a list holds more`;
      next = 'colon';
      at = end;
    } else {
      if (open.length === 0) top = byte;
      if (open.length === 1) items++;
      if (byte === LIST || byte === OBJECT) {
        if (open.push(byte === LIST ? LIST_END : OBJECT_END) > MOST_LEVELS)
          return `more than ${MOST_LEVELS} lists and objects in one another`;
        next = byte === LIST ? 'item' : 'name';
        at = at + 1;
      } else {
        const end = endOfScalar(bytes, at, to);
        if (end < 0) return WRONG;
        next = 'more';
        at = end;
      }
    }
  }
  if (next !== 'more' || open.length > 0) return WRONG;
  return top === LIST ? items : top === OBJECT ? names.size : 1;
}

const WRONG = 'something else';

/** Two may be written in different ways. */
const nameOf = (text: string): string =>
  text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text;

export const isBlank = (byte: number): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

const isDigit = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= 0x30 && byte <= 0x39;

/** Behind the string, number or word that begins here; -1 where none does. */
function endOfScalar(bytes: Buffer, at: number, to: number): number {
  if (bytes[at] === QUOTE) return endOfString(bytes, at, to);
  const word = WORDS.get(bytes[at] ?? 0);
  if (word === undefined) return endOfNumber(bytes, at, to);
  const end = at + word.length;
  return end <= to && bytes.toString('latin1', at, end) === word ? end : -1;
}

const WORDS = new Map(['true', 'false', 'null'].map((word) => [word.charCodeAt(0), word]));

const UNICODE = 0x75;
const ESCAPED = new Set(Buffer.from('"\\\\/bfnrt'));
const FOUR_HEX = /^[\da-fA-F]{4}$/;

/** An escape may lead behind `to`: then nothing ends the string before it. */
function endOfString(bytes: Buffer, start: number, to: number): number {
  for (let at = start + 1; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) return at + 1;
    if (byte < 0x20) return -1;
    if (byte !== ESCAPE) continue;
    const escaped = at + 1 < to ? (bytes[++at] ?? 0) : 0;
    if (escaped === UNICODE && !FOUR_HEX.test(bytes.toString('latin1', at + 1, at + 5))) return -1;
    if (escaped !== UNICODE && !ESCAPED.has(escaped)) return -1;
  }
  return -1;
}

function endOfNumber(bytes: Buffer, start: number, to: number): number {
  const behindDigits = (from: number): number => {
    let at = from;
    while (at < to && isDigit(bytes[at])) at++;
    return at;
  };
  const first = bytes[start] === 0x2d ? start + 1 : start;
  let at = bytes[first] === 0x30 ? first + 1 : behindDigits(first);
  if (at === first || at > to) return -1;
  if (at < to && bytes[at] === 0x2e) {
    const end = behindDigits(at + 1);
    if (end === at + 1) return -1;
    at = end;
  }
  if (at < to && (bytes[at] === 0x65 || bytes[at] === 0x45)) {
    const sign = at + 1 < to && (bytes[at + 1] === 0x2b || bytes[at + 1] === 0x2d) ? 1 : 0;
    const end = behindDigits(at + 1 + sign);
    if (end === at + 1 + sign) return -1;
    at = end;
  }
  return at;
}
