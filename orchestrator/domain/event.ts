import type { HypothesisTaken } from './asked.ts';
import type { BesideBody } from './beside.ts';
import type { Command, Contrast, DawnTest, Experiment, Judgement } from './experiment.ts';
import type { Hypothesis, Proposal } from './hypothesis.ts';
import type { ExperimentId, HypothesisId, NightId, RunId } from './ids.ts';
import type { OwnBody } from './own-run.ts';
import type { Plan } from './plan.ts';
import type { PlannedJudged } from './planned.ts';
import type { Environment, Failure, Purpose, RunResult, Span } from './run.ts';
import type { WordsBody } from './words.ts';
import type { WritingBody } from './writing.ts';

/** What the base branch was when the night began. */
export interface Base {
  /** Null on a detached HEAD. */
  readonly branch: string | null;
  readonly commit: string;
}

/** What a linked path held: if this moves, numbers before and after do not compare. */
export interface DataIdentity {
  readonly path: string;
  readonly files: number;
  readonly bytes: number;
  /** Over names and contents. */
  readonly sha256: string;
}

export interface NightStarted {
  readonly type: 'night_started';
  readonly night: NightId;
  readonly base: Base;
  readonly plan: Plan;
  /** research_plan.yaml as it was read. */
  readonly plan_text: string;
  /** Hash of what the plan means: objective, workspace, run. A new one makes numbers incomparable. */
  readonly plan_key: string;
  /** Lines that differ from the last night's plan, as a diff; empty for the first. */
  readonly plan_changes: string;
  /** What every knob of the search space is set to at base. */
  readonly settings: Readonly<Record<string, string>>;
  readonly slots: number;
  /** Hardware and toolchain in words; equal words mean that runs compare. */
  readonly machine: string;
  readonly data: readonly DataIdentity[];
  /** Linked paths whose content changed since the last night. */
  readonly data_changed: readonly string[];
  /** A baseline of this base, plan and environment from an earlier night, taken over. */
  readonly baseline: ExperimentId | null;
  /** What the night tries first: the user's own hypotheses, and last night's unpromoted best. */
  readonly proposals: readonly Proposal[];
  /** Experiments number on from here: after whatever the journal or the branches hold. */
  readonly next_experiment: number;
  /** Things the reader should know of: a dirty tree, changed data. */
  readonly remarks: readonly string[];
  /** Why the goal moved since the last night, as its launch was told. */
  readonly because?: string;
  /** As the launch found it. Absent: nobody looked. */
  readonly environment?: Environment;
  /** GPUs that each run gets. Absent: nobody counted. */
  readonly gpus_per_run?: number;
  /** Texts of the notes that `experiments` of the plan name, by their path. Absent: there are none. */
  readonly notes?: Readonly<Record<string, string>>;
}

/** Why a night stopped. Everything but `gate`, `failed` and `interrupted` is a planned end. */
export type NightEnd =
  | 'experiments_spent'
  | 'runs_spent'
  | 'time_spent'
  | 'gpu_hours_spent'
  | 'ideas_spent'
  /** The incumbent is as good as `objective.target` asks for. */
  | 'target_reached'
  /** Nothing better came of so many experiments as `budget.plateau` says. */
  | 'plateau'
  /** The unchanged baseline no longer gives what it gave. */
  | 'drift'
  | 'stopped'
  | 'superseded'
  | 'gate'
  | 'baseline_failed';

/** A sentence the Reporter may write, with the runs that carry it. */
export interface Finding {
  readonly experiment: ExperimentId | null;
  readonly text: string;
  readonly runs: readonly RunId[];
  /** The query whose rows the sentence was filled from. */
  readonly query: string;
}

/** A look at what the plan holds out. */
export interface HeldOut {
  readonly experiment: ExperimentId;
  /** The run of dawn that left what was measured. */
  readonly run: RunId;
  readonly metric: string;
  /** May be NaN or infinite; null where there is none. */
  readonly value: number | null;
  readonly failure: Failure | null;
}

/** What a night's budget can find out, as far as its runs tell how they scatter. */
export interface Confirmable {
  /** Fresh seeds of each arm at dawn; 0 where the budget keeps none for it. */
  readonly seeds: number;
  /** The smallest true gain that they confirm four times in five; null where they can't. */
  readonly gain: number | null;
  /**
   * Runs of each of two arms until "no difference" could be said of a change that does nothing;
   * null where the plan names no `min_effect`, or beyond what anybody would run.
   */
  readonly runs_for_no_difference: number | null;
}

/** What happened in the lab, in order. The journal holds nothing else; the state is their fold. */
export type EventBody =
  | BesideBody
  | OwnBody
  | WordsBody
  | WritingBody
  | HypothesisTaken
  | PlannedJudged
  | NightStarted
  /**
   * A launch goes on with a night that was cut off; the time in between is not the night's. The
   * plan may differ from the night's in what no run knows of: its budget, who thinks, who is told.
   */
  | {
      readonly type: 'night_resumed';
      readonly night: NightId;
      readonly slots: number;
      readonly plan: Plan;
      /** Where other worktrees' nights made branches since: ids go on behind theirs. */
      readonly next_experiment?: number;
    }
  /** The Researcher's answer; `exhausted` when it has nothing more for this incumbent. */
  | {
      readonly type: 'hypotheses_proposed';
      readonly night: NightId;
      readonly round: number;
      /** The incumbent they were thought up for. */
      readonly incumbent: ExperimentId;
      readonly hypotheses: readonly Hypothesis[];
      readonly exhausted: boolean;
      /** No ideas of a model were wanted: they are asked for by themselves. */
      readonly held_back?: true;
      /** They are the ideas of a model, which were asked for by themselves; so are their rounds. */
      readonly invented?: true;
    }
  /** New patches that were compared with what is known in other words, and the twins among them. */
  | {
      readonly type: 'hypotheses_compared';
      readonly night: NightId;
      readonly round: number;
      readonly hypotheses: readonly HypothesisId[];
      readonly rejected: readonly { readonly id: HypothesisId; readonly because: string }[];
    }
  /** The Planner's answer: waiting hypotheses in the order to try them, and the rejected ones. */
  | {
      readonly type: 'hypotheses_planned';
      readonly night: NightId;
      readonly round: number;
      /** The incumbent they were judged and ranked under. */
      readonly incumbent: ExperimentId;
      readonly queue: readonly HypothesisId[];
      readonly rejected: readonly { readonly id: HypothesisId; readonly because: string }[];
    }
  | { readonly type: 'experiment_opened'; readonly experiment: Experiment }
  | {
      readonly type: 'experiment_prepared';
      readonly experiment: ExperimentId;
      readonly branch: string;
      readonly commit: string;
      readonly command: Command;
      /** Every knob's value at the commit, where a patch may have moved some. */
      readonly settings: Readonly<Record<string, string>> | null;
    }
  /** The change could not be made into a branch: it did not apply, or touched what it may not. */
  | {
      readonly type: 'experiment_unprepared';
      readonly experiment: ExperimentId;
      readonly failure: Failure;
      /** The machine's fault, and made again in a while. */
      readonly again?: true;
    }
  /** Recorded before the job is dispatched: what may have happened is always on disk. */
  | {
      readonly type: 'run_started';
      readonly run: RunId;
      readonly experiment: ExperimentId;
      readonly seed: number | null;
      readonly purpose: Purpose;
      /** Of a repeat: the run that it makes again. */
      readonly repeats?: RunId;
      readonly attempt: number;
      readonly slot: number;
    }
  | { readonly type: 'run_ended'; readonly result: RunResult }
  /** The Reporter's line on a run that ended. */
  | { readonly type: 'run_summarised'; readonly run: RunId; readonly text: string }
  | {
      readonly type: 'experiment_judged';
      readonly experiment: ExperimentId;
      readonly judgement: Judgement;
    }
  /** Further runs of the baseline moved what the effect is measured from; the verdict stays. */
  | {
      readonly type: 'effect_restated';
      readonly experiment: ExperimentId;
      readonly on_baseline: Contrast;
    }
  | {
      readonly type: 'incumbent_moved';
      readonly night: NightId;
      readonly from: ExperimentId;
      readonly to: ExperimentId;
      readonly because: string;
    }
  /** Every seed of the baseline ran: what there is to measure against, and what can be found out. */
  | {
      readonly type: 'baseline_measured';
      readonly night: NightId;
      readonly baseline: ExperimentId;
      readonly confirmable: Confirmable;
    }
  /** Two repeats of the baseline in a row were off by more than chance may do. */
  | {
      readonly type: 'baseline_drifted';
      readonly night: NightId;
      readonly runs: readonly RunId[];
      /** When the last check that agreed was started, ISO 8601: what was started later is in doubt. */
      readonly since: string;
      readonly because: string;
    }
  /** A repeat of the baseline was slow: something else uses the machine. */
  | {
      readonly type: 'contended';
      readonly night: NightId;
      readonly check: RunId;
      /** Runs that ran out of time meanwhile, and are made again. */
      readonly again: readonly RunId[];
      readonly because: string;
    }
  /** The search is over; fresh seeds decide. No arms: there is nothing to confirm. */
  | {
      readonly type: 'dawn_began';
      readonly night: NightId;
      readonly reason: NightEnd;
      readonly seeds: readonly (number | null)[];
      readonly arms: readonly ExperimentId[];
      /** How the arms are compared. Absent: Welch's. */
      readonly test?: DawnTest;
      /** Whether each change of a confirmed stack is then left out once. */
      readonly attribute?: boolean;
      /** As the night's runs tell it; absent where they tell nothing of noise. */
      readonly confirmable?: Confirmable;
    }
  /** After dawn's verdict, once each for the baseline and for what was confirmed. */
  | { readonly type: 'held_out'; readonly night: NightId; readonly held: HeldOut }
  | {
      readonly type: 'night_ended';
      readonly night: NightId;
      readonly reason: NightEnd;
      readonly message: string;
    }
  /** The Reporter's documents are on disk; `revision` is the night's that they tell of. */
  | {
      readonly type: 'reported';
      readonly night: NightId;
      readonly revision: number;
      readonly findings: readonly Finding[];
    }
  /** Somebody wants the night to end for now: what runs may finish, or not even that. */
  | {
      readonly type: 'stopping';
      readonly night: NightId;
      readonly how: 'drain' | 'now';
      /** `Ctrl-C`, `SIGTERM`, `autolab stop`. */
      readonly who: string;
    }
  /** Nothing new is started until it is over; what runs goes on. */
  | {
      readonly type: 'paused';
      readonly night: NightId;
      readonly because: string;
      /** When it ends by itself, ISO 8601; absent where something has to change first. */
      readonly until?: string;
    }
  | { readonly type: 'unpaused'; readonly night: NightId }
  /** The time has come that a run waited for, to be started again. */
  | { readonly type: 'waited'; readonly night: NightId }
  /** A gate of the plan was reached, and decided once and for all. */
  | {
      readonly type: 'gate_judged';
      readonly night: NightId;
      /** Counts from 1, in the plan's order. */
      readonly gate: number;
      readonly passed: boolean;
      /** One sentence: which gate, what it required, what was found. */
      readonly because: string;
    }
  /** The machine was suspended for so long; the time is not the night's. */
  | { readonly type: 'slept'; readonly night: NightId; readonly seconds: number }
  | { readonly type: 'span'; readonly span: Span };

export type EventType = EventBody['type'];

/** A record of the journal: what happened, when (ISO 8601), and as which in the row. */
export type Event = EventBody & { readonly seq: number; readonly at: string };
