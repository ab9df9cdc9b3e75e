import {
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  Scalar,
  visit,
  type Alias,
  type Document,
  type Node,
  type Pair,
  type ParsedNode,
  type YAMLMap,
} from 'yaml';
import { nestsTooDeep } from '../knobs/nesting.ts';
import { excerpt, placeAt, yamlProblems, type Position, type Problem } from './problems.ts';

export type Path = readonly PropertyKey[];

/** Where a value of the plan stands, or its key; where there is none, the mapping it is missing from. */
export type Positions = (path: Path, of?: 'value' | 'key') => Position;

/** The text of a plan with its places: what the schema is given, and what problems point at. */
export interface PlanSource {
  /** Plain data; literals of knobs and variables, and bounds of ranges, as their source text. */
  readonly data: unknown;
  readonly positions: Positions;
  /** False for what is not in the file. */
  has(path: Path): boolean;
  /** The value's source text on one line, at most 60 characters; `nothing` where it is empty. */
  found(path: Path): string;
}

/** Aliases can write a billion values in ten lines; no plan has as many as this. */
const MAX_VALUES = 100_000;

const TOO_DEEP = {
  source: null,
  problems: [
    { line: 1, column: 1, message: 'expected a few levels of nesting, found too many to read' },
  ],
};

/**
 * Reads YAML 1.2 (core schema). `source` is null where the text is no YAML; problems of a readable
 * text (a key twice, an unknown tag) come along with it. Never throws.
 */
export function readSource(text: string): { source: PlanSource | null; problems: Problem[] } {
  if (nestsTooDeep(text)) return TOO_DEEP;
  const lines = linesOf(text);
  const document = parseDocument(text, {
    prettyErrors: false,
    stringKeys: true,
    resolveKnownTags: false,
    // The library compares each key with each other one; Reading asks a map.
    uniqueKeys: false,
  });
  const problems = yamlProblems(document, text, lines);
  if (document.errors.length > 0) return { source: null, problems };
  const reading = new Reading(document, text, lines);
  return { source: reading, problems: [...problems, ...reading.problems] };
}

/** Where lines begin. The library's own count leaves lines out that it could not make sense of. */
function linesOf(text: string): LineCounter {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1))
    lines.addNewLine(at + 1);
  return lines;
}

/** Values whose characters matter more than their type: they are written into source files. */
const LITERALS = [
  ['search_space', '*', 'values', '*'],
  ['search_space', '*', 'default'],
  ['hypotheses', '*', 'change', '*'],
  ['run', 'env', '*'],
  ['run', 'smoke', 'env', '*'],
];
const BOUNDS = [['search_space', '*', 'range', '*']];

const isOneOf = (patterns: readonly (readonly string[])[], path: Path): boolean =>
  patterns.some(
    (pattern) =>
      pattern.length === path.length &&
      pattern.every((segment, i) => segment === '*' || segment === path[i]),
  );

interface Step {
  /** Null for the item of a list. */
  readonly key: Node | null;
  /** Null where nothing stands after the key. */
  readonly value: Node | null;
}

class Reading implements PlanSource {
  readonly data: unknown;
  readonly problems: Problem[] = [];
  private readonly targets: ReadonlyMap<Alias, Node>;
  private readonly steps = new Map<YAMLMap, ReadonlyMap<string, Step>>();
  private values = 0;
  private readonly root: Node | null;
  private readonly text: string;
  private readonly lines: LineCounter;

  constructor(document: Document.Parsed, text: string, lines: LineCounter) {
    this.text = text;
    this.lines = lines;
    this.targets = targetsOf(document);
    this.root = document.contents;
    this.data = this.dataOf(this.root, [], []);
  }

  positions: Positions = (path, of = 'value') => {
    const steps = this.walk(path);
    const last = steps.at(-1);
    if (!last) return placeAt(this.lines, this.root?.range?.[0] ?? 0);
    const complete = steps.length === path.length;
    const node = (of === 'key' && complete) || isEmpty(last.value) ? last.key : last.value;
    return placeAt(this.lines, (node ?? last.value)?.range?.[0] ?? 0);
  };

  has(path: Path): boolean {
    return this.walk(path).length === path.length;
  }

  found(path: Path): string {
    const node = path.length === 0 ? this.root : this.walk(path)[path.length - 1]?.value;
    if (!node?.range || isEmpty(node)) return 'nothing';
    const source = this.text.slice(node.range[0], node.range[1]);
    const first = source.split('\n', 1)[0] ?? '';
    // A block's lines run into nonsense when they are joined: its first one stands for it.
    return isCollection(node) && !node.flow ? excerpt(`${first.trimEnd()} …`) : excerpt(source);
  }

  /** The steps along the path, as far as it exists. */
  private walk(path: Path): Step[] {
    const steps: Step[] = [];
    let node = this.target(this.root);
    for (const segment of path) {
      const step = this.stepFrom(node, segment);
      if (!step) break;
      steps.push(step);
      node = this.target(step.value);
    }
    return steps;
  }

  private stepFrom(node: Node | null, segment: PropertyKey): Step | null {
    if (isMap(node)) return this.stepsOf(node).get(String(segment)) ?? null;
    const item = isSeq(node) && typeof segment === 'number' ? node.items[segment] : undefined;
    return item === undefined ? null : { key: null, value: item as Node };
  }

  /** Made once per mapping: one with thousands of unknown keys is asked for each of them. */
  private stepsOf(map: YAMLMap): ReadonlyMap<string, Step> {
    const known = this.steps.get(map);
    if (known) return known;
    const steps = new Map<string, Step>();
    for (const pair of map.items as Pair<Node, Node | null>[])
      if (!steps.has(keyOf(pair))) steps.set(keyOf(pair), { key: pair.key, value: pair.value });
    this.steps.set(map, steps);
    return steps;
  }

  private target(node: Node | null): Node | null {
    let at = node;
    // An anchor on an alias is refused by the parser, so chains end; the bound is for certainty.
    for (let i = 0; isAlias(at) && i < 100; i += 1) at = this.targets.get(at) ?? null;
    return at;
  }

  private dataOf(written: Node | null, path: Path, within: readonly Node[]): unknown {
    this.values += 1;
    if (this.values > MAX_VALUES) {
      if (this.values === MAX_VALUES + 1)
        this.trouble(written, `expected at most ${MAX_VALUES} values, found more through aliases`);
      return null;
    }
    const node = this.target(written);
    if (isAlias(written) && (!node || within.includes(node))) {
      const what = node ? 'one inside its own value' : 'one that is not set above';
      this.trouble(written, `expected the name of a finished anchor, found ${what}`);
      return null;
    }
    if (isScalar(node)) return this.scalarData(node, path);
    const inner = node ? [...within, node] : within;
    if (isSeq(node))
      return node.items.map((item, i) => this.dataOf(item as Node, [...path, i], inner));
    if (!isMap(node)) return null;
    return this.mapData(node.items as Pair<Node, Node | null>[], path, inner);
  }

  private mapData(
    pairs: readonly Pair<Node, Node | null>[],
    path: Path,
    within: readonly Node[],
  ): unknown {
    const data: Record<string, unknown> = {};
    for (const pair of pairs) {
      const key = keyOf(pair);
      if (key === '__proto__') this.trouble(pair.key, 'expected another name, found __proto__');
      else if (Object.hasOwn(data, key))
        this.trouble(pair.key, `expected each key once, found another ${excerpt(key)}`);
      else data[key] = this.dataOf(pair.value, [...path, key], within);
    }
    return data;
  }

  private scalarData(node: Scalar, path: Path): unknown {
    if (isEmpty(node)) return null;
    const plain = node.type === Scalar.PLAIN && node.source !== undefined;
    if (isOneOf(LITERALS, path)) return plain ? node.source : String(node.value);
    if (isOneOf(BOUNDS, path) && plain && typeof node.value === 'number') return node.source;
    return node.value;
  }

  private trouble(node: Node | null, message: string): void {
    this.problems.push({ ...placeAt(this.lines, node?.range?.[0] ?? 0), message });
  }
}

const keyOf = (pair: Pair<Node, Node | null>): string =>
  isScalar(pair.key) ? String(pair.key.value) : '';

/** What stands after a key and nothing else: an empty plain scalar. */
const isEmpty = (node: Node | null): boolean =>
  node === null || (isScalar(node) && node.type === Scalar.PLAIN && node.source === '');

/** Which node each alias means: the last one above it that has its anchor. */
function targetsOf(document: Document.Parsed): Map<Alias, Node> {
  const anchors = new Map<string, ParsedNode>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Node(_key, node) {
      if (isAlias(node)) {
        const target = anchors.get(node.source);
        if (target) targets.set(node, target);
      } else if (node.anchor !== undefined) anchors.set(node.anchor, node as ParsedNode);
    },
  });
  return targets;
}
