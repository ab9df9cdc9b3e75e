import { green, oneLine, red } from '../output.ts';

/** A unified diff as a terminal shows it: safe, each line kept apart, what comes and goes in colour. */
export const paintDiff = (diff: string): string =>
  diff
    .trimEnd()
    .split('\n')
    .map((line) => {
      const shown = asItStands(line);
      if (/^\+(?!\+\+)/.test(line)) return green(shown);
      return /^-(?!--)/.test(line) ? red(shown) : shown;
    })
    .join('\n');

/** A line of somebody's text, safe for a terminal, its indent kept. */
export const asItStands = (line: string): string => {
  const indent = /^[ \t]*/.exec(line)?.[0].replaceAll('\t', '  ') ?? '';
  return indent + oneLine(line);
};
