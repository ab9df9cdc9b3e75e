const FRAME = /^\s+File ".*", line \d+/;

/** Without the lines of source that a Python traceback quotes: they say what might have happened. */
export function withoutSource(text: string): string {
  const lines = text.split('\n');
  return lines
    .filter((line, i) => {
      const quoted = /^\s{4}/.test(line) && FRAME.test(lines[i - 1] ?? '');
      return !FRAME.test(line) && !quoted;
    })
    .join('\n');
}
