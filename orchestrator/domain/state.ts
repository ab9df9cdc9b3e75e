import type { Queued } from './asked.ts';
import type { Reran } from './beside.ts';
import type { NightCalls } from './call.ts';
import type { DawnTest, Experiment } from './experiment.ts';
import type { Base, Confirmable, DataIdentity, Finding, HeldOut, NightEnd } from './event.ts';
import type { Hypothesis, Proposal } from './hypothesis.ts';
import {
  type ExperimentId,
  type HypothesisId,
  type NightId,
  type OwnRunId,
  type RunId,
  type Subject,
} from './ids.ts';
import type { OwnRun } from './own-run.ts';
import type { Plan } from './plan.ts';
import { usableObjective, type Environment, type Failure, type Run } from './run.ts';
import type { Decision, DecisionId, Note, NoteId, Tag } from './words.ts';

/** What became of a hypothesis. */
export interface HypothesisRecord extends Hypothesis {
  /** Queued: asked for by hand, and left over by the night that had taken it in. */
  readonly status: 'queued' | 'proposed' | 'waiting' | 'rejected' | 'tested';
  /** Why the Planner rejected it, or why nobody could write it. */
  readonly rejected_because: string | null;
  readonly experiment: ExperimentId | null;
  /** Why nobody could write it. Absent: it is no idea in words, or nobody tried. */
  readonly unwritten?: Failure;
  /** A model compared its patch with what is known. */
  readonly compared?: true;
  /** When it was proposed, ISO 8601. */
  readonly proposed_at: string;
}

export interface Night {
  readonly id: NightId;
  readonly started: string;
  readonly base: Base;
  readonly plan: Plan;
  readonly plan_text: string;
  readonly plan_key: string;
  readonly plan_changes: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly slots: number;
  readonly machine: string;
  /** As its launch found it; null where nobody looked. */
  readonly environment: Environment | null;
  /** The first of its runs whose hard environment is not its baseline's. */
  readonly elsewhere: RunId | null;
  /** Seconds that were not the night's: between a cut and the launch that went on, or asleep. */
  readonly idle_seconds: number;
  readonly data: readonly DataIdentity[];
  readonly data_changed: readonly string[];
  readonly remarks: readonly string[];
  readonly proposals: readonly Proposal[];
  /** Null only until the first experiment, the baseline, is opened. */
  readonly baseline: ExperimentId | null;
  /** What the next round builds on; the baseline until something better replicates. */
  readonly incumbent: ExperimentId | null;
  /** Answers of the Researcher and of the Planner so far. */
  readonly rounds: number;
  readonly plannings: number;
  /** The incumbent for which the Researcher has no more ideas. */
  readonly exhausted_for: ExperimentId | null;
  /** That was said of moves alone: a model may have ideas. */
  readonly held_back?: boolean;
  /** Rounds in which a model was asked for ideas, and those in which patches were compared. */
  readonly inventions: number;
  readonly comparisons: number;
  /** A model had no ideas for this incumbent, when so many rounds of moves were known. */
  readonly uninventive: { readonly incumbent: ExperimentId; readonly rounds: number } | null;
  /** The round that was under way when a line was opened again: its answer may be too old to know. */
  readonly asked_anew?: number;
  /** Proposed, and not yet seen by the Planner. */
  readonly proposed: readonly HypothesisId[];
  /** Accepted, in the order to try them. */
  readonly waiting: readonly HypothesisId[];
  /** The incumbent the waiting ones were ranked under. */
  readonly planned_for: ExperimentId | null;
  /** Candidates that were opened, or run again, and not judged since; never the baseline. */
  readonly active: readonly ExperimentId[];
  readonly candidates: number;
  /** Work of the plan’s own that was opened. */
  readonly planned: readonly ExperimentId[];
  /** Notes of that work, by their path. */
  readonly notes: Readonly<Record<string, string>>;
  /** Every candidate that was opened, changes put on a newer incumbent included, in that order. */
  readonly tried: readonly ExperimentId[];
  /** Of those, the ones whose result was too good to go on without a repeat. */
  readonly suspected: readonly ExperimentId[];
  /** Runs that are under way. */
  readonly running: readonly RunId[];
  /** Started attempts. */
  readonly runs_started: number;
  /** Seconds that the attempts that ended have trained. */
  readonly run_seconds: number;
  /** What its agents asked of models, and what that came to. */
  readonly calls: NightCalls;
  /** Null where nobody counted. */
  readonly gpus_per_run: number | null;
  /** Experiments in `tried` when the incumbent last moved. */
  readonly tried_before_move: number;
  /** The plan's gates that were decided. */
  readonly gates: readonly Passage[];
  readonly because: string | null;
  /** Candidates' runs that were started since the baseline was last made again. */
  readonly since_check: number;
  /** Since when the night's numbers do not compare with its baseline, ISO 8601, and why. */
  readonly drift: { readonly since: string; readonly because: string } | null;
  /** Repeats of the baseline that were slow by what else used the machine. */
  readonly contended: readonly RunId[];
  readonly trouble: Trouble;
  /** Somebody asked it to stop; a launch that goes on takes that back. */
  readonly stopping: 'drain' | 'now' | null;
  /** Who asked, such as `autolab stop`. */
  readonly stopped_by: string | null;
  /** Why nothing new is started for the moment. */
  readonly paused: string | null;
  /** Null before the baseline is measured, or where nothing is known of noise. */
  readonly confirmable: Confirmable | null;
  readonly dawn: {
    readonly reason: NightEnd;
    readonly seeds: readonly (number | null)[];
    readonly arms: readonly ExperimentId[];
    readonly test: DawnTest;
    /** Whether each change of a confirmed stack is left out once; and the experiments that do. */
    readonly attribute: boolean;
    readonly left_out: readonly ExperimentId[];
  } | null;
  /** What was held out, as far as it was looked at; nothing is decided by it. */
  readonly held_out: readonly HeldOut[];
  readonly ended: {
    readonly reason: NightEnd;
    readonly message: string;
    readonly at: string;
  } | null;
  /** Runs that ended while it was open and have no line said on them. */
  readonly unsaid: readonly RunId[];
  /** Counts what a report should tell; `reported` is the count that the last one told. */
  readonly revision: number;
  readonly reported: number;
  readonly findings: readonly Finding[];
}

/** What became of a gate, which counts from 1 in the plan's order. */
export interface Passage {
  readonly gate: number;
  readonly passed: boolean;
  readonly because: string;
}

/** What the machine, and not an idea, made fail. */
export interface Trouble {
  /** Runs that it failed and that were not started again. */
  readonly lost: readonly RunId[];
  /** The attempts that it failed since a run came to any other end, at a run or at an experiment's branch, and when they did, ISO 8601. */
  readonly row: readonly { readonly run: RunId | ExperimentId; readonly at: string }[];
  /** Pauses since then, and how many of the row they were made for. */
  readonly pauses: number;
  readonly paused_for: number;
  /** When the pause ends that this one is, ISO 8601. */
  readonly until: string | null;
}

export const NO_TROUBLE: Trouble = { lost: [], row: [], pauses: 0, paused_for: 0, until: null };

/** Who sets the marks that nobody set by hand, and the one that demands a repeat. */
export const AUTOLAB = 'autolab';
export const SUSPICIOUS = 'suspicious';

export interface Flag {
  readonly target: Subject;
  readonly label: string;
  readonly because: string;
  readonly who: string;
  readonly at: string;
}

export interface PromotionRecord {
  readonly experiment: ExperimentId;
  readonly branch: string;
  readonly commit: string;
  readonly who: string;
  readonly at: string;
}

export interface Rerun extends Reran {
  readonly at: string;
}

/** The lab as its journal tells it. */
export interface State {
  /** When the last event happened, ISO 8601; the only clock that decisions know. */
  readonly now: string;
  /** When a night last did something; marks and alerts of the time between are not the night's. */
  readonly worked: string;
  readonly night: NightId | null;
  readonly nights: ReadonlyMap<NightId, Night>;
  readonly hypotheses: ReadonlyMap<HypothesisId, HypothesisRecord>;
  readonly experiments: ReadonlyMap<ExperimentId, Experiment>;
  readonly runs: ReadonlyMap<RunId, Run>;
  /** Runs of one's own, outside of all nights. */
  readonly own: ReadonlyMap<OwnRunId, OwnRun>;
  /** What the user asked for and no night has taken in, in the order to try it. */
  readonly queued: readonly Queued[];
  /** Results so far: while it stays, nothing new was measured. */
  readonly results: number;
  /** When each experiment was opened, ISO 8601. */
  readonly opened: ReadonlyMap<ExperimentId, string>;
  readonly flags: readonly Flag[];
  readonly promotions: readonly PromotionRecord[];
  readonly reruns: readonly Rerun[];
  /** The user's words, in the order in which they came. */
  readonly notes: ReadonlyMap<NoteId, Note>;
  readonly decisions: ReadonlyMap<DecisionId, Decision>;
  /** What is tagged now; a subject without tags may be missing. */
  readonly tags: ReadonlyMap<Subject, readonly Tag[]>;
  readonly next_experiment: number;
  readonly next_hypothesis: number;
  readonly next_night: number;
}

export const EMPTY: State = {
  now: new Date(0).toISOString(),
  worked: new Date(0).toISOString(),
  night: null,
  nights: new Map(),
  hypotheses: new Map(),
  experiments: new Map(),
  runs: new Map(),
  own: new Map(),
  queued: [],
  results: 0,
  opened: new Map(),
  flags: [],
  promotions: [],
  reruns: [],
  notes: new Map(),
  decisions: new Map(),
  tags: new Map(),
  next_experiment: 0,
  next_hypothesis: 1,
  next_night: 1,
};

/** The night that is open or was the last. Throws where there is none: a bug of the caller. */
export function currentNight(state: State): Night {
  const night = state.night === null ? undefined : state.nights.get(state.night);
  if (!night) throw new Error('no night has begun');
  return night;
}

export function experimentIn(state: State, id: ExperimentId): Experiment {
  const experiment = state.experiments.get(id);
  if (!experiment) throw new Error(`the journal knows no ${id}`);
  return experiment;
}

export const runsOf = (state: State, id: ExperimentId): readonly Run[] =>
  experimentIn(state, id).runs.flatMap((run) => state.runs.get(run) ?? []);

/** Runs that the search has chosen seeds for: neither dawn's nor repeats. */
export const searchRunsOf = (state: State, id: ExperimentId): readonly Run[] =>
  runsOf(state, id).filter(({ purpose }) => purpose !== 'dawn' && purpose !== 'repeat');

/** One usable value per seed: a repeat of a seed is no replicate, and what trained otherwise no like. */
export function armOf(
  state: State,
  id: ExperimentId,
): readonly { readonly run: RunId; readonly seed: number | null; readonly value: number }[] {
  const seen = new Set<number>();
  return runsOf(state, id).flatMap((run) => {
    const value = usableObjective(run);
    if (value === null || run.variant || run.purpose === 'repeat') return [];
    if (run.seed !== null && seen.has(run.seed)) return [];
    if (run.seed !== null) seen.add(run.seed);
    return [{ run: run.id, seed: run.seed, value }];
  });
}

/** From an experiment's parent up to its baseline, nearest first, itself not included. */
export function ancestors(state: State, id: ExperimentId): readonly ExperimentId[] {
  const found: ExperimentId[] = [];
  for (let at = experimentIn(state, id).parent; at !== null; at = experimentIn(state, at).parent)
    found.push(at);
  return found;
}
