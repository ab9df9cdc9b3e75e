import type { Change, Source } from './hypothesis.ts';
import type { ExperimentId, HypothesisId, NightId, RunId } from './ids.ts';
import type { Criterion } from './plan.ts';
import type { Planned } from './planned.ts';
import type { Failure } from './run.ts';
import type { Repair } from './writing.ts';

export type Verdict =
  | 'improved'
  | 'promising'
  | 'worse'
  | 'no_difference'
  | 'inconclusive'
  | 'failed'
  | 'pruned'
  | 'invalid';

/** [low, high], 95 %, in units of the objective. */
export type Interval = readonly [low: number, high: number];

export interface Contrast {
  /** Mean of the one minus mean of the other; sign as measured. */
  readonly effect: number;
  /** Null where the runs cannot say how uncertain the effect is. */
  readonly interval: Interval | null;
}

/** What the statistics say of an experiment, and on which runs they say it. */
export interface Judgement {
  /** Version of the rule that gave the verdict. */
  readonly rule: string;
  readonly verdict: Verdict;
  /** One sentence: the evidence. */
  readonly because: string;
  /** Finished runs of distinct seeds. */
  readonly n: number;
  /** Mean over those runs. */
  readonly objective: number | null;
  /** Sample standard deviation over those runs, null below two. */
  readonly spread: number | null;
  readonly on_baseline: Contrast | null;
  readonly on_parent: Contrast | null;
  /** The runs that were compared, of the experiment and of what it was compared with. */
  readonly runs: readonly RunId[];
  /** Only of a stack's tip, after dawn: the same contrast on fresh seeds alone. */
  readonly dawn: DawnJudgement | null;
  /** Members of a confirmed stack name its tip. */
  readonly stack: ExperimentId | null;
  /**
   * What the search believed: the probability that the change is better than its parent. It moves
   * the search, and claims nothing. Null or absent where nothing could be believed.
   */
  readonly chance?: number | null;
  /** What the change is worth in its stack, by leaving it out at dawn; null or absent: not asked. */
  readonly attribution?: Attribution | null;
  /** What was asked of its metrics; absent in judgements before it was judged by interval. */
  readonly limits?: readonly JudgedLimit[];
}

/** A constraint or success criterion, and where the experiment's runs stand to it. */
export interface JudgedLimit {
  /** Who asked: the plan of what may win, the plan of every experiment, or the hypothesis itself. */
  readonly of: 'constraint' | 'plan' | 'hypothesis';
  readonly metric: string;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly borderline?: number | undefined;
  readonly status: 'met' | 'borderline' | 'not_met' | 'not_measured';
  readonly mean: number | null;
  readonly interval: Interval | null;
  /** Finished runs it rests on. */
  readonly n: number;
}

/** How dawn's arms are compared: by means, or by differences at shared seeds. */
export type DawnTest = 'welch' | 'paired';

export interface DawnJudgement {
  /** Absent in judgements before there was a choice: Welch's. */
  readonly test?: DawnTest;
  readonly confirmed: boolean;
  /** Fresh seeds finished in each arm. */
  readonly n: number;
  readonly n_baseline: number;
  /** Means over the fresh seeds; null where none finished. */
  readonly objective: number | null;
  readonly baseline: number | null;
  readonly on_baseline: Contrast | null;
  /** The tip's value of every fresh seed. */
  readonly values?: readonly number[];
  readonly runs: readonly RunId[];
}

/** The stack minus the stack without one change, on fresh seeds. */
export interface Attribution {
  /** Sign as measured; null where no run without it finished. */
  readonly effect: number | null;
  readonly interval: Interval | null;
  /** Fresh seeds of each arm. */
  readonly n: number;
  /** Adjusted by Holm over the changes of the stack. */
  readonly p: number;
  /** Whether the gain may be claimed of this change. */
  readonly attributed: boolean;
  readonly runs: readonly RunId[];
}

/** A command line and environment as the experiment's commit says them. */
export interface Command {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
}

/** One hypothesis put to the test, a baseline, or work of the plan’s own (hypothesis null, change none). */
export interface Experiment {
  readonly id: ExperimentId;
  readonly night: NightId;
  readonly hypothesis: HypothesisId | null;
  readonly title: string;
  readonly because: string;
  readonly source: Source;
  readonly line: string;
  readonly change: Change;
  /** Null for a baseline, and for work of the plan’s own. */
  readonly parent: ExperimentId | null;
  /** The baseline it is measured against; its own id for a baseline, and for work of the plan’s own. */
  readonly baseline: ExperimentId;
  /** The experiment whose change this is, put on a newer incumbent. */
  readonly reapplies?: ExperimentId | null;
  /** Of dawn: this is the confirmed stack without that member. */
  readonly without?: ExperimentId | null;
  readonly success_criteria: readonly Criterion[];
  /** Known once the branch stands. */
  readonly branch: string | null;
  readonly commit: string | null;
  readonly command: Command | null;
  /** Every knob's value, where a patch may have moved some. */
  readonly settings: Readonly<Record<string, string>> | null;
  /** Set when the change could not be made into a branch. */
  readonly failure: Failure | null;
  /** Tries to make its branch that the machine failed, and when the last one did, ISO 8601. Absent: none, or it stands. */
  readonly unprepared?: { readonly tries: number; readonly at: string };
  /** Repairs of its patch, oldest first; `change` and `commit` are the last one's. Absent: none. */
  readonly repairs?: readonly Repair[];
  /** The try at a repair that came to nothing, and why. */
  readonly unrepaired?: { readonly number: number; readonly because: string };
  readonly runs: readonly RunId[];
  /** Null until judged; work of the plan’s own has an outcome instead. */
  readonly judgement: Judgement | null;
  /** Set where it is work of the plan’s own. */
  readonly planned?: Planned;
}
