import { open } from 'node:fs/promises';
import { createLineSplitter } from './lines.ts';
import { parseLiteral, type Literal } from './literal.ts';

/** Follows the metrics.jsonl that a script may write into its run's folder. */
export interface ScriptMetrics {
  /** Reads what was added since the last call. */
  poll(): Promise<void>;
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
): ScriptMetrics {
  let offset = 0;
  const lines = createLineSplitter(LONGEST_LINE, (line) => {
    const text = line.trim();
    const value = text.startsWith('{') ? parseLiteral(text) : undefined;
    if (value !== undefined) onRecord(value, timeOf(value) ?? now());
  });

  const poll = async (): Promise<void> => {
    const handle = await open(file, 'r').catch(() => null);
    if (handle === null) return;
    try {
      const chunk = Buffer.alloc(CHUNK);
      for (;;) {
        const { bytesRead } = await handle.read(chunk, 0, CHUNK, offset);
        if (bytesRead === 0) return;
        offset += bytesRead;
        lines.push(chunk.subarray(0, bytesRead));
      }
    } finally {
      await handle.close();
    }
  };

  // Two polls at once would read the same bytes twice.
  let last: Promise<void> = Promise.resolve();
  return {
    poll() {
      last = last.then(poll).catch(() => undefined);
      return last;
    },
  };
}

/** Later than this many seconds after 1970 is meant in milliseconds. */
const MILLISECONDS_FROM = 1e11;

function timeOf(value: Literal): number | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const record = value as Readonly<Record<string, Literal>>;
  const time = record['time'] ?? record['_timestamp'];
  const parsed =
    typeof time === 'string' ? Date.parse(time) : typeof time === 'number' ? time : Number.NaN;
  if (!Number.isFinite(parsed) || parsed < 1e9) return null;
  return Math.round(parsed < MILLISECONDS_FROM ? parsed * 1000 : parsed);
}
