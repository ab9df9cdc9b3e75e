import type { Objective } from '../orchestrator/domain/plan.ts';
import {
  selfReported,
  type Failure,
  type Param,
  type SummaryValue,
  type Tier,
} from '../orchestrator/domain/run.ts';
import type { Attempt } from './attempt.ts';
import type { Evaluated } from './evaluate.ts';
import { keyMeant, seriesOf, type MetricsReader } from './metrics.ts';
import { paramsOf } from './params.ts';
import { isFull } from './room.ts';
import type { Trained } from './train.ts';

/** What a run said, or its evaluator did, in the form that it is recorded in. */
export interface Readings {
  readonly objective: number | null;
  /** Of the objective. */
  readonly tier: Tier;
  /** Why the objective cannot be used. */
  readonly failure: Failure | null;
  readonly summary: readonly SummaryValue[];
  readonly params: readonly Param[];
}

type Found = Pick<Readings, 'objective' | 'failure'>;

const MEMORY = 'peak_memory_mb';

/**
 * The evaluator's objective where one ran, and never the script's in its place. The script's own
 * word stays in the summary, marked as such, so that a lie shows.
 */
export function readingsOf(
  { order }: Attempt,
  trained: Trained,
  evaluated: Evaluated | null,
): Readings {
  const { metrics, call, done } = trained;
  const { knobs, command, plan } = order;
  const said = objectiveOf(metrics, plan.objective, done.peak_memory_mb, 'the script');
  const found = evaluated === null ? orFull(trained, said) : measured(evaluated, plan.objective);
  const script = summaryOf(metrics, done.peak_memory_mb);
  const claim = { key: keyMeant(metrics.series, plan.objective.metric), number: said.objective };
  return {
    ...found,
    tier: evaluated !== null && found.objective !== null ? 'checked' : 'self_reported',
    summary: evaluated === null ? script : withEvaluators(script, claim, evaluated),
    params: paramsOf({ knobs, words: call.words, env: command.env, printed: metrics.printed }),
  };
}

function measured({ metrics, failure }: Evaluated, objective: Objective): Found {
  if (failure !== null) return { objective: null, failure };
  return objectiveOf(metrics, objective, null, 'evaluate');
}

/** A script that found no room hardly wrote its metrics where we look for them. */
function orFull({ done, points_error }: Trained, { objective, failure }: Found): Found {
  const full = isFull(done.log_error) || isFull(points_error);
  if (failure?.class !== 'no_metric' || !full) return { objective, failure };
  const message = `${failure.message}; the disk was full meanwhile`;
  return { objective, failure: { class: 'infrastructure', message } };
}

/**
 * The last value of the metric, or the best one where the plan says so; `no_metric`, naming what
 * was found, where it was not printed; `not_a_number`, the value kept, where it is not finite.
 */
function objectiveOf(
  metrics: Pick<MetricsReader, 'series'>,
  objective: Objective,
  peak_memory_mb: number | null,
  who: string,
): Found {
  const series = seriesOf(metrics.series, objective.metric);
  const best = objective.direction === 'minimize' ? series?.low : series?.high;
  const own = objective.metric === MEMORY ? peak_memory_mb : null;
  const value =
    series === null ? own : objective.at === 'best' ? (best ?? series.last) : series.last;
  if (value === null)
    return {
      objective: null,
      failure: noMetric(objective.metric, [...metrics.series.keys()], who),
    };
  if (Number.isFinite(value)) return { objective: value, failure: null };
  const message = `expected a finite ${objective.metric}${who === 'evaluate' ? ' of evaluate' : ''}, found ${value}`;
  return { objective: value, failure: { class: 'not_a_number', message } };
}

function noMetric(metric: string, found: readonly string[], who: string): Failure {
  const shown = found.slice(0, 12).join(', ');
  const names = found.length > 12 ? `${shown} and ${found.length - 12} more` : shown;
  const message = `expected ${who} to print ${metric}, found ${found.length === 0 ? 'no metrics at all' : `these metrics: ${names}`}`;
  return { class: 'no_metric', message };
}

/** The last value of everything, and the texts. The run's peak memory, unless the script said its own. */
function summaryOf(
  metrics: Pick<MetricsReader, 'series' | 'texts'>,
  peak_memory_mb: number | null,
): readonly SummaryValue[] {
  const numbers = [...metrics.series].map(([key, { last }]) => ({ key, number: last, text: null }));
  const texts = [...metrics.texts].flatMap(([key, text]) =>
    metrics.series.has(key) ? [] : [{ key, number: null, text }],
  );
  const own = peak_memory_mb === null || metrics.series.has(MEMORY) ? [] : [peak_memory_mb];
  return [
    ...numbers,
    ...texts,
    ...own.map((mb) => ({ key: MEMORY, number: Math.round(mb * 10) / 10, text: null })),
  ];
}

/** The evaluator's values; what the script said under a name of theirs, or as the objective, is marked. */
function withEvaluators(
  script: readonly SummaryValue[],
  claim: { readonly key: string | null; readonly number: number | null },
  { metrics }: Evaluated,
): readonly SummaryValue[] {
  const checked = new Map(summaryOf(metrics, null).map((value) => [value.key, value]));
  const isMarked = ({ key }: SummaryValue): boolean => checked.has(key) || key === claim.key;
  const plain = script.filter((value) => !isMarked(value));
  const marked = script.filter(isMarked).map((value) => ({
    ...value,
    key: selfReported(value.key),
    number: value.key === claim.key ? claim.number : value.number,
  }));
  // In this order a script cannot print what stands for its own word, nor for the evaluator's.
  const all = [...plain, ...marked, ...checked.values()];
  return [...new Map(all.map((value) => [value.key, value])).values()];
}
