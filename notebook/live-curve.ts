import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { RunId } from '../orchestrator/domain/ids.ts';
import { errorCode } from './durable.ts';
import { sourceOf } from './intake.ts';
import { wholeLines } from './lines.ts';

/** How a number of a run went so far, in few values. */
export interface Curve {
  readonly metric: string;
  /** Means of equally many points each, in order; NaN where none of them was finite. */
  readonly values: readonly number[];
  /** The last one logged. */
  readonly last: number;
  readonly step: number | null;
}

/** Follows the points that a run logs while it trains. */
export interface CurveReader {
  /** Reads what is new, at most MOST_BYTES at a time. Null before there is a number worth drawing. */
  read(): Promise<Curve | null>;
}

/** A look costs at most so much, some 12,000 points. */
const MOST_BYTES = 1 << 20;
/** Further behind than this, the middle is left out, so that the last value is a fresh one. */
const TOO_FAR_BYTES = 16 << 20;
const MOST_VALUES = 256;

/** What stands for the objective until the run logs it, best first. */
const TELLING = [
  /loss|nll|perplexity|ppl|bp[bc]\b|error|mse|mae|rmse/i,
  /acc|reward|score|auc|f1/i,
];

/** Where an attempt's points lie while it runs. `runsDir` is the lab's `experiments/`. */
export const pointsOf = (runsDir: string, run: RunId, attempt: number): string =>
  join(dirname(sourceOf(runsDir, run, attempt)), 'metrics.ndjson');

/** `objective` is the metric to follow; until it is logged, the first that is like a loss. */
export function followCurve(file: string, objective: string): CurveReader {
  let offset = 0;
  let wanted: Series | null = null;
  let standIn: (Series & { readonly rank: number }) | null = null;

  const take = (point: Point): void => {
    if (point.key === objective) (wanted ??= series(objective)).add(point);
    else if (wanted === null) {
      const rank = TELLING.findIndex((pattern) => pattern.test(point.key));
      if (rank >= 0 && (standIn === null || rank < standIn.rank))
        standIn = { ...series(point.key), rank };
      if (standIn?.metric === point.key) standIn.add(point);
    }
  };

  return {
    async read() {
      const chunk = await bytesBehind(file, offset);
      if (chunk) {
        if (chunk.from === 0) [wanted, standIn] = [null, null];
        const { lines, end } = wholeLines(chunk.bytes);
        // A line that fills a whole look is no point of ours.
        const skip = end === 0 && chunk.bytes.length === MOST_BYTES;
        offset = chunk.from + (skip ? MOST_BYTES : end);
        for (const line of lines) {
          const point = pointIn(line);
          if (point) take(point);
        }
      }
      return (wanted ?? standIn)?.curve() ?? null;
    },
  };
}

interface Point {
  readonly key: string;
  readonly step: number | null;
  readonly value: number;
}

/** Null where nothing is new. A file that shrank was begun anew. */
async function bytesBehind(
  path: string,
  offset: number,
): Promise<{ readonly from: number; readonly bytes: Buffer } | null> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return null; // it has not logged anything yet, or is taken in
    throw error;
  });
  if (!handle) return null;
  try {
    const { size } = await handle.stat();
    if (size === offset) return null;
    let from = size < offset ? 0 : offset;
    if (size - from > TOO_FAR_BYTES) from = size - MOST_BYTES;
    const length = Math.min(size - from, MOST_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, from);
    return { from, bytes: buffer.subarray(0, bytesRead) };
  } finally {
    await handle.close();
  }
}

/** Null where the line is no point: it is a script's folder, and not ours alone. */
function pointIn(line: Buffer): Point | null {
  try {
    const { key, step, value } = JSON.parse(line.toString('utf8')) as Record<string, unknown>;
    if (typeof key !== 'string') return null;
    return { key, step: typeof step === 'number' ? step : null, value: Number(value) };
  } catch {
    return null;
  }
}

interface Series {
  readonly metric: string;
  add(point: Point): void;
  curve(): Curve;
}

/** Keeps at most MOST_VALUES means: when they are full, each two become one. */
function series(metric: string): Series {
  let values: number[] = [];
  let each = 1;
  let waiting: number[] = [];
  let last: Point | null = null;
  const halve = (): void => {
    values = values.flatMap((value, i) => (i % 2 ? [] : [mean([value, values[i + 1] ?? NaN])]));
    each *= 2;
  };
  return {
    metric,
    add(point) {
      last = point;
      waiting.push(point.value);
      if (waiting.length < each) return;
      values.push(mean(waiting));
      waiting = [];
      if (values.length >= MOST_VALUES) halve();
    },
    curve: () => ({
      metric,
      values: waiting.length > 0 ? [...values, mean(waiting)] : [...values],
      last: last?.value ?? NaN,
      step: last?.step ?? null,
    }),
  };
}

function mean(values: readonly number[]): number {
  const finite = values.filter((value) => Number.isFinite(value));
  return finite.length === 0 ? NaN : finite.reduce((sum, value) => sum + value, 0) / finite.length;
}
