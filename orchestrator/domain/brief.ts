import { z } from 'zod';
import type { Verdict } from './experiment.ts';
import type { Change, Hypothesis, Proposal, Source } from './hypothesis.ts';
import type { ExperimentId, HypothesisId, NightId, RunId } from './ids.ts';
import type { Objective, Plan } from './plan.ts';
import type { PrepareOrder, RunOrder } from './ports.ts';
import type { Failure } from './run.ts';
import type { ClosedLine } from './words.ts';
import type { Account, Written } from './writing.ts';

/**
 * What each agent is told, and the shape of what it may answer. A brief is plain data that can
 * cross a queue; an answer is checked against its schema before anybody acts on it.
 */

/** One tested change, as the Researcher and the Planner remember it. */
export interface Memory {
  readonly experiment: ExperimentId;
  readonly change: Change;
  /** Patches of it that crashed, before it was repaired. Absent: none. */
  readonly crashed?: readonly Change[];
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

/** A tested change in the words that a model is told of it; texts are cut to size. */
export interface Remembered {
  readonly experiment: ExperimentId;
  readonly title: string;
  /** In words: the idea, or the change in a line of text. */
  readonly idea: string;
  /** Of a patch; null for other changes. */
  readonly diff: string | null;
  readonly source: Source;
  readonly by: string | null;
  readonly link: string | null;
  readonly parent: ExperimentId;
  /** Null while it is under way. */
  readonly verdict: Verdict | null;
  readonly because: string | null;
  /** On its parent, in units of the objective, sign as measured; null where unknown. */
  readonly effect: number | null;
  /** The same as it was predicted. */
  readonly expected: number | null;
}

/** What a model is told of the lab: plain texts, the newest ones, and no more than fit a prompt. */
export interface LabBrief {
  readonly project: string;
  readonly question: string;
  /** Where commands run, from the repository's top. */
  readonly directory: string;
  /** Paths or globs, from `directory`. */
  readonly editable: readonly string[];
  /** Of the incumbent; of base, where the baseline's branch does not stand yet. */
  readonly commit: string;
  /** Protected files are those of this commit. */
  readonly base: string;
  readonly remembered: readonly Remembered[];
  readonly rejected: readonly {
    readonly title: string;
    readonly idea: string;
    readonly because: string;
  }[];
  readonly findings: readonly string[];
  /** What the user wrote down, and on what; null: on the lab. */
  readonly notes: readonly { readonly on: string | null; readonly text: string }[];
}

/** How well the predictions of one source, and of one model, came true. */
export interface SourceRecord {
  readonly source: Source;
  readonly by: string | null;
  /** Predicted, and measured on the parent. */
  readonly n: number;
  /** Of those, how many moved the objective the way that was predicted. */
  readonly right: number;
  /** Mean of measured ÷ predicted effect; null where n is 0. */
  readonly ratio: number | null;
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
  /** Ideas of a model that are wanted at most, and nothing else then. Absent or 0: moves. */
  readonly ideas?: number;
  readonly lab?: LabBrief;
  readonly record?: readonly SourceRecord[];
}

export interface PlannerBrief {
  readonly night: NightId;
  readonly round: number;
  readonly incumbent: ExperimentId;
  readonly settings: Readonly<Record<string, string>>;
  readonly waiting: readonly Hypothesis[];
  readonly proposed: readonly Hypothesis[];
  readonly memory: readonly Memory[];
  /** What tonight has with the incumbent's patches, the baseline included. Absent: nobody looked. */
  readonly besides?: readonly {
    readonly experiment: ExperimentId;
    readonly settings: Readonly<Record<string, string>>;
  }[];
  /** Lines on which only the user's own ideas are tried. Absent: none. */
  readonly closed?: readonly ClosedLine[];
  /** Its plan says nothing of what is held out. */
  readonly lab?: LabBrief & { readonly plan: Plan };
  /** No model is asked: it was, by a brief of its own, and the slots wait for this answer. */
  readonly by_rules?: true;
}

/** What a patch is written on, and to which rules. */
export interface WriteOrder {
  /** The commit that the patch is to apply to. */
  readonly parent: string;
  /** Protected files are those of this commit. */
  readonly base: string;
  /** Without what it holds out. */
  readonly plan: Plan;
  /** What each knob is set to at the parent. */
  readonly settings: Readonly<Record<string, string>>;
  /** Newest last. */
  readonly remembered: readonly Remembered[];
}

export interface WriteBrief {
  readonly task: 'write';
  readonly hypothesis: Hypothesis;
  readonly order: WriteOrder;
}

/** A crash, the patch that crashed, and what was tried before. */
export interface RepairOrder extends Omit<WriteOrder, 'remembered'> {
  readonly experiment: ExperimentId;
  readonly run: RunId;
  readonly attempt: number;
  /** The patch as it crashed, on `parent`. */
  readonly diff: string;
  /** The patch as it was first written: what the repaired one has to stay. */
  readonly original: string;
  readonly failure: Failure;
  /** This try, from 1, and how many there may be. */
  readonly number: number;
  readonly most: number;
  /** Earlier patches, each with its crash and what its author said of it; oldest first. */
  readonly earlier: readonly {
    readonly diff: string;
    readonly failure: Failure;
    readonly account: Account;
  }[];
}

export interface RepairBrief {
  readonly task: 'repair';
  readonly hypothesis: Hypothesis;
  readonly order: RepairOrder;
}

export type WriteAnswer = Written | { readonly failure: Failure };
export type RepairAnswer = Written | { readonly gave_up: string };

export type WorkerBrief =
  | WriteBrief
  | RepairBrief
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
  z.strictObject({ kind: z.literal('idea'), text: z.string().min(1) }),
]);

const accountSchema = z.strictObject({
  changes: z.array(z.string()),
  left_out: z.array(z.string()).optional(),
});

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
  idea: z.string().optional(),
  expected: z.strictObject({ effect: z.number().nullable() }).optional(),
  refuted_by: z.string().optional(),
  link: z.string().optional(),
  by: z.string().optional(),
  written: z.strictObject({ account: accountSchema, by: z.string() }).optional(),
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
const writtenSchema = z.strictObject({
  diff: z.string().min(1),
  account: accountSchema,
  by: z.string().min(1),
});
export const writeAnswer = z.union([
  writtenSchema,
  z.strictObject({ failure: failureSchema }),
]) satisfies z.ZodType<WriteAnswer>;
export const repairAnswer = z.union([
  writtenSchema,
  z.strictObject({ gave_up: z.string().min(1) }),
]) satisfies z.ZodType<RepairAnswer>;
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
