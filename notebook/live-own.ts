import { dirname, join } from 'node:path';

import type { OwnRun } from '../orchestrator/domain/own-run.ts';
import type { State } from '../orchestrator/domain/state.ts';
import { sourceOf } from './intake.ts';
import { wholeLines } from './lines.ts';
import { beginningOf, pointOf, type LiveRow } from './live.ts';
import type { Manifest } from './manifest.ts';
import { untaken } from './untaken.ts';

/** Of all runs together so much is read; the rest follows when they are taken in. */
const MOST_BYTES = 64 << 20;

/**
 * Points of runs of one's own that are in no file of the notebook yet, as rows of metrics: what
 * `autolab run` read in their output, and what a logger wrote.
 */
export async function liveOwnMetrics(
  state: State,
  manifest: Manifest,
  runsDir: string,
): Promise<readonly LiveRow[]> {
  const rows: LiveRow[] = [];
  let left = MOST_BYTES;
  const running = [...state.own.values()].filter(({ status }) => status === 'running');
  for (const run of [...running, ...untaken(state, manifest)]) {
    const folder = dirname(sourceOf(runsDir, run.id, run.attempt));
    for (const [name, read] of FILES) {
      const bytes = await beginningOf(join(folder, name), left);
      left -= bytes.length;
      for (const line of wholeLines(bytes).lines) rows.push(...read(run, line));
    }
  }
  return rows;
}

const FILES = [
  [
    'metrics.ndjson',
    ({ id }: OwnRun, line: Buffer) => [pointOf(id, line)].filter((row) => row !== null),
  ],
  ['metrics.jsonl', recordOf],
] as const;

/** `{"step": 3, "time": 1763700000000, "loss": 0.5}`, NaN and infinities as bare words or as texts. */
function recordOf({ id, started }: OwnRun, line: Buffer): readonly LiveRow[] {
  const text = line.toString('utf8');
  const found =
    parsed(text) ?? parsed(text.replace(/(:\s*)(NaN|-?Infinity)(?=\s*[,}])/g, '$1"$2"'));
  if (found === null) return [];
  const { step, time, ...values } = found;
  const at =
    typeof time === 'number' && Math.abs(time) < 8.64e15 ? new Date(time).toISOString() : started;
  return Object.entries(values).flatMap(([key, value]) => {
    const number =
      typeof value === 'string' && /^(?:NaN|-?Infinity)$/.test(value) ? Number(value) : value;
    if (typeof number !== 'number') return [];
    return {
      run_id: id,
      key,
      step: Number.isSafeInteger(step) ? (step as number) : null,
      time: at,
      value: number,
    };
  });
}

function parsed(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const found = JSON.parse(text) as unknown;
    return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
