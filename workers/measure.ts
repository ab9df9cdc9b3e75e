import { join } from 'node:path';
import { experimentOf } from '../orchestrator/domain/ids.ts';
import type { Objective } from '../orchestrator/domain/plan.ts';
import type { Artifact, Failure, Param, SummaryValue } from '../orchestrator/domain/run.ts';
import { collectArtifacts } from './artifacts.ts';
import type { Attempt } from './attempt.ts';
import type { Facts } from './facts.ts';
import { syncFile, writeFirst } from './files.ts';
import { planPart } from './manifest-plan.ts';
import type { Manifest } from './manifest.ts';
import { seriesOf, type MetricsReader } from './metrics.ts';
import { paramsOf } from './params.ts';
import { writeMetrics } from './parquet.ts';
import { isFull, onceThereIsRoom } from './room.ts';
import { METRICS_NDJSON, trainingFailure, type Trained } from './train.ts';

/** What a run said, in the form that it is recorded in. */
export interface Readings {
  readonly objective: number | null;
  /** Why the objective cannot be used. */
  readonly failure: Failure | null;
  readonly summary: readonly SummaryValue[];
  readonly params: readonly Param[];
}

const MEMORY = 'peak_memory_mb';

export function readingsOf({ order }: Attempt, trained: Trained): Readings {
  const { metrics, call, done } = trained;
  const { knobs, command } = order;
  const { objective, failure } = objectiveOf(metrics, order.plan.objective, done.peak_memory_mb);
  return {
    objective,
    failure: failure?.class === 'no_metric' ? orFull(trained, failure) : failure,
    summary: summaryOf(metrics, done.peak_memory_mb),
    params: paramsOf({ knobs, words: call.words, env: command.env, printed: metrics.printed }),
  };
}

/** A script that found no room hardly wrote its metrics where we look for them. */
const orFull = ({ done, points_error }: Trained, failure: Failure): Failure =>
  isFull(done.log_error) || isFull(points_error)
    ? { class: 'infrastructure', message: `${failure.message}; the disk was full meanwhile` }
    : failure;

export interface Kept {
  readonly artifacts: readonly Artifact[];
  /** Points in metrics.parquet. */
  readonly points: number;
}

/**
 * Brings the artifacts in and writes metrics.parquet and manifest.json, which wait for room where
 * the disk is full; an artifact that finds none is left out, and the manifest says so.
 */
export async function keep(
  attempt: Attempt,
  trained: Trained,
  facts: Facts,
  remarks: readonly string[],
): Promise<Kept> {
  const { order, folder, cwd } = attempt;
  const missed: string[] = [];
  const artifacts = await collectArtifacts(
    cwd,
    order.plan.run.keep,
    join(folder, 'artifacts'),
    (path) => missed.push(`no room on the disk for ${path}: it was not kept`),
  );
  const points = await onceThereIsRoom(attempt, 'metrics', () => writePoints(attempt, trained));
  await onceThereIsRoom(attempt, 'manifest', () =>
    writeManifest(attempt, trained, facts, [...remarks, ...missed]),
  );
  return { artifacts, points };
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
    await large(ndjson, parquet, order.run);
    await syncFile(parquet);
    return metrics.points;
  }
  const rows = await writeMetrics(ndjson, parquet, order.run);
  await syncFile(parquet);
  return rows;
}

/**
 * The last value of the metric, or the best one where the plan says so; `no_metric`, naming what
 * was found, where it was not printed; `not_a_number`, the value kept, where it is not finite.
 */
function objectiveOf(
  metrics: Pick<MetricsReader, 'series'>,
  objective: Objective,
  peak_memory_mb: number | null,
): { readonly objective: number | null; readonly failure: Failure | null } {
  const series = seriesOf(metrics.series, objective.metric);
  const best = objective.direction === 'minimize' ? series?.low : series?.high;
  const own = objective.metric === MEMORY ? peak_memory_mb : null;
  const value =
    series === null ? own : objective.at === 'best' ? (best ?? series.last) : series.last;
  if (value === null)
    return { objective: null, failure: noMetric(objective.metric, [...metrics.series.keys()]) };
  if (Number.isFinite(value)) return { objective: value, failure: null };
  const message = `expected a finite ${objective.metric}, found ${value}`;
  return { objective: value, failure: { class: 'not_a_number', message } };
}

function noMetric(metric: string, found: readonly string[]): Failure {
  const shown = found.slice(0, 12).join(', ');
  const names = found.length > 12 ? `${shown} and ${found.length - 12} more` : shown;
  const message = `expected the script to print ${metric}, found ${found.length === 0 ? 'no metrics at all' : `these metrics: ${names}`}`;
  return { class: 'no_metric', message };
}

/** The last value of everything, and the texts. The run's peak memory, unless the script said its own. */
function summaryOf(metrics: MetricsReader, peak_memory_mb: number | null): readonly SummaryValue[] {
  const numbers = [...metrics.series].map(([key, { last }]) => ({ key, number: last, text: null }));
  const texts = [...metrics.texts].flatMap(([key, text]) =>
    metrics.series.has(key) ? [] : [{ key, number: null, text }],
  );
  const measured = peak_memory_mb === null || metrics.series.has(MEMORY) ? [] : [peak_memory_mb];
  return [
    ...numbers,
    ...texts,
    ...measured.map((mb) => ({ key: MEMORY, number: Math.round(mb * 10) / 10, text: null })),
  ];
}

async function writeManifest(
  attempt: Attempt,
  trained: Trained,
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
    peak_memory_mb: done.peak_memory_mb,
    plan: planPart(plan),
    outcome: done.ended_by === 'abort' ? null : outcomeOf(attempt, trained),
    remarks: [...remarks, ...metrics.remarks],
  };
  await writeFirst(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** So that a manifest that was copied away alone still says what a rerun is to be compared with. */
function outcomeOf(attempt: Attempt, trained: Trained): Manifest['outcome'] {
  const { objective, failure, summary } = readingsOf(attempt, trained);
  const why = trainingFailure(attempt, trained) ?? failure;
  return {
    objective: objective === null ? null : spelt(objective),
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
