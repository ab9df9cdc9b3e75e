import { z } from 'zod';
import type { ExperimentId, HypothesisId, NightId, RunId } from '../../orchestrator/domain/ids.ts';
import type { Sourced } from './fact.ts';

/** The rows of the Reporter's queries, and a night put together from them. */

/** Numbers that are not finite come as text; whole numbers may, where they are large. */
const number = z.union([z.number(), z.string(), z.bigint()]).transform(Number);
const maybe = number.nullable();
const text = z.string();
const words = z.string().nullable();
const id = <Id extends string>() => z.custom<Id>((value) => typeof value === 'string');
const experiment = id<ExperimentId>();
const runs = z.array(id<RunId>());
/** JSON columns come as their text. */
const json = <T extends z.ZodType>(inner: T) =>
  z.preprocess((value) => (typeof value === 'string' ? JSON.parse(value) : value), inner);

const limits = z.object({
  metric: z.string(),
  min: z.number().optional(),
  max: z.number().optional(),
  borderline: z.number().optional(),
});
export type Limits = z.output<typeof limits>;

/** A limit as it was judged, on the runs that the experiment had by then. */
const judgedLimit = limits.extend({
  of: z.enum(['constraint', 'plan', 'hypothesis']),
  status: z.enum(['met', 'borderline', 'not_met', 'not_measured']),
  mean: maybe,
  interval: z.tuple([number, number]).nullable(),
  n: number,
});
export type JudgedLimit = z.output<typeof judgedLimit>;

/** What a knob may be set to: literals, or from one number to another. */
const knob = z
  .object({ values: z.array(z.string()), range: z.tuple([z.number(), z.number()]) })
  .partial()
  .catch({});
export type KnobRow = z.output<typeof knob>;

/** What the Reporter reads of a night's plan; the rest of it may be there too. */
const plan = z
  .looseObject({
    constraints: z.array(limits).default([]),
    success_criteria: z.array(limits).default([]),
    hypotheses: z
      .array(z.object({ title: z.string(), success_criteria: z.array(limits).optional() }))
      .default([]),
    search_space: z.record(z.string(), knob).default({}),
    run: z.looseObject({ deterministic: z.boolean().default(false) }).prefault({}),
    dawn: z
      .object({ command: z.string(), args: z.string(), env: z.record(z.string(), z.string()) })
      .extend({ timeout: z.number() })
      .partial()
      .optional(),
  })
  .prefault({});

export const nightRow = z.object({
  ...{ id: id<NightId>(), project: text, question: text, metric: text },
  direction: z.enum(['minimize', 'maximize']),
  min_effect: maybe,
  ...{ smallest_confirmable: maybe, confirmable_seeds: maybe, runs_for_no_difference: maybe },
  ...{
    began: words,
    until: words,
    seconds: maybe,
    ended: words,
    end_reason: words,
    message: words,
  },
  ...{ base_branch: words, base_commit: text },
  ...{ baseline: experiment.nullable(), incumbent: experiment.nullable() },
  ...{ slots: number, candidates: number, runs_started: number, plan_changes: words },
  ...{ remarks: z.array(text).nullable(), data_changed: z.array(text).nullable() },
  plan: json(plan.nullable()),
  ...{ tip: experiment.nullable(), tip_effect: maybe, tip_low: maybe, tip_high: maybe },
});
export type NightRow = z.output<typeof nightRow>;

const repairRow = z.object({
  ...{ number, run: id<RunId>(), attempt: number, failure_class: text, failure: text },
  ...{ commit: text, diff: text, by: text, changes: z.array(text) },
});
export type RepairRow = z.output<typeof repairRow>;

export const predictionRow = z.object({
  ...{ source: text, model: words, n: number, right_way: number, ratio: number },
});
export type PredictionRow = z.output<typeof predictionRow>;

export const experimentRow = z.object({
  ...{ id: experiment, night: id<NightId>(), hypothesis: id<HypothesisId>().nullable() },
  ...{ source: text, line: text, title: text, because: text },
  change: json(z.record(z.string(), z.string())),
  ...{ parent: experiment.nullable(), baseline: experiment, commit: words, branch: words },
  ...{ reapplies: experiment.nullable(), left_out: experiment.nullable() },
  ...{ verdict: words, verdict_because: words, rule: words },
  tier: words,
  ...{ confidence: words, confidence_because: words, borderline: z.boolean().nullable() },
  ...{ effect: maybe, interval_low: maybe, interval_high: maybe },
  ...{ effect_on_parent: maybe, parent_interval_low: maybe, parent_interval_high: maybe },
  stack: experiment.nullable(),
  ...{ attribution_effect: maybe, attribution_low: maybe, attribution_high: maybe },
  ...{ attribution_n: maybe, attributed: z.boolean().nullable() },
  limits: json(z.array(judgedLimit).nullable()),
  dawn_confirmed: z.boolean().nullable(),
  ...{ dawn_test: words, dawn_values: z.array(number).nullable() },
  ...{ dawn_n: maybe, dawn_n_baseline: maybe, dawn_objective: maybe, dawn_baseline: maybe },
  ...{ dawn_effect: maybe, dawn_low: maybe, dawn_high: maybe },
  ...{ failure_class: words, failure: words, promoted: words },
  ...{ repairs: json(z.array(repairRow).nullable()), unrepaired: words },
  ...{ idea: words, expected_effect: maybe, refuted_by: words, link: words, model: words },
  ...{ written_by: words, account: z.array(text).nullable() },
  not_taken: z.array(text).nullable(),
  ...{ planned: words, outcome: words, outcome_because: words, definition: words },
  ...{ notes_file: words, notes: words },
});
export type ExperimentRow = z.output<typeof experimentRow>;

export const armRow = z.object({ experiment, n: number, mean: number, spread: maybe, runs });
export type ArmRow = z.output<typeof armRow>;
export const dawnRow = armRow.extend({ seeds: z.array(maybe), values: z.array(number) });
export type DawnRow = z.output<typeof dawnRow>;

export const runRow = z.object({
  ...{ id: id<RunId>(), experiment, seed: maybe, purpose: text, variant: words },
  ...{ attempt: number, status: text },
  ...{ failure: words, failure_message: words, traceback: words, killed_because: words },
  ...{ prune_because: words, prune_audited: z.boolean().nullable() },
  ...{ objective: maybe, tier: words, seconds: maybe },
});
export type RunRow = z.output<typeof runRow>;

export const failureRow = z.object({ id: experiment, class: text, message: text, runs });
export const repairedRow = z.object({ id: experiment, n: number, message: text, runs });
export const hypothesesRow = z.object({
  ...{ status: text, because: words, n: number },
  ids: z.array(id<HypothesisId>()),
});
/** Of ideas, however many experiments tested one. */
export const countsRow = z.object({
  ...{ tried: number, promising: number, confirmed: number, attributed: number },
});
/** Of candidates and of the plan's own work. */
export const endedRow = z.object({ completed: number, failed: number });
export const slotsRow = z.object({ slots: number, seconds: maybe, share: maybe });
export const sandboxesRow = z.object({ n: number, shut: number, kinds: z.array(text) });
export const pausesRow = z.object({ n: number, since: text, text });
export const callsRow = z.object({
  ...{ role: text, model: text, calls: number, tokens: number },
  ...{ estimated: z.boolean(), usd: number, unpriced: number },
});
export type CallsRow = z.output<typeof callsRow>;
export const withoutRow = z.object({
  ...{ role: text, model: text, outcome: text, n: number, since: text, message: text },
  away: z.boolean(),
});
export type WithoutRow = z.output<typeof withoutRow>;
export const metricRow = armRow.extend({ key: text });
export type MetricRow = z.output<typeof metricRow>;
export const curveRow = z.object({
  ...{ experiment, key: text, at_end: maybe, before: maybe, at_start: maybe, error: maybe },
  runs,
});
export type CurveRow = z.output<typeof curveRow>;
export const settingRow = z.object({ experiment, key: text, value: text });
export type SettingRow = z.output<typeof settingRow>;
export const artifactRow = z.object({
  ...{ experiment, run_id: id<RunId>(), attempt: number, name: text, bytes: number, sha256: text },
  ...{ saved_as: words, version: maybe, step: maybe, best: z.boolean() },
});
export type ArtifactRow = z.output<typeof artifactRow>;
export const holdoutRow = z.object({
  ...{ experiment, run_id: id<RunId>(), metric: text, value: maybe, failure: words },
});
export const flagRow = z.object({
  experiment,
  target: text,
  label: text,
  because: text,
  who: text,
});
export type FlagRow = z.output<typeof flagRow>;

const said = { who: text, time: text, said: text };
export const noteRow = z.object({ target: words, about: words, text, ...said });
export type NoteRow = z.output<typeof noteRow>;
export const decisionRow = z.object({
  ...{ text, because: text, closes: words, opens: words },
  ...{ in_force: z.boolean().nullable(), evidence: z.array(text), ...said },
});
export type DecisionRow = z.output<typeof decisionRow>;
export const tagsRow = z.object({ experiment, target: text, tags: z.array(text) });
export type TagsRow = z.output<typeof tagsRow>;

type ByExperiment<T> = ReadonlyMap<ExperimentId, T>;

/** A night as the notebook tells it. Every row knows its query and runs. */
export interface NightRecord {
  /** How the reader calls AutoLab here: `autolab`, or `npx autolab` in its own clone. */
  readonly command: string;
  readonly night: Sourced<NightRow>;
  readonly earlier: readonly Sourced<NightRow>[];
  readonly objective: Pick<NightRow, 'metric' | 'direction' | 'min_effect'>;
  /** Decimals that run-to-run noise leaves meaningful for the objective. */
  readonly decimals: number | undefined;
  /** In order of opening; the baseline first. */
  readonly experiments: ByExperiment<Sourced<ExperimentRow>>;
  /** Work of the plan's own, of this night, and what it does not repeat of earlier ones'. */
  readonly planned: ByExperiment<Sourced<ExperimentRow>>;
  readonly ended: Sourced<z.output<typeof endedRow>> | undefined;
  /** Mean over every seed that finished, dawn's included. */
  readonly arms: ByExperiment<Sourced<ArmRow>>;
  /** Mean over this night's fresh seeds alone. */
  readonly dawn: ByExperiment<Sourced<DawnRow>>;
  readonly runs: ByExperiment<readonly Sourced<RunRow>[]>;
  readonly failures: readonly Sourced<z.output<typeof failureRow>>[];
  /** Patches that crashed, and of which a repaired one ran. */
  readonly repaired: readonly Sourced<z.output<typeof repairedRow>>[];
  readonly hypotheses: readonly Sourced<z.output<typeof hypothesesRow>>[];
  /** Of the whole lab. */
  readonly predictions: readonly Sourced<PredictionRow>[];
  readonly slots: Sourced<z.output<typeof slotsRow>> | undefined;
  /** Of runs that say what they were shut in. */
  readonly sandboxes: Sourced<z.output<typeof sandboxesRow>> | undefined;
  /** Undefined where nothing held the night up. */
  readonly pauses: Sourced<z.output<typeof pausesRow>> | undefined;
  /** Of models, by role and model. */
  readonly calls: readonly Sourced<CallsRow>[];
  /** When a role had no answer of its model that it could use, by why. */
  readonly without: readonly Sourced<WithoutRow>[];
  readonly counts: Sourced<z.output<typeof countsRow>> | undefined;
  readonly metrics: ByExperiment<readonly Sourced<MetricRow>[]>;
  readonly curves: ByExperiment<readonly Sourced<CurveRow>[]>;
  readonly settings: ByExperiment<readonly Sourced<SettingRow>[]>;
  readonly artifacts: ByExperiment<readonly Sourced<ArtifactRow>[]>;
  /** Of the baseline, and of what was confirmed; empty where nothing was looked at. */
  readonly held_out: readonly Sourced<z.output<typeof holdoutRow>>[];
  readonly flags: ByExperiment<readonly Sourced<z.output<typeof flagRow>>[]>;
  /** Of the whole lab, oldest first. */
  readonly notes: readonly Sourced<NoteRow>[];
  readonly decisions: readonly Sourced<DecisionRow>[];
  readonly tags: ByExperiment<readonly Sourced<TagsRow>[]>;
}
