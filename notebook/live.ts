import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';

import type { AnyRunId } from '../orchestrator/domain/ids.ts';
import { EXPERIMENTS_DIR, NOTEBOOK_DIR } from '../orchestrator/domain/layout.ts';
import type { State } from '../orchestrator/domain/state.ts';
import { sourceOf } from './intake.ts';
import { wholeLines } from './lines.ts';
import type { Row } from './table.ts';

/** Of a run that trains, so much is read: about 400,000 points. The rest follows at intake. */
const MOST_BYTES = 32 << 20;

/** The lab's `experiments/` folder, seen from the notebook's. */
export const usualRunsDir = (dir: string): string =>
  resolve(dir, relative(NOTEBOOK_DIR, EXPERIMENTS_DIR));

export type LiveRow = Row & { readonly run_id: AnyRunId };

/** Points that running runs have logged so far, as rows of metrics. */
export async function liveMetrics(state: State, runsDir: string): Promise<readonly LiveRow[]> {
  const rows: LiveRow[] = [];
  for (const { id, attempt, status } of state.runs.values()) {
    if (status !== 'running') continue;
    const file = join(dirname(sourceOf(runsDir, id, attempt)), 'metrics.ndjson');
    for (const line of wholeLines(await beginningOf(file, MOST_BYTES)).lines) {
      const row = pointOf(id, line);
      if (row) rows.push(row);
    }
  }
  return rows;
}

/** A script may have put a link or a pipe there, and who opened that would wait for ever. */
const HOW = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The first bytes of a file; none where there is none, or something else in its place. */
export async function beginningOf(path: string, most: number): Promise<Buffer> {
  // It has not logged anything yet, or what lies there is not for us: one run costs no question.
  const handle = await open(path, HOW).catch(() => null);
  if (!handle) return Buffer.alloc(0);
  try {
    const found = await handle.stat();
    const size = found.isFile() ? Math.min(found.size, most) : 0;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size), 0, size, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Null where the line is no point: it is a script's folder, and not ours alone. */
export function pointOf(run: AnyRunId, line: Buffer): LiveRow | null {
  try {
    const { key, step, time, value } = JSON.parse(line.toString('utf8')) as Partial<
      Record<string, unknown>
    >;
    if (typeof key !== 'string' || typeof time !== 'number') return null;
    return {
      ...{ run_id: run, key, step: typeof step === 'number' ? step : null },
      ...{ time: new Date(time).toISOString(), value: Number(value) },
    };
  } catch {
    return null;
  }
}
