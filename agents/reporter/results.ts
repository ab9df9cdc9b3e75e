import { stringify } from 'yaml';
import { z } from 'zod';
import type { ExperimentId } from '../../orchestrator/domain/ids.ts';
import { criteriaOf } from './criteria.ts';
import { textOf } from './fact.ts';
import type { Stated } from './findings.ts';
import { tail } from './markdown.ts';
import { experimentOf } from './phrases.ts';
import type { ExperimentRow, NightRecord, RunRow } from './records.ts';

/**
 * experiments/E-0007/results.yaml: an experiment for programs. `schemas/results.schema.json` is
 * made from `resultsSchema`, and a test holds the two together.
 */

/** Numbers that are not finite keep their names, as everywhere in AutoLab. */
const number = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]);
const maybe = number.nullable();
const words = z.string().nullable();
const interval = z.tuple([number, number]).nullable().describe('[low, high], 95 %.');

const failure = z.strictObject({
  class: z
    .string()
    .describe('idea, infrastructure, timeout, out_of_memory, not_a_number, no_metric, invalid.'),
  message: z.string(),
  traceback: words.describe('Its last lines.'),
});

const run = z.strictObject({
  id: z.string(),
  seed: z.number().nullable().describe('Null where the plan names no way to seed the script.'),
  purpose: z.enum(['baseline', 'screen', 'replicate', 'repeat', 'dawn', 'planned']),
  variant: words.describe(
    'dawn where it was trained as the plan’s dawn says; null: as its run does.',
  ),
  attempt: z.number(),
  status: z.enum(['running', 'finished', 'failed', 'killed']),
  objective: maybe,
  tier: words.describe('How far the number can be trusted: self_reported, checked, verified.'),
  seconds: maybe,
  failure: failure.nullable(),
  pruning: words.describe('Why prune ended it early, or would have; null where it would not.'),
});

export const resultsSchema = z.strictObject({
  schema: z.literal('autolab/results/1'),
  ...{ experiment: z.string(), night: z.string(), commit: words, branch: words },
  status: z
    .enum(['running', 'finished', 'failed'])
    .describe('Failed: no run gave a usable number.'),
  verdict: words.describe(
    'improved, promising, worse, no_difference, inconclusive, failed, pruned, invalid; null for a baseline.',
  ),
  planned: z
    .strictObject({
      name: z.string().describe('parent/child for a sub-experiment.'),
      outcome: z.enum(['finished', 'met', 'borderline', 'not_met', 'failed']).nullable(),
      because: words,
      notes: words.describe('From the folder of this file.'),
    })
    .nullable()
    .describe('Work of the plan’s own (experiments), and no change; null for all others.'),
  hypothesis: z
    .strictObject({
      id: words,
      title: z.string(),
      because: z.string(),
      source: z.string(),
      line: z.string(),
    })
    .nullable()
    .describe('Null for a baseline, and for work of the plan’s own.'),
  change: z.record(z.string(), z.string()).describe('Knob to new literal, or patch to its file.'),
  parent: words,
  baseline: z.string(),
  reapplies: words.describe('The experiment whose change this is, put on a newer incumbent.'),
  left_out: words.describe('Of dawn: this is the confirmed stack without that change.'),
  confidence: z
    .strictObject({
      level: z.enum(['high', 'medium', 'low']),
      because: z.string(),
      borderline: z.boolean().describe('A near thing: a human should review it.'),
    })
    .nullable()
    .describe('Null where the verdict rests on no comparison.'),
  finding: words.describe('What may be said of it, in a sentence of Markdown.'),
  objective: z.strictObject({
    metric: z.string(),
    direction: z.enum(['minimize', 'maximize']),
    mean: maybe,
    spread: maybe.describe('Sample standard deviation over seeds.'),
    n: z.number().describe('Finished runs of distinct seeds.'),
    effect: maybe.describe('Mean minus the baseline’s, sign as measured.'),
    interval,
    effect_on_parent: maybe,
    interval_on_parent: interval,
    dawn: z
      .strictObject({
        confirmed: z.boolean(),
        n: number,
        n_baseline: number,
        effect: maybe,
        interval,
        test: words.describe('welch: means compared; paired: compared seed by seed.'),
        values: z.array(number).nullable().describe('Of every fresh seed.'),
      })
      .nullable()
      .describe('The same on fresh seeds alone; null where dawn did not test it.'),
    attribution: z
      .strictObject({ effect: maybe, interval, n: z.number(), attributed: z.boolean() })
      .nullable()
      .describe('The confirmed stack minus the stack without this change; null: dawn did not ask.'),
  }),
  metrics: z.array(
    z.strictObject({
      ...{ name: z.string(), mean: number, spread: maybe, n: z.number() },
      ...{ parent: maybe, baseline: maybe },
    }),
  ),
  criteria: z.array(
    z.strictObject({
      metric: z.string(),
      ...{
        min: z.number().optional(),
        max: z.number().optional(),
        borderline: z.number().optional(),
      },
      of: z.enum(['hypothesis', 'plan', 'constraint']),
      status: z.enum(['met', 'borderline', 'not_met', 'not_measured']),
      measured: maybe,
      interval: z
        .tuple([number, number])
        .optional()
        .describe('95 %, of the mean; absent where nothing says how much is chance.'),
    }),
  ),
  runs: z.array(run),
  artifacts: z.array(
    z.strictObject({
      run: z.string(),
      path: z.string().describe('From the folder of this file.'),
      bytes: z.number(),
      sha256: z.string(),
    }),
  ),
});
export type Results = z.output<typeof resultsSchema>;

/** The published JSON Schema. */
export const resultsJsonSchema = (): unknown => ({
  $id: 'results.schema.json',
  title: 'results.yaml of an AutoLab experiment',
  ...z.toJSONSchema(resultsSchema),
});

/** YAML of what `resultsSchema` describes. */
export function resultsYaml(record: NightRecord, stated: Stated, id: ExperimentId): string {
  const results = resultsSchema.parse(resultsOf(record, stated, id));
  return stringify(results, { lineWidth: 100 });
}

function resultsOf(
  record: NightRecord,
  { said }: Stated,
  id: ExperimentId,
): z.input<typeof resultsSchema> {
  const { row } = experimentOf(record, id);
  const isBaseline = id === row.baseline;
  const finding = said.get(id);
  return {
    schema: 'autolab/results/1',
    ...{ experiment: id, night: row.night, commit: row.commit, branch: row.branch },
    status: statusOf(record, id),
    verdict: row.verdict,
    planned: plannedOf(row),
    hypothesis: isBaseline
      ? null
      : {
          id: row.hypothesis,
          title: row.title,
          because: row.because,
          source: row.source,
          line: row.line,
        },
    ...{ change: row.change, parent: row.parent, baseline: row.baseline },
    ...{ reapplies: row.reapplies, left_out: row.left_out, confidence: confidenceOf(row) },
    finding: finding ? `${textOf(finding)}.` : null,
    objective: objectiveOf(record, id),
    metrics: metricsOf(record, id),
    criteria: criteriaOf(record, id).map(
      ({ measured, interval, metric, min, max, borderline, of, status }) => ({
        metric,
        ...(min !== undefined && { min }),
        ...(max !== undefined && { max }),
        ...(borderline !== undefined && { borderline }),
        ...{ of, status, measured: safe(measured?.row.mean) },
        ...(interval && { interval: [...interval] as [number, number] }),
      }),
    ),
    runs: (record.runs.get(id) ?? []).map(({ row: one }) => runOf(one)),
    artifacts: (record.artifacts.get(id) ?? []).map(
      ({ row: { run_id, attempt, name, bytes, sha256 } }) => ({
        run: run_id,
        path: `runs/${run_id.slice(run_id.lastIndexOf('.') + 1)}/attempts/${attempt}/artifacts/${name}`,
        ...{ bytes, sha256 },
      }),
    ),
  };
}

const plannedOf = ({ planned, outcome, outcome_because, notes }: ExperimentRow) =>
  planned === null
    ? null
    : {
        ...{ name: planned, outcome: outcome as NonNullable<Results['planned']>['outcome'] },
        ...{ because: outcome_because, notes: notes === null ? null : 'notes.md' },
      };

const confidenceOf = ({ confidence, confidence_because, borderline }: ExperimentRow) =>
  confidence === null
    ? null
    : {
        level: confidence as 'high' | 'medium' | 'low',
        ...{ because: confidence_because ?? '', borderline: borderline ?? false },
      };

function statusOf(record: NightRecord, id: ExperimentId): Results['status'] {
  if (record.runs.get(id)?.some(({ row }) => row.status === 'running')) return 'running';
  const { outcome } = experimentOf(record, id).row;
  if (outcome !== null) return outcome === 'failed' ? 'failed' : 'finished';
  const failed = record.failures.some(({ row }) => row.id === id);
  return failed || !record.arms.has(id) ? 'failed' : 'finished';
}

function objectiveOf(record: NightRecord, id: ExperimentId) {
  const { row } = experimentOf(record, id);
  const arm = record.arms.get(id)?.row;
  return {
    ...{ metric: record.objective.metric, direction: record.objective.direction },
    ...{ mean: safe(arm?.mean), spread: safe(arm?.spread), n: arm?.n ?? 0 },
    effect: safe(row.effect),
    interval: pair(row.interval_low, row.interval_high),
    effect_on_parent: safe(row.effect_on_parent),
    interval_on_parent: pair(row.parent_interval_low, row.parent_interval_high),
    dawn:
      row.dawn_confirmed === null
        ? null
        : {
            confirmed: row.dawn_confirmed,
            ...{ n: row.dawn_n ?? 0, n_baseline: row.dawn_n_baseline ?? 0 },
            ...{ effect: safe(row.dawn_effect), interval: pair(row.dawn_low, row.dawn_high) },
            test: row.dawn_test,
            values: row.dawn_values?.map((value) => safe(value) ?? 'NaN') ?? null,
          },
    attribution:
      row.attributed === null
        ? null
        : {
            effect: safe(row.attribution_effect),
            interval: pair(row.attribution_low, row.attribution_high),
            ...{ n: row.attribution_n ?? 0, attributed: row.attributed },
          },
  };
}

const metricsOf = (record: NightRecord, id: ExperimentId) => {
  const { parent, baseline, planned } = experimentOf(record, id).row;
  const meanOf = (of: ExperimentId | null, key: string) =>
    safe(of === null ? null : record.metrics.get(of)?.find(({ row }) => row.key === key)?.row.mean);
  return (record.metrics.get(id) ?? []).map(({ row: { key, mean, spread, n } }) => ({
    ...{ name: key, mean, spread: safe(spread), n },
    ...{ parent: meanOf(parent, key), baseline: meanOf(planned === null ? baseline : null, key) },
  }));
};

const TRACEBACK_LINES = 40;

function runOf({ failure, failure_message, traceback, ...row }: RunRow): z.input<typeof run> {
  return {
    ...{ id: row.id, seed: row.seed, attempt: row.attempt, tier: row.tier, variant: row.variant },
    purpose: row.purpose as z.input<typeof run>['purpose'],
    status: row.status as z.input<typeof run>['status'],
    ...{ objective: safe(row.objective), seconds: safe(row.seconds), pruning: row.prune_because },
    failure:
      failure === null
        ? null
        : {
            class: failure,
            message: failure_message ?? '',
            traceback: traceback === null ? null : tail(traceback, TRACEBACK_LINES),
          },
  };
}

type Safe = z.input<typeof maybe>;
const safe = (value: number | null | undefined): Safe =>
  value === null || value === undefined
    ? null
    : Number.isFinite(value)
      ? value
      : (String(value) as Safe);
const pair = (
  low: number | null,
  high: number | null,
): [NonNullable<Safe>, NonNullable<Safe>] | null => {
  const [a, b] = [safe(low), safe(high)];
  return a === null || b === null ? null : [a, b];
};
