import { blocksOf, type Block } from '../../orchestrator/domain/patch-blocks.ts';
import type { Account } from '../../orchestrator/domain/writing.ts';
import { namesIn, share } from './names.ts';

/**
 * Whether a patch that was written from words is one change. It is more than one
 *
 * - by its author's account, where that names several changes; or
 * - by its diff, where it falls into parts that have no name in common, and one of them does nothing
 *   but set values: such a part could be tried by itself.
 *
 * Parts are runs of changed lines; lines that differ in a literal alone are a part each. Comments,
 * blank lines and imports are none. Code that shares a name, such as a function and its call, is one
 * part, and unrelated code beside it is let pass: only what is surely another change is called one.
 */
export function severalChanges(diff: string, account: Account | null): string | null {
  const said = account?.changes.map((line) => line.trim()).filter((line) => line !== '') ?? [];
  if (said.length > 1)
    return `expected one change, found ${said.length} by its author's own account (${said.join('; ')})`;
  const groups = grouped(blocksOf(diff).flatMap(partsOf));
  const alone = groups.filter((group) => group.every(({ setting }) => setting !== null));
  if (groups.length < 2 || alone.length === 0) return null;
  const named = alone.map((group) => group[0]?.setting ?? '').slice(0, 3);
  return `expected one change, found ${groups.length} that have nothing in common; by itself stands ${named.join(', and ')}`;
}

interface Part {
  readonly names: ReadonlySet<string>;
  /** `rate = 0.1 → rate = 0.2`, where that is all it does. */
  readonly setting: string | null;
}

function partsOf({ removed, added }: Block): readonly Part[] {
  const [old, young] = [removed, added].map((lines) => lines.filter(isCode)) as [
    string[],
    string[],
  ];
  const pairs = young.map((line, i) => [old[i] ?? '', line] as const);
  const settings = pairs.filter(([a, b]) => a !== b);
  if (old.length === young.length && settings.every(([a, b]) => shape(a) === shape(b)))
    return settings.map(([a, b]) => ({
      names: namesIn([a, b]),
      setting: `${a.trim()} → ${b.trim()}`.slice(0, 120),
    }));
  const lines = [...old, ...young];
  return lines.length === 0 ? [] : [{ names: namesIn(lines), setting: null }];
}

const isCode = (line: string): boolean =>
  !/^\s*(?:$|#|\/\/|\/?\*|import\b|from\s+\S+\s+import\b)/.test(line);

/** A line with every literal in it made the same. */
const shape = (line: string): string =>
  line
    .replace(/(['"`])(?:(?!\1)[^\\]|\\.)*\1/g, '•')
    .replace(
      /\b(?:true|false|True|False|None|null)\b|(?<![\w.])-?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[-+]?\d+)?/gi,
      '•',
    )
    .replace(/\s+/g, ' ')
    .trim();

/** Parts that share a name, directly or by way of others, are one group. */
function grouped(parts: readonly Part[]): readonly (readonly Part[])[] {
  let groups: Part[][] = [];
  for (const part of parts) {
    const joined = groups.filter((group) => group.some(({ names }) => share(names, part.names)));
    groups = [...groups.filter((group) => !joined.includes(group)), [...joined.flat(), part]];
  }
  return groups;
}
