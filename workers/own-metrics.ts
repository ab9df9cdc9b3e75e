import { lstat, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS } from './attempt.ts';
import { syncFile } from './files.ts';
import { createMetricsReader, type MetricsReader } from './metrics.ts';
import type { OwnOrder } from './own-seal.ts';
import { writeMetrics } from './parquet.ts';
import { METRICS_NDJSON, openPoints, readPoints } from './points.ts';
import { followScriptMetrics } from './script-metrics.ts';

/**
 * All numbers of a run of one's own: what `autolab run` read in its output (metrics.ndjson), and
 * what a logger wrote (metrics.jsonl). Leaves them in metrics.parquet; `points`: how many.
 * `ended` (milliseconds since 1970) is the time of those that have none.
 */
export async function ownMetrics(
  order: OwnOrder,
  ended: number,
): Promise<{ readonly metrics: MetricsReader; readonly points: number }> {
  const { folder, objective } = order;
  // Another process may be at the same run, to write the same.
  const ndjson = join(folder, `points.${process.pid}.tmp`);
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
    return { metrics, points: metrics.points === 0 ? 0 : await inParquet(order, ndjson, metrics) };
  } finally {
    await points.close().catch(() => undefined);
    await rm(ndjson, { force: true });
  }
}

/** Whole or not at all. */
async function inParquet(
  { folder, run, writeLargeParquet }: OwnOrder,
  ndjson: string,
  { points }: MetricsReader,
): Promise<number> {
  const beside = join(folder, `metrics.${process.pid}.tmp`);
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
