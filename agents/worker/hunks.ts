import type { Edit } from './edits.ts';

/**
 * A unified diff as a model writes it: what a hunk removes and keeps is searched for, so that line
 * counts in its header may be wrong, as they mostly are. Paths stand below `a/` and `b/`, or plain.
 */
export function hunksOf(lines: readonly string[]): {
  readonly edits: readonly Edit[];
  readonly problems: readonly string[];
} {
  const edits: Edit[] = [];
  const problems: string[] = [];
  let path: string | null = null;
  let deleted = false;
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const next = lines[at + 1] ?? '';
    if (line.startsWith('--- ') && next.startsWith('+++ ')) {
      const [old, young] = [pathIn(line), pathIn(next)];
      path = young ?? old;
      deleted = young === null;
      at += 1;
      continue;
    }
    const header = /^@@(?: -(\d+))?.*@@/.exec(line);
    if (!header) continue;
    if (path === null) {
      problems.push(`line ${at + 1} of the reply: expected --- and +++ lines above the hunk`);
      continue;
    }
    const body = bodyOf(lines.slice(at + 1));
    const kept = (other: string): string[] =>
      body.filter((each) => !each.startsWith(other)).map((each) => each.slice(1));
    const place = header[1] === undefined ? null : Number(header[1]);
    edits.push({ path, search: kept('+'), replace: deleted ? null : kept('-'), at: place });
    at += body.length;
  }
  return { edits, problems };
}

/** Lines of a hunk; an empty one is a line of context that lost its blank, unless the hunk ends there. */
function bodyOf(lines: readonly string[]): readonly string[] {
  const end = lines.findIndex(
    (line, i) =>
      !/^[ +\\-]/.test(line) && !(line === '' && /^[ +-](?!-- )/.test(lines[i + 1] ?? '')),
  );
  const until = lines.findIndex(
    (line, i) => line.startsWith('--- ') && (lines[i + 1] ?? '').startsWith('+++ '),
  );
  const stops = [end, until].filter((at) => at >= 0);
  return lines
    .slice(0, stops.length === 0 ? lines.length : Math.min(...stops))
    .filter((line) => !line.startsWith('\\'))
    .map((line) => (line === '' ? ' ' : line));
}

/** Null for /dev/null. */
function pathIn(header: string): string | null {
  const name = header
    .slice(4)
    .replace(/\t.*$/, '')
    .trim()
    .replace(/^"(.*)"$/, '$1');
  return name === '/dev/null' ? null : name.replace(/^[ab]\//, '');
}
