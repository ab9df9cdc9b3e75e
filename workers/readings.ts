import { LARGEST } from '../orchestrator/domain/objective.ts';
import type { Objective } from '../orchestrator/domain/plan.ts';
import type { RunOrder } from '../orchestrator/domain/ports.ts';
import {
  markedAs,
  type Failure,
  type Param,
  type SummaryValue,
  type Tier,
} from '../orchestrator/domain/run.ts';
import type { Attempt } from './attempt.ts';
import type { LoggedFile } from './logged.ts';
import { keyMeant, seriesOf, type MetricsReader } from './metrics.ts';
import { paramsOf } from './params.ts';
import type { Measured } from './pristine.ts';
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

/** How far the numbers of a command that measures can be trusted. */
const tierBy = ({ by }: Measured): Tier => (by === 'score' ? 'verified' : 'checked');

/**
 * The objective of the command that measured last, where one did, and never the script's in its
 * place. What others said of it stays in the summary, marked as such, so that a lie shows.
 */
export function readingsOf(
  { order }: Attempt,
  trained: Trained,
  measured: readonly Measured[],
): Readings {
  const { call, metrics, logged } = trained;
  const { knobs, command, plan } = order;
  const last = measured.at(-1);
  const found = last ? saidBy(last, plan.objective) : orFull(trained, said(order, trained));
  return {
    ...found,
    tier: last && found.objective !== null ? tierBy(last) : 'self_reported',
    summary: layered([
      layerOfScript(order, trained),
      ...measured.map((one) => layerOf(one, plan.objective)),
    ]),
    params: paramsOf({
      ...{ knobs, words: call.words, env: command.env },
      ...{ logged: logged.config, printed: metrics.printed },
    }),
  };
}

const said = ({ plan, plain }: RunOrder, { metrics, done }: Trained): Found =>
  plain
    ? { objective: null, failure: null }
    : objectiveOf(metrics, plan.objective, done.peak_memory_mb, 'the script');

function saidBy({ by, metrics, failure }: Measured, objective: Objective): Found {
  if (failure !== null) return { objective: null, failure };
  return objectiveOf(metrics, objective, null, by);
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
 * was found, where it was not printed; `not_a_number` where it is not finite, or beyond LARGEST and
 * then taken for infinite.
 */
export function objectiveOf(
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
  if (Math.abs(value) <= LARGEST) return { objective: value, failure: null };
  const what = Number.isFinite(value)
    ? `${objective.metric} within ±${LARGEST}`
    : `a finite ${objective.metric}`;
  const message = `expected ${what}${who === 'the script' ? '' : ` of ${who}`}, found ${value}`;
  // Whatever reads the notebook leaves out what is not finite; the message has what was found.
  const none = Number.isNaN(value) ? value : Math.sign(value) * Infinity;
  return { objective: none, failure: { class: 'not_a_number', message } };
}

function noMetric(metric: string, found: readonly string[], who: string): Failure {
  const shown = found.slice(0, 12).join(', ');
  const names = found.length > 12 ? `${shown} and ${found.length - 12} more` : shown;
  const message = `expected ${who} to print ${metric}, found ${found.length === 0 ? 'no metrics at all' : `these metrics: ${names}`}`;
  return { class: 'no_metric', message };
}

/** The last value of everything, and the texts. The run's peak memory, unless the script said its own. */
export function summaryOf(
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

/** Beside the metrics, and never in their place: nothing is judged by what a function returned. */
export const returnedIn = ({ returned }: Pick<LoggedFile, 'returned'>): readonly SummaryValue[] =>
  [...returned].map(([key, number]) => ({ key: `${key} (returned)`, number, text: null }));

/** What one of those who measured said, and what it claims of the objective. */
interface Layer {
  readonly tier: Tier;
  readonly values: readonly SummaryValue[];
  readonly claim: { readonly key: string | null; readonly number: number | null };
}

function layerOfScript(order: RunOrder, trained: Trained): Layer {
  const { metrics, logged, done } = trained;
  const texts = new Map([...metrics.texts, ...logged.texts]);
  return {
    tier: 'self_reported',
    values: [
      ...returnedIn(logged),
      ...summaryOf({ series: metrics.series, texts }, done.peak_memory_mb),
    ],
    claim: {
      key: keyMeant(metrics.series, order.plan.objective.metric),
      number: said(order, trained).objective,
    },
  };
}

const layerOf = (measured: Measured, objective: Objective): Layer => ({
  tier: tierBy(measured),
  values: summaryOf(measured.metrics, null),
  claim: {
    key: keyMeant(measured.metrics.series, objective.metric),
    number: objectiveOf(measured.metrics, objective, null, measured.by).objective,
  },
});

/** The last one's values; what one said under a later one's name, or as the objective, is marked. */
function layered(layers: readonly Layer[]): readonly SummaryValue[] {
  // In this order nobody can print what stands for their own word, nor for a later one's.
  const all = layers.flatMap(({ tier, values, claim }, i) => {
    const later = layers.slice(i + 1).flatMap((layer) => layer.values.map(({ key }) => key));
    const replaced = new Set([...later, ...(i < layers.length - 1 ? [claim.key] : [])]);
    const plain = values.filter(({ key }) => !replaced.has(key));
    const marked = values
      .filter(({ key }) => replaced.has(key))
      .map((value) => ({
        ...value,
        key: markedAs(value.key, tier),
        number: value.key === claim.key ? claim.number : value.number,
      }));
    return [...plain, ...marked];
  });
  return [...new Map(all.map((value) => [value.key, value])).values()];
}
