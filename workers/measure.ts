import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { experimentOf } from '../orchestrator/domain/ids.ts';
import type { Artifact } from '../orchestrator/domain/run.ts';
import { collectArtifacts } from './artifacts.ts';
import type { Attempt } from './attempt.ts';
import { bestCheckpoint, withSaved, type BestCheckpoint } from './checkpoints.ts';
import type { Facts } from './facts.ts';
import { syncFile, writeFirst } from './files.ts';
import { planPart } from './manifest-plan.ts';
import type { Manifest } from './manifest.ts';
import type { Measured } from './pristine.ts';
import { writeMetrics } from './parquet.ts';
import { METRICS_NDJSON } from './points.ts';
import { readingsOf } from './readings.ts';
import { onceThereIsRoom } from './room.ts';
import { SAMPLES_PARQUET, writeSamples, type Samples } from './samples.ts';
import { withoutSecrets } from './secrets.ts';
import { trainingFailure, type Trained } from './train.ts';

export interface Kept {
  readonly artifacts: readonly Artifact[];
  readonly best: BestCheckpoint | null;
  /** Points in metrics.parquet. */
  readonly points: number;
  /** Rows in samples.parquet. */
  readonly samples: number;
}

/**
 * Brings the artifacts in and writes metrics.parquet, samples.parquet and manifest.json, which wait for room where
 * the disk is full; an artifact that finds none is left out, and the manifest says so.
 */
export async function keep(
  attempt: Attempt,
  trained: Trained,
  measured: readonly Measured[],
  facts: Facts,
  remarks: readonly string[],
): Promise<Kept> {
  const { order, folder, cwd } = attempt;
  const { logged, metrics } = trained;
  const odd: string[] = [];
  const remark = (text: string): void => void odd.push(text);
  const files = await collectArtifacts(
    cwd,
    order.plan.run.keep,
    join(folder, 'artifacts'),
    (path) => remark(`no room on the disk for ${path}: it was not kept`),
  );
  const saved = withSaved(files, logged.artifacts, remark);
  const points = await onceThereIsRoom(attempt, 'metrics', () => writePoints(attempt, trained));
  const samples = await onceThereIsRoom(attempt, 'samples', () => keepSamples(attempt));
  const ndjson = join(folder, METRICS_NDJSON);
  const best = await bestCheckpoint(ndjson, metrics.series, order.plan.objective, saved);
  const artifacts = saved.map((one) =>
    best?.artifacts.includes(one) ? { ...one, best: true as const } : one,
  );
  const all = [...remarks, ...odd, ...logged.remarks, ...samples.remarks];
  await onceThereIsRoom(attempt, 'manifest', () =>
    writeManifest(attempt, trained, measured, facts, all),
  );
  return { artifacts, best, points, samples: samples.rows };
}

async function writePoints(
  { workshop, folder, order }: Attempt,
  { metrics, points_error }: Trained,
): Promise<number> {
  const ndjson = join(folder, METRICS_NDJSON);
  const parquet = join(folder, 'metrics.parquet');
  const large = workshop.writeLargeParquet;
  // What was cut off somewhere is for a reader that does without its last line.
  if (large !== null && metrics.points > workshop.limits.large_points && points_error === null) {
    // DuckDB follows links, and the run could write to this folder.
    await rm(parquet, { recursive: true, force: true });
    await large(ndjson, parquet, order.run);
    await syncFile(parquet);
    return metrics.points;
  }
  const rows = await writeMetrics(ndjson, parquet, order.run);
  await syncFile(parquet);
  return rows;
}

async function keepSamples({ folder, order }: Attempt): Promise<Samples> {
  const samples = await writeSamples(folder, order.run);
  if (samples.rows > 0) await syncFile(join(folder, SAMPLES_PARQUET));
  return samples;
}

async function writeManifest(
  attempt: Attempt,
  trained: Trained,
  measured: readonly Measured[],
  facts: Facts,
  remarks: readonly string[],
): Promise<void> {
  const { call, done, metrics } = trained;
  const { order, folder } = attempt;
  const { plan } = order;
  const manifest: Manifest = {
    version: 1,
    run: order.run,
    experiment: experimentOf(order.run),
    attempt: order.attempt,
    slot: order.slot,
    seed: order.seed,
    commit: order.commit,
    base: order.base,
    command: order.command.command,
    arguments: [...call.argv],
    directory: plan.workspace.directory,
    timeout_seconds: plan.run.timeout,
    env: { ...order.command.env },
    env_names: plan.run.env_from.filter((name) => attempt.workshop.user[name] !== undefined),
    gpus: order.gpus === null ? null : [...order.gpus],
    environment_key: facts.environment_key,
    hardware: facts.hardware,
    versions: facts.versions,
    packages: facts.packages,
    locks: facts.locks,
    data: [...facts.data],
    ended: {
      exit_code: done.exit_code,
      signal: done.signal,
      processes_left_behind: done.left_behind,
    },
    evaluated: howItWas(measured.find(({ by }) => by === 'evaluate')),
    ...(plan.score === undefined
      ? {}
      : { scored: howItWas(measured.find(({ by }) => by === 'score')) }),
    ...(order.variant === undefined ? {} : { variant: order.variant }),
    peak_memory_mb: done.peak_memory_mb,
    plan: planPart(plan),
    outcome: done.ended_by === 'abort' ? null : outcomeOf(attempt, trained, measured),
    remarks: [...remarks, ...metrics.remarks],
  };
  await writeFirst(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

const howItWas = (measured: Measured | undefined) =>
  measured === undefined
    ? null
    : {
        arguments: [...measured.call.argv],
        exit_code: measured.done.exit_code,
        signal: measured.done.signal,
      };

/** So that a manifest that was copied away alone still says what a rerun is to be compared with. */
function outcomeOf(
  attempt: Attempt,
  trained: Trained,
  measured: readonly Measured[],
): Manifest['outcome'] {
  const { objective, failure, summary, tier } = readingsOf(attempt, trained, measured);
  const found = trainingFailure(attempt, trained) ?? failure;
  const why = found && withoutSecrets(found, attempt);
  return {
    objective: objective === null ? null : spelt(objective),
    tier,
    failure: why === null ? null : { class: why.class, message: why.message },
    summary: Object.fromEntries(
      summary.flatMap(({ key, number }) => (number === null ? [] : [[key, spelt(number)]])),
    ),
  };
}

/** JSON has no word for numbers that are not finite. */
const spelt = (value: number): number | 'NaN' | 'Infinity' | '-Infinity' => {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
};
