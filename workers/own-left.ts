import { randomBytes } from 'node:crypto';
import { lstat, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { OwnRunId } from '../orchestrator/domain/ids.ts';
import type { EndFile } from '../orchestrator/domain/own-run-files.ts';
import type { Objective } from '../orchestrator/domain/plan.ts';
import type { Artifact } from '../orchestrator/domain/run.ts';
import { listArtifacts } from './artifacts.ts';
import { LIMITS } from './attempt.ts';
import { bestCheckpoint, withSaved } from './checkpoints.ts';
import { syncFile } from './files.ts';
import type { LoggedFile } from './logged.ts';
import { createMetricsReader, type MetricsReader } from './metrics.ts';
import type { OwnOpening } from './own-files.ts';
import { writeMetrics } from './parquet.ts';
import { METRICS_NDJSON, openPoints, readPoints } from './points.ts';
import { SAMPLES_PARQUET, writeSamples } from './samples.ts';
import { followScriptMetrics } from './script-metrics.ts';

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

/** What it left besides words. */
export interface OwnLeft {
  readonly metrics: MetricsReader;
  /** Points in metrics.parquet. */
  readonly points: number;
  /** Rows in samples.parquet. */
  readonly samples: number;
  readonly artifacts: readonly Artifact[];
  readonly remarks: readonly string[];
}

/**
 * Writes metrics.parquet and samples.parquet into the folder of a run of one's own: of what
 * `autolab run` read in its output (metrics.ndjson) and of what a logger wrote (metrics.jsonl,
 * samples.jsonl). `ended`, milliseconds since 1970, is the time of numbers that have none.
 */
export async function ownLeft(
  order: OwnOrder,
  logged: LoggedFile,
  ended: number,
): Promise<OwnLeft> {
  const { folder, objective, run } = order;
  const ndjson = join(folder, `points.${alone()}.tmp`);
  try {
    const metrics = await numbersIn(order, ndjson, ended);
    const points = metrics.points === 0 ? 0 : await inParquet(order, ndjson, metrics);
    const samples = await writeSamples(folder, run);
    if (samples.rows > 0) await syncFile(join(folder, SAMPLES_PARQUET));
    const remarks = [...metrics.remarks, ...samples.remarks];
    const files = await listArtifacts(join(folder, 'artifacts'));
    const saved = withSaved(files, logged.artifacts, (text) => remarks.push(text));
    const best = objective && (await bestCheckpoint(ndjson, metrics.series, objective, saved));
    const artifacts = saved.map((one) =>
      best?.artifacts.includes(one) ? { ...one, best: true as const } : one,
    );
    return { metrics, points, samples: samples.rows, artifacts, remarks };
  } finally {
    await rm(ndjson, { force: true });
  }
}

/** All numbers of the run, in the order of their files; its points go to `ndjson`. */
async function numbersIn(
  { folder, objective }: OwnOrder,
  ndjson: string,
  ended: number,
): Promise<MetricsReader> {
  const points = await openPoints(ndjson);
  try {
    const metrics = createMetricsReader({
      ...{ objective: objective?.metric ?? '', onPoint: (point) => points.add(point) },
      ...{ maxKeys: LIMITS.metric_keys, maxPoints: LIMITS.metric_points },
    });
    const heard = join(folder, METRICS_NDJSON);
    if ((await lstat(heard).catch(() => null))?.isFile())
      for await (const batch of readPoints(heard)) {
        for (const point of batch) metrics.point(point);
        await points.settled();
      }
    const said = followScriptMetrics(
      join(folder, 'metrics.jsonl'),
      () => ended,
      (value, time) => metrics.record(value, time),
      () => points.settled(),
    );
    await said.poll();
    await points.close();
    if (points.error !== null) throw points.error;
    return metrics;
  } finally {
    await points.close().catch(() => undefined);
  }
}

/** Somebody else may be at the same run, to write the same. */
const alone = (): string => `${process.pid}-${randomBytes(4).toString('hex')}`;

/** Whole or not at all. */
async function inParquet(
  { folder, run, writeLargeParquet }: OwnOrder,
  ndjson: string,
  { points }: MetricsReader,
): Promise<number> {
  const beside = join(folder, `metrics.${alone()}.tmp`);
  try {
    if (points > LIMITS.large_points) await writeLargeParquet(ndjson, beside, run);
    else await writeMetrics(ndjson, beside, run);
    await syncFile(beside);
    await rename(beside, join(folder, 'metrics.parquet'));
    return points;
  } finally {
    await rm(beside, { force: true });
  }
}
