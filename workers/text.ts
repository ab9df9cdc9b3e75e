const ESCAPE = String.fromCharCode(27);
const BELL = String.fromCharCode(7);
const ANSI = new RegExp(
  `${ESCAPE}(?:\\[[0-?]*[ -/]*[@-~]|\\][^${BELL}${ESCAPE}]*(?:${BELL}|${ESCAPE}\\\\)|[@-Z\\\\-_])`,
  'g',
);
const CONTROL = /[^\P{Cc}\t\n]/gu;

/** Text without colours and control characters; tabs and newlines stay. */
export function plain(text: string): string {
  const uncoloured = text.includes(ESCAPE) ? text.replace(ANSI, '') : text;
  return uncoloured.replace(CONTROL, '');
}
