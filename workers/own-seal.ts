import { join } from 'node:path';
import type { OwnRunId } from '../orchestrator/domain/ids.ts';
import type { EndFile } from '../orchestrator/domain/own-run-files.ts';
import type { OwnDetails, OwnEnd } from '../orchestrator/domain/own-run.ts';
import type { Objective } from '../orchestrator/domain/plan.ts';
import { listArtifacts } from './artifacts.ts';
import { LIMITS } from './attempt.ts';
import { createLineSplitter } from './lines.ts';
import { createMetricsReader, type MetricsReader } from './metrics.ts';
import { lastWritten, type OwnOpening } from './own-files.ts';
import { ownMetrics } from './own-metrics.ts';
import { ownOutcome } from './own-outcome.ts';
import { paramsOf } from './params.ts';
import { openPlain } from './plain.ts';
import { objectiveOf, summaryOf } from './readings.ts';

/** A run of one's own that is over, or seems to be. */
export interface OwnOrder {
  readonly run: OwnRunId;
  readonly attempt: number;
  readonly folder: string;
  readonly opening: OwnOpening;
  /** Null where it left no word and its process is gone. */
  readonly end: EndFile | null;
  /** The plan's, where there is one that can be read. */
  readonly objective: Objective | null;
  readonly writeLargeParquet: (ndjson: string, parquet: string, run: string) => Promise<void>;
}

/**
 * Makes of a folder what the notebook records: writes metrics.parquet into it, and says how it ended
 * and what it was. What cannot be read is left out, and said. Throws where the disk is full, or cannot
 * be read at all: then it is to be tried again.
 */
export async function sealOwnRun(
  order: OwnOrder,
): Promise<{ readonly end: OwnEnd; readonly details: OwnDetails }> {
  const { folder, opening, end, objective, attempt } = order;
  const ended = end?.ended ?? new Date(await lastWritten(folder)).toISOString();
  const { metrics, points } = await ownMetrics(order, Date.parse(ended));
  const printed = await printedIn(join(folder, 'run.log'), objective?.metric ?? '');
  const found = objective && objectiveOf(metrics, objective, null, 'the script');
  const texts = new Map([...printed.texts, ...metrics.texts]);
  const said = found?.failure?.class === 'no_metric' ? null : found;
  return {
    end: {
      ...{ attempt, ended, metric_points: points, sample_rows: 0 },
      ...ownOutcome(end, said?.failure ?? null),
      seconds: Math.max(0, (Date.parse(ended) - Date.parse(opening.start.started)) / 1000),
      objective: said?.objective ?? null,
      tier: said ? 'self_reported' : null,
    },
    details: {
      params: paramsOf({
        ...{ knobs: {}, words: opening.start.command, env: {} },
        ...{ logged: opening.config, printed: printed.printed },
      }),
      summary: summaryOf({ series: metrics.series, texts }, null),
      artifacts: await listArtifacts(join(folder, 'artifacts')),
      words: { findings: [], tags: [], group: null },
      remarks: [...opening.remarks, ...(end?.remarks ?? []), ...metrics.remarks],
    },
  };
}

/** What a log says besides numbers: these were read when they came, and their times with them. */
async function printedIn(
  file: string,
  objective: string,
): Promise<Pick<MetricsReader, 'texts' | 'printed'>> {
  const reader = createMetricsReader({
    ...{ objective, onPoint: () => undefined, maxPoints: 0 },
    maxKeys: LIMITS.metric_keys,
  });
  const handle = await openPlain(file);
  if (handle === null) return reader;
  try {
    const lines = createLineSplitter(LIMITS.line_characters, (line) => reader.line(line, 0));
    for await (const chunk of handle.createReadStream({ autoClose: false }))
      lines.push(chunk as Buffer);
    lines.end();
    reader.end(0);
  } finally {
    await handle.close();
  }
  return reader;
}
