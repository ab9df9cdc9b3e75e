import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, Scalar, visit } from 'yaml';
import type { Document, Node, Pair, YAMLMap } from 'yaml';
import { LabError } from '../domain/errors.ts';
import { nestsTooDeep } from './nesting.ts';

/**
 * Edits of one value in a YAML or JSON text (JSON is YAML enough) that leave every other character
 * as it is. Everything here throws LabError plan, with the file as its place, where the text or
 * the path is not as it should be.
 */

/** A value on its own: what it says, and the characters [start, end) that say it. */
export interface ScalarText {
  /** Source text of a plain scalar (`1.0` stays `1.0`), content of any other. */
  readonly literal: string;
  readonly start: number;
  readonly end: number;
  readonly style: 'plain' | 'single' | 'double' | 'block';
  readonly line: number;
}

/** Keys and, in lists, indices. */
export type KeyPath = readonly string[];

/** `model.layers.0` → its keys. A key that holds a dot itself is found all the same. */
export const keyPath = (text: string): KeyPath => text.split('.');

/** The scalar at a path. Throws where there is none, or where it is empty or an alias. */
export function scalarAt(text: string, file: string, path: KeyPath): ScalarText {
  const { root, lines } = read(text, file);
  const node = walk(root, path, file);
  const where = path.join('.');
  if (!isScalar(node) || !node.range) {
    const found = isAlias(node)
      ? 'an alias'
      : isMap(node)
        ? 'a mapping'
        : isSeq(node)
          ? 'a list'
          : 'nothing';
    throw trouble(`expected one value at ${where}, found ${found}`, file);
  }
  const style = STYLES[node.type ?? Scalar.PLAIN] ?? 'plain';
  const [start, end] = node.range;
  if (start === end) throw trouble(`expected a value at ${where}, found nothing`, file);
  const literal = style === 'plain' ? (node.source ?? '') : String(node.value);
  return { literal, start, end, style, line: lines.linePos(start).line };
}

/** The scalar at a path, or null where the path does not exist; throws for anything else. */
export function scalarIfThere(text: string, file: string, path: KeyPath): ScalarText | null {
  const { root } = read(text, file);
  return find(root, path) === undefined ? null : scalarAt(text, file, path);
}

/** Keys and scalar values of the mapping at a path; empty where the path does not exist. */
export function scalarsBelow(text: string, file: string, path: KeyPath): Record<string, string> {
  const node = find(read(text, file).root, path);
  const pairs = isMap(node) ? pairsOf(node) : [];
  return Object.fromEntries(
    pairs.map(([key]) => [key, scalarAt(text, file, [...path, key]).literal]),
  );
}

/**
 * The text with another literal at a path: in the quotes that are there, else plain if that reads
 * back, else in double quotes. In JSON what is no number, true, false or null becomes a string.
 */
export function replaceScalar(text: string, file: string, path: KeyPath, literal: string): string {
  const old = scalarAt(text, file, path);
  const put = (written: string): string => text.slice(0, old.start) + written + text.slice(old.end);
  for (const written of waysToWrite(literal, old.style, file)) {
    // A block scalar takes its line break with it.
    const tail = old.style === 'block' && text.charAt(old.end - 1) === '\n' ? newlineOf(text) : '';
    const edited = put(written + tail);
    if (readsBack(edited, file, path, literal, written)) return edited;
  }
  throw trouble(
    `expected a value that ${file} can hold at ${path.join('.')}, found ${literal || 'nothing'}`,
    file,
  );
}

/**
 * The text with `key: literal` added to the mapping at `path`, which is made where it is missing
 * (its parent has to be there).
 */
export function addScalar(
  text: string,
  file: string,
  path: KeyPath,
  key: string,
  literal: string,
): string {
  const { root, lines } = read(text, file);
  const map = find(root, path);
  const candidates = [literal, JSON.stringify(literal)];
  for (const written of candidates) {
    const name = path.at(-1) ?? key;
    const edited = isMap(map)
      ? withEntry(text, lines, map, key, written)
      : map === undefined || isEmptyNode(map)
        ? withMapping(text, file, root, lines, path, `${name}: { ${key}: ${written} }`)
        : null;
    if (edited !== null && readsBack(edited, file, [...path, key], literal, written)) return edited;
  }
  throw trouble(`expected room for ${key} in ${path.join('.')}, found another kind of value`, file);
}

const STYLES: Readonly<Record<string, ScalarText['style']>> = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single',
  QUOTE_DOUBLE: 'double',
  BLOCK_LITERAL: 'block',
  BLOCK_FOLDED: 'block',
};

const trouble = (message: string, file: string): LabError => new LabError('plan', message, file);
const isJson = (file: string): boolean => /\.(?:json|jsonc|ipynb)$/i.test(file);
const newlineOf = (text: string): string => (text.includes('\r\n') ? '\r\n' : '\n');

interface Reading {
  readonly root: Node | null;
  readonly lines: LineCounter;
}

/** What was read last: an edit asks for ten values of one text, and changes the text alone. */
let last: { readonly text: string; readonly reading: Reading } | null = null;

function read(text: string, file: string): Reading {
  if (last?.text !== text) last = { text, reading: parsed(text, file) };
  return last.reading;
}

function parsed(text: string, file: string): Reading {
  if (nestsTooDeep(text))
    throw trouble('expected a few levels of nesting, found too many to read', file);
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'silent',
    // The library compares each key with each other one: minutes for a vocabulary.
    uniqueKeys: false,
  });
  const [error] = document.errors;
  const fault = error ? { message: error.message, at: error.pos[0] } : keyTwice(document);
  if (!fault) return { root: document.contents, lines };
  const { line } = lines.linePos(fault.at);
  const format = isJson(file) ? 'JSON' : 'YAML';
  throw new LabError(
    'plan',
    `expected ${format}, found text that is none (${fault.message})`,
    `${file}:${line}`,
  );
}

/** The first key that its mapping has already: readers differ in which of the two they believe. */
function keyTwice(document: Document.Parsed): { message: string; at: number } | null {
  let found: { message: string; at: number } | null = null;
  visit(document, {
    Map(_, map) {
      const seen = new Set<string>();
      for (const [key, , pair] of pairsOf(map)) {
        if (seen.has(key) && isScalar(pair.key)) {
          found = { message: `the key ${key} is there twice`, at: pair.key.range?.[0] ?? 0 };
          return visit.BREAK;
        }
        seen.add(key);
      }
      return undefined;
    },
  });
  return found;
}

const pairsOf = (
  map: YAMLMap,
): [key: string, value: Node | null, pair: Pair<Node, Node | null>][] =>
  (map.items as Pair<Node, Node | null>[]).map((pair) => [
    isScalar(pair.key) ? (pair.key.source ?? String(pair.key.value)) : '',
    pair.value,
    pair,
  ]);

/** What stands at a path: undefined where the path ends earlier. */
function find(node: Node | null, path: KeyPath): Node | null | undefined {
  if (path.length === 0) return node;
  if (isSeq(node)) {
    const index = /^\d+$/.test(path[0] ?? '') ? Number(path[0]) : -1;
    return index in node.items ? find(node.items[index] as Node, path.slice(1)) : undefined;
  }
  if (!isMap(node)) return undefined;
  const pairs = pairsOf(node);
  for (let n = 1; n <= path.length; n += 1) {
    const key = path.slice(0, n).join('.');
    const pair = pairs.find(([name]) => name === key);
    const found = pair ? find(pair[1], path.slice(n)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function walk(root: Node | null, path: KeyPath, file: string): Node | null {
  const node = find(root, path);
  if (node !== undefined) return node;
  let depth = path.length;
  let above: Node | null | undefined;
  do {
    depth -= 1;
    above = find(root, path.slice(0, depth));
  } while (above === undefined && depth > 0);
  const keys = isMap(above) ? pairsOf(above).map(([key]) => key) : [];
  const there = keys.length > 0 ? `only ${keys.slice(0, 12).join(', ')}` : 'no such key';
  const place = depth > 0 ? ` below ${path.slice(0, depth).join('.')}` : '';
  throw trouble(`expected a value at ${path.join('.')}, found ${there}${place}`, file);
}

function waysToWrite(literal: string, style: ScalarText['style'], file: string): string[] {
  const double = JSON.stringify(literal);
  if (isJson(file)) {
    const bare = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)$/.test(literal);
    return [style === 'plain' && bare ? literal : double];
  }
  if (style === 'single') return [`'${literal.replaceAll("'", "''")}'`, double];
  return style === 'plain' ? [literal, double] : [double];
}

/** True where the edited text says `literal` at the path, in the very characters written there. */
function readsBack(
  text: string,
  file: string,
  path: KeyPath,
  literal: string,
  written: string,
): boolean {
  try {
    const now = scalarAt(text, file, path);
    return now.literal === literal && text.slice(now.start, now.end) === written;
  } catch (error) {
    if (error instanceof LabError) return false;
    throw error;
  }
}

const isEmptyNode = (node: Node | null | undefined): boolean =>
  node === null || (isScalar(node) && node.range?.[0] === node.range?.[1]);

function withEntry(
  text: string,
  lines: LineCounter,
  map: YAMLMap,
  key: string,
  written: string,
): string | null {
  const entry = `${key}: ${written}`;
  if (!map.range) return null;
  if (map.flow) {
    const open = map.range[0] + 1;
    const rest = text.slice(open);
    const before = /^[ \t]/.test(rest) || rest.startsWith('}') ? ' ' : '';
    return (
      text.slice(0, open) +
      before +
      entry +
      (map.items.length > 0 ? ',' : ' ') +
      (map.items.length > 0 && before === '' ? ' ' : '') +
      rest
    );
  }
  // Before the first key: its column is the indentation, and no comment behind a value is in the way.
  const start = map.range[0];
  const indent = ' '.repeat(lines.linePos(start).col - 1);
  return text.slice(0, start) + entry + newlineOf(text) + indent + text.slice(start);
}

/** Adds a whole mapping to its parent: behind its key where that stands empty, else as a new key. */
function withMapping(
  text: string,
  file: string,
  root: Node | null,
  lines: LineCounter,
  path: KeyPath,
  entry: string,
): string | null {
  const parent = walk(root, path.slice(0, -1), file);
  if (!isMap(parent) || !parent.range) return null;
  const name = path.at(-1) ?? '';
  const empty = pairsOf(parent).find(([key]) => key === name);
  const end = empty && isScalar(empty[2].key) ? empty[2].key.range?.[1] : undefined;
  if (end !== undefined) {
    const colon = text.indexOf(':', end) + 1;
    return `${text.slice(0, colon)}${entry.slice(name.length + 1)}${text.slice(colon)}`;
  }
  return withEntry(text, lines, parent, name, entry.slice(name.length + 2));
}
