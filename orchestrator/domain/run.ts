import type { ExperimentId, RunId } from './ids.ts';
import type { Logged, Saved } from './logged.ts';
import type { SandboxKind } from './plan-sandbox.ts';

export type RunStatus = 'running' | 'finished' | 'failed' | 'killed';

/** Why a run came to nothing; only `idea` and `not_a_number` speak about the change itself. */
export type FailureClass =
  | 'idea'
  | 'infrastructure'
  | 'timeout'
  | 'out_of_memory'
  | 'not_a_number'
  | 'no_metric'
  | 'invalid';

/** A failure is a result: what happened, and the end of what the script said about it. */
export interface Failure {
  readonly class: FailureClass;
  /** One line for people: expected, found. */
  readonly message: string;
  /** The tail of a traceback or of the error output, where there was one. */
  readonly traceback?: string | undefined;
}

/**
 * What a run is for. `screen` looks, `replicate` makes sure, `dawn` decides; a `repeat` makes an
 * earlier run again, on its seed: it shows whether a number comes back, and is no replicate.
 * `planned` is the one run of what the plan asks for besides, and is compared with nothing.
 */
export type Purpose = 'baseline' | 'screen' | 'replicate' | 'repeat' | 'dawn' | 'planned';

/**
 * How far a number can be trusted: printed by the script under test; measured by the plan's
 * `evaluate` from a clean checkout of base (checked); or by its `score`, on predictions alone, with
 * labels that training never sees (verified).
 */
export type Tier = 'self_reported' | 'checked' | 'verified';
/** Lowest first. */
export const TIERS: readonly Tier[] = ['self_reported', 'checked', 'verified'];

/** Key of a value in a summary where something of a higher tier gave another by that name. */
export const markedAs = (key: string, tier: Tier): string => `${key} (${tier})`;

/** One value of a run that is not a series: its last number, or a text. Exactly one is set. */
export interface SummaryValue {
  readonly key: string;
  /** May be NaN or infinite. */
  readonly number: number | null;
  readonly text: string | null;
}

/**
 * What a run was configured with. `source` says who said so: knob, argument, environment, the
 * script by a logger (logged) or in what it printed.
 */
export interface Param {
  readonly key: string;
  readonly value: string;
  readonly type: 'number' | 'boolean' | 'text';
  readonly source: 'knob' | 'argument' | 'environment' | 'logged' | 'printed';
}

export interface Artifact {
  /** Path below the attempt's `artifacts/` folder. */
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Where a logger saved it. */
  readonly saved?: Saved;
  /** The checkpoint at which the objective was best, as far as was logged. */
  readonly best?: true;
}

/** A stretch of time of a slot or an agent, for "where did the night go?". Times are ISO 8601. */
export interface Span {
  readonly name: string;
  /** `slot 1`, `researcher`, `planner`, `reporter`, `worker`. */
  readonly who: string;
  readonly experiment: ExperimentId | null;
  readonly run: RunId | null;
  readonly start: string;
  readonly seconds: number;
}

/** Why the plan's `prune` would end a run early. */
export interface Pruning {
  /** `curve`: worse than what it is measured against by far, at the same step. */
  readonly rule: 'not_a_number' | 'diverging' | 'curve';
  /** One sentence, with the numbers. */
  readonly because: string;
  readonly metric: string;
  readonly step: number | null;
  /** Logged at that step; may be NaN or infinite. */
  readonly value: number;
  /** Of the curves that it was held against, at that step; null and 0 where it was held against none. */
  readonly mean: number | null;
  readonly spread: number | null;
  readonly n: number;
  /** Seconds that it had trained. */
  readonly seconds: number;
  /** The lot fell on it: it ran on, so that one learns how such runs end. */
  readonly audited: boolean;
}

/** What surrounds a run. Numbers are compared within one hard key; across soft ones that is said. */
export interface Environment {
  readonly hard: string;
  readonly soft: string;
  /** What the soft key is made of, such as `kernel`, `driver`, `host`. */
  readonly words: Readonly<Record<string, string>>;
}

/** What came of one attempt, sealed on disk by the worker before anybody is told. */
export interface RunResult {
  readonly run: RunId;
  readonly attempt: number;
  /** What was run; empty where nobody knows. */
  readonly commit: string;
  readonly status: 'finished' | 'failed' | 'killed';
  readonly failure: Failure | null;
  /** Why it was killed: `user`, `pruned`, `fenced`. */
  readonly killed_because: string | null;
  /** Set where the rule of `prune` applied, also to a run that it was not let end. */
  readonly pruning?: Pruning;
  /** The objective as parsed; NaN and infinities are kept, null when none was printed. */
  readonly objective: number | null;
  /** Of `objective`; self_reported where there is none. */
  readonly tier: Tier;
  readonly started: string;
  /** Wall-clock seconds of the training command. */
  readonly seconds: number;
  readonly cpu_seconds: number | null;
  /** Seconds that the machine was suspended meanwhile; not among `seconds`. */
  readonly slept_seconds: number;
  /** Exit code of the command, null when a signal or we ended it. */
  readonly exit_code: number | null;
  readonly signal: string | null;
  /** What the training was shut in; absent where it never ran, or nobody said. */
  readonly sandbox?: SandboxKind;
  readonly summary: readonly SummaryValue[];
  readonly params: readonly Param[];
  readonly artifacts: readonly Artifact[];
  /** Points in the attempt's metrics.parquet. */
  readonly metric_points: number;
  /** Rows in the attempt's samples.parquet; absent: none. */
  readonly sample_rows?: number;
  /** Absent where it used no logger for these. */
  readonly logged?: Logged;
  /** The highest step that the training logged a number at, null where it logged none; absent: nobody looked. */
  readonly steps?: number | null;
  /** Runs with different keys are not compared without saying so. */
  readonly environment_key: string;
  /** Absent where nobody looked. */
  readonly environment?: Environment;
  readonly spans: readonly Span[];
}

/** A run as the lab knows it. Newer attempts replace older ones. */
export interface Run {
  readonly id: RunId;
  readonly experiment: ExperimentId;
  /** Null where the plan names no way to seed the script: the run is a repeat. */
  readonly seed: number | null;
  readonly purpose: Purpose;
  /** Trained as the plan's `dawn` says: compared with its like, and never pooled with the night's. */
  readonly variant?: 'dawn';
  /** Of a repeat: the run that it makes again. */
  readonly repeats?: RunId;
  /** Counts from 1. */
  readonly attempt: number;
  readonly slot: number;
  readonly status: RunStatus;
  /** When this attempt was started, ISO 8601. */
  readonly started: string;
  /** When its result was recorded, ISO 8601. */
  readonly ended: string | null;
  readonly result: RunResult | null;
  /** It ran out of time while something else used the machine, and is to be made again. */
  readonly contended?: boolean;
  /** The attempt that crashed before its patch was last repaired: earlier ones ran another commit. */
  readonly repaired_after?: number;
  /** The Reporter's line on it. */
  readonly said: string | null;
}

/** A number a verdict may rest on: from a run that finished, and finite. */
export function usableObjective(run: Run): number | null {
  const value = run.status === 'finished' ? (run.result?.objective ?? null) : null;
  return value !== null && Number.isFinite(value) ? value : null;
}

/** The lowest tier of the numbers that these runs give; null where they give none. */
export function tierOf(runs: readonly Run[]): Tier | null {
  const found = new Set(runs.map((run) => usableObjective(run) !== null && run.result?.tier));
  return TIERS.find((tier) => found.has(tier)) ?? null;
}
