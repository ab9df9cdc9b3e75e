import { open, rm } from 'node:fs/promises';
import { LabError } from '../orchestrator/domain/errors.ts';
import { createLineSplitter } from './lines.ts';
import type { Point } from './metrics.ts';
import { openPlain } from './plain.ts';

export const METRICS_NDJSON = 'metrics.ndjson';

/** metrics.ndjson: a run's points as they come, a line each, for whoever watches. */
export interface PointsFile {
  add(point: Point): void;
  /** Resolves when little enough waits to be written. */
  settled(): Promise<void> | void;
  close(): Promise<void>;
  readonly error: Error | null;
}

const FLUSH_MS = 300;
const FLUSH_CHARACTERS = 256 * 1024;

/** Opens the file empty. Trouble with the disk is remembered, not thrown. */
export async function openPoints(file: string): Promise<PointsFile> {
  // Setup could write to this folder, and may have put a link there.
  await rm(file, { recursive: true, force: true });
  const handle = await open(file, 'w');
  let waiting = '';
  let writing: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | null = null;
  let error: Error | null = null;
  const beginnings = new Map<string, string>();

  const beginningOf = (key: string): string => {
    const known = beginnings.get(key) ?? `{"key":${JSON.stringify(key)},"step":`;
    beginnings.set(key, known);
    return known;
  };

  const put = async (before: Promise<void>, text: string): Promise<void> => {
    await before;
    try {
      if (text !== '' && error === null) await handle.writeFile(text);
    } catch (cause) {
      error = cause as Error;
    }
  };

  const flush = (): Promise<void> => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const text = waiting;
    waiting = '';
    writing = put(writing, text);
    return writing;
  };

  return {
    get error() {
      return error;
    },
    // `{"key":"loss","step":3,"time":1763700000000,"value":0.4}`; NaN and infinities are strings.
    // Put together by hand: JSON.stringify takes three times as long.
    add({ key, step, time, value }) {
      const number = Number.isFinite(value) ? value : `"${value}"`;
      waiting += `${beginningOf(key)}${step},"time":${time},"value":${number}}\n`;
      timer ??= setTimeout(() => void flush(), FLUSH_MS);
    },
    settled: () => (waiting.length > FLUSH_CHARACTERS ? flush() : undefined),
    async close() {
      await flush();
      await handle.close();
    },
  };
}

/**
 * Reads such a file again, a batch of lines at a time; a torn last line is left out. Throws LabError
 * failed where the script took the file away, or put something else in its place.
 */
export async function* readPoints(file: string): AsyncGenerator<readonly Point[]> {
  let batch: Point[] = [];
  const lines = createLineSplitter(1 << 20, (line) => {
    try {
      const point = pointIn(JSON.parse(line));
      if (point) batch.push(point);
    } catch {
      // Torn when the machine went down.
    }
  });
  const handle = await openPlain(file);
  if (handle === null) {
    const message = `expected ${file} to be the plain file that the run's points were written to, found none: the script must leave it alone`;
    throw new LabError('failed', message, file);
  }
  try {
    for await (const chunk of handle.createReadStream({ autoClose: false })) {
      lines.push(chunk as Buffer);
      yield batch;
      batch = [];
    }
  } finally {
    await handle.close();
  }
}

/** The latest time that a date can hold, milliseconds since 1970. */
const LATEST = 8.64e15;

/** Null where it is no point: scripts and archives may write there, too. */
function pointIn(found: unknown): Point | null {
  if (typeof found !== 'object' || found === null) return null;
  const { key, step, time, value } = found as Readonly<Record<string, unknown>>;
  if (typeof key !== 'string' || typeof time !== 'number' || Math.abs(time) > LATEST) return null;
  if (step !== null && !Number.isSafeInteger(step)) return null;
  if (typeof value !== 'number' && typeof value !== 'string') return null;
  return { key, step: step as number | null, time, value: Number(value) };
}
