import { linesOf } from './diff-lines.ts';

/**
 * A line that a change replaces and a repair brings back, so that the change comes to nothing: it
 * sets the same name, or returns, behind the change or as the other side of a condition. Ahead of
 * the change it may stand, as the value to start from.
 */
export function takenBack(original: string, repaired: string): readonly string[] {
  const before = sides(original);
  const now = sides(repaired);
  const targets = new Set(before.added.flatMap((line) => targetOf(line) ?? []));
  const stands = ({ added, removed }: Sides, line: string): number =>
    count(added, line) - count(removed, line);
  return before.removed.flatMap((line) => {
    const target = targetOf(line);
    if (target === null || !targets.has(target)) return [];
    const back = stands(now, line) > stands(before, line) && isLast(repaired, line, target);
    const aside = now.added.some((other) => ASIDE.test(headOf(other, valueOf(line))));
    return back || aside
      ? [
          `expected the change to be at work, found what it replaces: ${JSON.stringify(line.slice(0, 160))}`,
        ]
      : [];
  });
}

interface Sides {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

const sides = (diff: string): Sides => {
  const files = linesOf(diff);
  const trimmed = (lines: readonly string[]): readonly string[] => lines.map((line) => line.trim());
  return {
    added: files.flatMap(({ added }) => trimmed(added)),
    removed: files.flatMap(({ removed }) => trimmed(removed)),
  };
};

const count = (lines: readonly string[], wanted: string): number =>
  lines.filter((line) => line === wanted).length;

/** Whether nothing that the repair adds sets the name behind the line; also where it is far away. */
function isLast(diff: string, line: string, target: string): boolean {
  const young = diff.split('\n').filter((each) => /^(?:\+(?!\+\+ )| )/.test(each));
  const at = young.findLastIndex((each) => each.slice(1).trim() === line);
  const sets = young.findLastIndex(
    (each) =>
      each.startsWith('+') && targetOf(each.slice(1)) === target && each.slice(1).trim() !== line,
  );
  return at < 0 || at > sets;
}

const ASSIGNS =
  /^\s*(?:(?:const|let|var)\s+)?([\w.$[\]'"]+|return)\s*(?:=(?!=)|(?<=return)\s)\s*(\S.*?);?\s*$/;
const ASIDE = /(?:\belse|\bor|\|\||:)\s*$/;

const targetOf = (line: string): string | null => ASSIGNS.exec(line)?.[1] ?? null;
const valueOf = (line: string): string => ASSIGNS.exec(line)?.[2] ?? '';

/** What stands before a value at a line's end; empty where it does not end so. */
function headOf(line: string, value: string): string {
  const text = line.replace(/;$/, '');
  return value !== '' && text.endsWith(value) ? text.slice(0, -value.length) : '';
}
