import type { Command } from './experiment.ts';
import type { Base, DataIdentity, Event, EventBody, Finding } from './event.ts';
import type { Change } from './hypothesis.ts';
import type { AnyRunId, ExperimentId, RunId } from './ids.ts';
import type { Plan } from './plan.ts';
import type { Failure, RunResult } from './run.ts';

/**
 * The interfaces between the parts of the house. The night knows only these; one conformance
 * suite per port runs on every implementation.
 */

/** Time, as a parameter, so that tests run the real code. */
export interface Clock {
  /** Wall-clock time, milliseconds since 1970. For people and records. */
  now(): number;
  /** Monotonic milliseconds, while the machine is awake. For durations and deadlines. */
  monotonic(): number;
  /** Milliseconds that the machine was suspended since the process began; `monotonic` leaves them out. */
  asleep(): number;
}

/** Plain data that survives JSON. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

export type Role = 'researcher' | 'planner' | 'worker' | 'reporter';

/** Who takes a job. Authors are Workers, apart: they take minutes, and no run waits behind one. */
export type Post = Role | 'author';

/** One piece of work for a role. The same id is the same work: a second dispatch is no second job. */
export interface Job {
  readonly id: string;
  readonly role: Post;
  readonly input: Json;
}

/** What came of a job. `error` is a bug or an outage, never a result: failures are outputs. */
export type Finished =
  | { readonly id: string; readonly role: Post; readonly output: Json }
  | { readonly id: string; readonly role: Post; readonly error: string };

/**
 * Does one job. `signal` fires, with the reason `fenced`, when the job was taken away or the queue
 * closes: stop, the answer will not be used.
 */
export type Handler = (
  input: Json,
  job: { readonly id: string; readonly signal: AbortSignal },
) => Promise<Json>;

/**
 * Carries work to the roles and answers back. Disposable: everything in it can be dispatched again.
 *
 * What was dispatched is answered in the end: an outage of a server that the queue is kept on, even
 * one that loses its data, delays answers, ends no handler, and throws nothing. So the night need
 * not know of it.
 */
export interface Queue {
  /** Resolves when the job is in the queue, or waits here for the queue's server to come back. */
  dispatch(job: Job): Promise<void>;
  /** Binds a role to its handler, at most `concurrency` jobs at once. */
  serve(role: Post, concurrency: number, handler: Handler): Promise<void>;
  /** Called for each finished job, at least once; the listener knows its ids and forgets doubles. */
  onFinished(listener: (finished: Finished) => void): void;
  /** Whether a handler of this process is at the job, or has an answer that waits to be told: others may wait for a server that is gone. */
  hasBegun(job: Pick<Job, 'id' | 'role'>): boolean;
  /** Aborts what is running and closes; resolves when no handler runs any more. */
  close(): Promise<void>;
}

/** Files a commit changes: path from the repository's top → new text, null for deleted. */
export type FileChanges = ReadonlyMap<string, string | null>;

export interface CommitOrder {
  /** Brought to the commit; null for one that only others will stand on. */
  readonly branch: string | null;
  /** The commit that the branch may stand at, to be moved from there. Absent: it must be new. */
  readonly replaces?: string | null;
  readonly parent: string;
  readonly message: string;
  readonly change:
    | { readonly kind: 'files'; readonly files: FileChanges }
    | { readonly kind: 'patch'; readonly diff: string };
}

/** What promoting did, or would do. */
export interface Promotion {
  /** The branch that moved; `autolab-best` where base was a detached HEAD. */
  readonly branch: string;
  readonly commit: string;
}

/** git, as AutoLab uses it: hardened, under AutoLab's identity, never touching the user's checkout. */
export interface Repository {
  /** Absolute path of the top level. */
  readonly root: string;
  /** Absolute path of the common .git folder. */
  readonly gitDir: string;
  /** Top levels of the repository's other checkouts, which share its branches; none of AutoLab's own. */
  otherCheckouts(): Promise<readonly string[]>;
  /** Who git thinks is at work here (`user.name`); null where nobody told it. */
  userName(): Promise<string | null>;
  /** The commit of `base` (a branch), or of what is checked out. Throws LabError not_found. */
  resolveBase(base: string | undefined): Promise<Base>;
  /** Text of a file at a commit; null where there is none (or it is no regular file). */
  readFile(commit: string, path: string): Promise<string | null>;
  /** Paths of the regular files of a commit's tree, from the top. */
  listFiles(commit: string): Promise<readonly string[]>;
  /** Uncommitted and untracked paths of the user's checkout. */
  dirtyPaths(): Promise<readonly string[]>;
  /**
   * What of the user's checkout is in no commit: changes of tracked files as a diff that can be
   * applied to HEAD again, and the names of untracked files, of whole folders where all of one is.
   */
  uncommitted(): Promise<{ readonly diff: Uint8Array; readonly untracked: readonly string[] }>;
  /** `autolab`, or `autolab-lab` where a branch named autolab is in the way. */
  branchPrefix(): Promise<string>;
  /** The highest n of the branches `<prefix>/E-n`; -1 where there are none. */
  highestExperiment(): Promise<number>;
  /** Points a branch at a commit; the same call twice is no error. */
  createBranch(branch: string, commit: string): Promise<void>;
  /**
   * Makes one commit on its parent without any worktree and points the branch at it. Same order,
   * same commit. Throws LabError conflict where a patch does not apply, refused where it makes
   * symlinks, submodules, .gitattributes or .gitmodules, or where nothing would change.
   */
  commit(order: CommitOrder): Promise<string>;
  /** Unified diff from one commit to the other. */
  diff(from: string, to: string): Promise<string>;
  /** Paths that differ between two commits. */
  changedPaths(from: string, to: string): Promise<readonly string[]>;
  /**
   * Brings the worktree at `folder` (made, or made again where it is missing or damaged) to
   * `commit`, detached, every tracked file as committed; untracked and ignored paths are removed
   * but for those named in `keep` (top-relative).
   */
  checkOut(folder: string, commit: string, keep: readonly string[]): Promise<void>;
  /** Tracked paths of a worktree that differ from its commit. */
  worktreeChanges(folder: string, commit: string): Promise<{ readonly tracked: readonly string[] }>;
  removeWorktree(folder: string): Promise<void>;
  /** Names of branches below the prefix with their commits. */
  branches(): Promise<readonly { readonly branch: string; readonly commit: string }[]>;
  deleteBranch(branch: string): Promise<void>;
  /** Merges `commit` into base with a merge commit, `files` added to it. See LabError conflict, refused. */
  promote(order: PromoteOrder): Promise<Promotion>;
  /** The last thousand merges into the branch that `promote` moves for that base, newest first. */
  mergesInto(base: string | null): Promise<readonly Merged[]>;
}

/** A merge that a branch holds: the commits that it joined to it, and the name of who made it. */
export interface Merged extends Promotion {
  readonly brought: readonly string[];
  readonly who: string;
}

export interface PromoteOrder {
  readonly base: Base;
  readonly commit: string;
  readonly message: string;
  /** Written into the merge commit: path → its text, made from the text that base has (or null). */
  readonly files: ReadonlyMap<string, (old: string | null) => string>;
}

/** What a run executes. Everything in it is decided; the worker only carries it out. */
export interface RunOrder {
  readonly run: RunId;
  readonly attempt: number;
  readonly seed: number | null;
  /** Counts from 1. */
  readonly slot: number;
  readonly commit: string;
  /** Protected files are those of this commit. */
  readonly base: string;
  readonly command: Command;
  readonly plan: Plan;
  /** Knobs as this experiment sets them, current values included: recorded as params. */
  readonly knobs: Readonly<Record<string, string>>;
  /** Device indices for CUDA_VISIBLE_DEVICES; empty: none; null: leave alone. */
  readonly gpus: readonly number[] | null;
  /** Trained as the plan's `dawn` says, which command and plan here are made to say already. */
  readonly variant?: 'dawn' | undefined;
  /** When the run may be ended early. Absent or null: never. */
  readonly prune?: PruneOrder | null;
  /** Work of the plan's own: no objective is asked of it, and nothing else measures it. */
  readonly plain?: boolean;
  /** The attempt before ran another patch: what it left is not handed on. */
  readonly repaired?: boolean;
  /** Before it, the command is run cut to a moment by the plan's `run.smoke`: its crash is the run's. */
  readonly smoke?: boolean;
  /** Nothing of the slot's worktrees is reused: they are made anew, and `run.setup` runs again. */
  readonly anew?: boolean;
}

/** What a hopeless run is told by. */
export interface PruneOrder {
  readonly mode: 'cautious' | 'eager';
  /** Finished attempts whose curves it is held against; none: only NaN and divergence end it. */
  readonly reference: readonly { readonly run: RunId; readonly attempt: number }[];
  /** It runs on whatever its curve says, and the result tells what would have been. */
  readonly audited: boolean;
}

/** What came of a look at what is held out. */
export interface HeldOutNumber {
  /** May be NaN or infinite; null where there is none. */
  readonly value: number | null;
  readonly failure: Failure | null;
}

export interface PrepareOrder {
  readonly experiment: ExperimentId;
  readonly parent: string;
  readonly base: string;
  readonly parent_command: Command;
  readonly change: Change;
  readonly message: string;
  readonly branch: string;
  /** The experiment's commit before its patch was repaired, where the branch stands. Absent: none. */
  readonly replaces?: string | null;
  readonly plan: Plan;
}

export type Prepared =
  | {
      readonly commit: string;
      readonly command: Command;
      /** What every knob is set to at the commit; null where the change is the knobs' own. */
      readonly settings: Readonly<Record<string, string>> | null;
    }
  | { readonly failure: Failure };

/**
 * The hands of one attempt. Each step returns the failure that ends the attempt, or null, and
 * throws only for bugs of ours. `seal` writes result.json (fsync, rename) and may be called after
 * any step; what is on disk counts, whoever asks again.
 */
export interface Hands {
  /** The worktree stands at the commit, cleaned, linked, protected files as base has them. */
  checkOut(): Promise<Failure | null>;
  setUp(): Promise<Failure | null>;
  /** Runs the command to its end, its timeout, or the abort of the signal. */
  train(): Promise<Failure | null>;
  /** Protected files and linked paths are as they were. */
  verify(): Promise<Failure | null>;
  /** Metrics, artifacts, manifest. */
  measure(): Promise<Failure | null>;
  seal(failure: Failure | null): Promise<RunResult>;
}

/** One executor per kind of compute. */
export interface Executor {
  prepare(order: PrepareOrder): Promise<Prepared>;
  open(order: RunOrder, signal: AbortSignal): Hands;
  /** Has the plan's `holdout` measure what the attempt left. The answer of an aborted one is not used. */
  holdOut(order: RunOrder, signal: AbortSignal): Promise<HeldOutNumber>;
  /** The result an attempt sealed of that very commit, null where it never did. */
  sealed(run: RunId, attempt: number, commit: string): Promise<RunResult | null>;
  /** Ends what former attempts left running. Returns what it ended, in words. */
  endOrphans(): Promise<readonly string[]>;
}

/** Rows of a query: plain values, numbers that are not finite as the strings NaN, Infinity, -Infinity. */
export interface Rows {
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, Json>>[];
}

export interface NotebookReader {
  /** One SELECT over the tables, recorded runs included up to the call. Throws LabError usage. */
  query(sql: string): Promise<Rows>;
}

/** An attempt, and how many rows there should be of what it left. */
export interface LeftBy {
  readonly run: AnyRunId;
  readonly attempt: number;
  readonly metric_points: number;
  readonly sample_rows?: number;
}

/** Everything recorded. One writer; what `append` acknowledged is on disk. */
export interface Notebook extends NotebookReader {
  /** The journal so far, in order. */
  readonly events: readonly Event[];
  /** Durable when it resolves. Calls are kept in order. */
  append(body: EventBody): Promise<Event>;
  /**
   * Takes a run's metrics.parquet in, and what lies beside it of its samples; once per run and
   * attempt, later calls change nothing.
   */
  takeIn(of: LeftBy, metricsFile: string): Promise<void>;
  /** Moves what other processes left in the inbox into the journal. */
  drainInbox(): Promise<readonly Event[]>;
  /** Brings the Parquet tables up to the journal. */
  seal(): Promise<void>;
  close(): Promise<void>;
}

/** Text files the Reporter wants on disk: path from the repository's top → text. */
export interface Report {
  readonly documents: readonly { readonly path: string; readonly text: string }[];
  readonly findings: readonly Finding[];
}

export type { Command, DataIdentity };
