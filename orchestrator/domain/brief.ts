import { z } from 'zod';
import type { Verdict } from './experiment.ts';
import type { Change, Hypothesis, Proposal } from './hypothesis.ts';
import type { ExperimentId, HypothesisId, NightId, RunId } from './ids.ts';
import type { Objective, Plan } from './plan.ts';
import type { PrepareOrder, RunOrder } from './ports.ts';
import type { ClosedLine } from './words.ts';

/**
 * What each agent is told, and the shape of what it may answer. A brief is plain data that can
 * cross a queue; an answer is checked against its schema before anybody acts on it.
 */

/** One tested change, as the Researcher and the Planner remember it. */
export interface Memory {
  readonly experiment: ExperimentId;
  readonly change: Change;
  readonly parent: ExperimentId;
  /** Null while it is under way. */
  readonly verdict: Verdict | null;
  /** Gain on its parent in standard deviations of run-to-run noise; null where unknown. */
  readonly gain: number | null;
}

/** What was measured at one setting of the knobs. */
export interface Measured {
  readonly experiment: ExperimentId;
  /** Of every knob; null where nobody could read them. */
  readonly settings: Readonly<Record<string, string>> | null;
  /** Seeds that the mean is over. */
  readonly n: number;
  /** Mean wall-clock seconds of the runs that finished or took too long; null where none did. */
  readonly seconds: number | null;
}

/** A memory with what it measured, so that one can learn from it where to look next. */
export interface Trial extends Memory, Measured {
  readonly experiment: ExperimentId;
  /** The baseline that it was measured against. */
  readonly baseline: ExperimentId;
  /**
   * Gain on its baseline, in standard deviations of run-to-run noise as that baseline's runs know
   * it (a script without noise: in `min_effect`, or else in median effects). Null where nothing was
   * measured, or was under a plan whose numbers cannot be compared with today's.
   */
  readonly effect: number | null;
}

export interface ResearcherBrief {
  readonly night: NightId;
  readonly round: number;
  readonly wanted: number;
  readonly objective: Objective;
  readonly search_space: Plan['search_space'];
  readonly incumbent: ExperimentId;
  /** What each knob is set to at the incumbent. */
  readonly settings: Readonly<Record<string, string>>;
  /** The user's hypotheses and last night's best, in order; those of `proposed` are spent. */
  readonly own: readonly Proposal[];
  /** Everything proposed this night: no need to say it twice. */
  readonly proposed: readonly Pick<Hypothesis, 'title' | 'change' | 'parent' | 'source'>[];
  /** Earlier nights included. */
  readonly memory: readonly Trial[];
  /** What the effects in memory are measured against; each has by definition an effect of 0. */
  readonly baselines: readonly Measured[];
  /** Lines on which nothing more is to be proposed. Absent: none. */
  readonly closed?: readonly ClosedLine[];
}

export interface PlannerBrief {
  readonly night: NightId;
  readonly round: number;
  readonly incumbent: ExperimentId;
  readonly settings: Readonly<Record<string, string>>;
  readonly waiting: readonly Hypothesis[];
  readonly proposed: readonly Hypothesis[];
  readonly memory: readonly Memory[];
  /** Lines on which only the user's own ideas are tried. Absent: none. */
  readonly closed?: readonly ClosedLine[];
}

export type WorkerBrief =
  | { readonly task: 'prepare'; readonly order: PrepareOrder }
  | { readonly task: 'run'; readonly order: RunOrder }
  | { readonly task: 'hold_out'; readonly order: RunOrder };

export type ReporterBrief =
  | { readonly task: 'summarise'; readonly run: RunId }
  | { readonly task: 'report'; readonly night: NightId };

const changeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('knobs'), values: z.record(z.string(), z.string()) }),
  z.strictObject({ kind: z.literal('patch'), file: z.string().nullable(), diff: z.string() }),
]);

const criterionSchema = z.strictObject({
  metric: z.string(),
  min: z.number().optional(),
  max: z.number().optional(),
  borderline: z.number().optional(),
});

const proposalSchema = z.strictObject({
  title: z.string().min(1),
  because: z.string().min(1),
  source: z.enum(['yours', 'search_space', 'incumbent', 'paper', 'model']),
  line: z.string().min(1),
  change: changeSchema,
  success_criteria: z.array(criterionSchema),
}) satisfies z.ZodType<Proposal>;

export const researcherAnswer = z.strictObject({
  proposals: z.array(proposalSchema),
  exhausted: z.boolean(),
});

const hypothesisIdSchema = z.custom<HypothesisId>(
  (id) => typeof id === 'string' && /^H-\d{4,}$/.test(id),
);
export const plannerAnswer = z.strictObject({
  queue: z.array(hypothesisIdSchema),
  rejected: z.array(z.strictObject({ id: hypothesisIdSchema, because: z.string().min(1) })),
});

const failureSchema = z.strictObject({
  class: z.enum([
    'idea',
    'infrastructure',
    'timeout',
    'out_of_memory',
    'not_a_number',
    'no_metric',
    'invalid',
  ]),
  message: z.string(),
  traceback: z.string().optional(),
});
export const preparedAnswer = z.union([
  z.strictObject({
    commit: z.string(),
    command: z.strictObject({ command: z.string(), env: z.record(z.string(), z.string()) }),
    settings: z.record(z.string(), z.string()).nullable(),
  }),
  z.strictObject({ failure: failureSchema }),
]);
/** JSON has no word for numbers that are not finite. */
const numberSchema = z
  .union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])])
  .transform(Number);
export const heldOutAnswer = z.strictObject({
  value: numberSchema.nullable(),
  failure: failureSchema.nullable(),
});
/** A doorbell: the result itself lies sealed in the attempt's folder. */
export const runAnswer = z.strictObject({ sealed: z.literal(true) });

const experimentIdSchema = z.custom<ExperimentId>(
  (id) => typeof id === 'string' && /^E-\d{4,}$/.test(id),
);
const runIdSchema = z.custom<RunId>((id) => typeof id === 'string' && /^E-\d{4,}\.\d+$/.test(id));
export const summaryAnswer = z.strictObject({ text: z.string() });
export const reportAnswer = z.strictObject({
  documents: z.array(z.strictObject({ path: z.string(), text: z.string() })),
  findings: z.array(
    z.strictObject({
      experiment: experimentIdSchema.nullable(),
      text: z.string(),
      runs: z.array(runIdSchema),
      query: z.string(),
    }),
  ),
});

export type ResearcherAnswer = z.output<typeof researcherAnswer>;
export type PlannerAnswer = z.output<typeof plannerAnswer>;
