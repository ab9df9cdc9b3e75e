/** A diff as git writes it, in one hunk: the lines that differ between a common head and tail. */
export function diffBetween(
  path: string,
  before: readonly string[],
  now: readonly string[],
): string {
  let head = 0;
  while (head < before.length && before[head] === now[head]) head += 1;
  let tail = 0;
  while (
    tail < before.length - head &&
    before.at(-1 - tail) === now.at(-1 - tail) &&
    tail < now.length - head
  )
    tail += 1;
  const old = before.slice(head, before.length - tail);
  const young = now.slice(head, now.length - tail);
  // Lines in the middle that both have are neither added nor removed.
  const added = young.filter((line) => !old.includes(line));
  const removed = old.filter((line) => !young.includes(line));
  if (added.length + removed.length === 0) return '';
  const body = [...removed.map((line) => `-${line}`), ...added.map((line) => `+${line}`)];
  return [
    `diff --git a/${path} b/${path}`,
    `--- a/${path}`,
    `+++ b/${path}`,
    `@@ -${head + 1},${removed.length} +${head + 1},${added.length} @@`,
    ...body,
    '',
  ].join('\n');
}

/**
 * A diff with a hunk, without context, for each place where lines differ, of files whose lines are
 * all different.
 */
export function hunks(path: string, before: readonly string[], now: readonly string[]): string {
  const parts: string[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < now.length) {
    if (before[i] === now[j]) {
      parts.push(`@@ -${i + 1},1 +${j + 1},1 @@`, ` ${before[i]}`);
      [i, j] = [i + 1, j + 1];
      continue;
    }
    const kept = before.findIndex((line, at) => at >= i && now.includes(line, j));
    const next = kept < 0 ? before.length : kept;
    const until = kept < 0 ? now.length : now.indexOf(before[kept] ?? '', j);
    parts.push(
      `@@ -${i + 1},${next - i} +${j + 1},${until - j} @@`,
      ...before.slice(i, next).map((line) => `-${line}`),
      ...now.slice(j, until).map((line) => `+${line}`),
    );
    [i, j] = [next, until];
  }
  return [`diff --git a/${path} b/${path}`, `--- a/${path}`, `+++ b/${path}`, ...parts, ''].join(
    '\n',
  );
}
