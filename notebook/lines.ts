import { crc32 } from 'node:zlib';

/** Lines that say whether they are whole: `<crc32 of the JSON, 8 hex digits> <JSON>\n`. */

export const checksummed = (json: string): string => `${checksum(json)} ${json}\n`;

const checksum = (text: string | Buffer): string => crc32(text).toString(16).padStart(8, '0');

/** The JSON of a line (without its newline), null where the line is not what was written. */
export function unchecked(line: Buffer): string | null {
  if (line.length < 10 || line[8] !== 0x20) return null;
  const json = line.subarray(9);
  return line.toString('latin1', 0, 8) === checksum(json) ? json.toString('utf8') : null;
}

/** The whole lines of a chunk; `end` is the offset behind the last one's newline. */
export function wholeLines(chunk: Buffer): {
  readonly lines: readonly Buffer[];
  readonly end: number;
} {
  const lines: Buffer[] = [];
  let start = 0;
  for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, start)) {
    lines.push(chunk.subarray(start, at));
    start = at + 1;
  }
  return { lines, end: start };
}
