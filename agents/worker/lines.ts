/** Where lines stand among others, to the letter. */

/** Every place, from 0, at which the wanted lines stand one after the other. */
export function foundAt(lines: readonly string[], wanted: readonly string[]): readonly number[] {
  const [first] = wanted;
  const places: number[] = [];
  for (let at = 0; at + wanted.length <= lines.length; at += 1)
    if (lines[at] === first && wanted.every((line, i) => lines[at + i] === line)) places.push(at);
  return places;
}

/**
 * The place that comes closest, and the first line there that differs; null where no line is like
 * any. Closest is where most lines agree but for blanks, and of those the first.
 */
export function nearestTo(
  lines: readonly string[],
  wanted: readonly string[],
): { readonly line: number; readonly found: string; readonly expected: string } | null {
  let best = 0;
  let place = -1;
  for (let at = 0; at < lines.length; at += 1) {
    const score = wanted.reduce((sum, line, i) => sum + alike(lines[at + i] ?? '', line), 0);
    if (score > best) [best, place] = [score, at];
  }
  if (place < 0 || best < wanted.length / 4) return null;
  const off = wanted.findIndex((line, i) => lines[place + i] !== line);
  return { line: place + off + 1, found: lines[place + off] ?? '', expected: wanted[off] ?? '' };
}

/** 1 for the same words, else the share of the words that both have. */
export function alike(a: string, b: string): number {
  const [mine, theirs] = [wordsOf(a), wordsOf(b)];
  if (mine.length === 0 || theirs.length === 0) return 0;
  const left = [...theirs];
  let common = 0;
  for (const word of mine) {
    const at = left.indexOf(word);
    if (at < 0) continue;
    left.splice(at, 1);
    common += 1;
  }
  return (2 * common) / (mine.length + theirs.length);
}

/** Names, numbers and single marks. */
const wordsOf = (line: string): readonly string[] => line.match(/[\w.]+|[^\s\w]/g) ?? [];
