import { createLineSplitter } from './lines.ts';
import { parseLiteral, type Literal } from './literal.ts';
import { openPlain } from './plain.ts';

/** Follows the metrics.jsonl that a script may write into its run's folder. */
export interface ScriptMetrics {
  /** Reads what was added since the last call, a slice at a time. Resolves to how many bytes. */
  poll(): Promise<number>;
}

const CHUNK = 256 * 1024;
const LONGEST_LINE = 1 << 20;

/**
 * Hands over each object on a whole line, with its time in milliseconds: its own `time` or
 * `_timestamp` (seconds, milliseconds or ISO 8601), else now. A torn last line waits for its end.
 */
export function followScriptMetrics(
  file: string,
  now: () => number,
  onRecord: (value: Literal, time: number) => void,
  /** Awaited after each slice, so that nothing piles up. */
  settled: () => Promise<void> | void = () => undefined,
): ScriptMetrics {
  let offset = 0;
  /** One for all of a slice: the clock costs more than a record. */
  let read = 0;
  const lines = createLineSplitter(LONGEST_LINE, (line) => {
    const text = line.trim();
    const value = text.startsWith('{') ? parseLiteral(text) : undefined;
    if (value !== undefined) onRecord(value, timeOf(value) ?? read);
  });

  const poll = async (): Promise<number> => {
    const handle = await openPlain(file);
    if (handle === null) return 0;
    const before = offset;
    try {
      const chunk = Buffer.allocUnsafe(CHUNK);
      for (;;) {
        const { bytesRead } = await handle.read(chunk, 0, CHUNK, offset);
        if (bytesRead === 0) return offset - before;
        offset += bytesRead;
        read = now();
        lines.push(chunk.subarray(0, bytesRead));
        await settled();
      }
    } finally {
      await handle.close();
    }
  };

  // Two polls at once would read the same bytes twice.
  let last: Promise<number> = Promise.resolve(0);
  return {
    poll() {
      last = last.then(poll).catch(() => 0);
      return last;
    },
  };
}

/** Later than this many seconds after 1970 is meant in milliseconds. */
const MILLISECONDS_FROM = 1e11;
/** The last millisecond that a date can hold. */
const LATEST = 8.64e15;

function timeOf(value: Literal): number | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const record = value as Readonly<Record<string, Literal>>;
  const time = record['time'] ?? record['_timestamp'];
  const parsed =
    typeof time === 'string' ? Date.parse(time) : typeof time === 'number' ? time : Number.NaN;
  if (!Number.isFinite(parsed) || parsed < 1e9 || parsed > LATEST) return null;
  return Math.round(parsed < MILLISECONDS_FROM ? parsed * 1000 : parsed);
}
