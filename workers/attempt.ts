import { join } from 'node:path';
import type { RunId } from '../orchestrator/domain/ids.ts';
import { attemptDir, EXPERIMENTS_DIR } from '../orchestrator/domain/layout.ts';
import type { Rewriting } from './prepare.ts';
import type { Concern } from './vitals.ts';
import type { Clock, Repository, RunOrder } from '../orchestrator/domain/ports.ts';
import type { SandboxSettings } from '../orchestrator/domain/plan-sandbox.ts';
import type { Choice } from './sandbox/available.ts';

/** Keys of the plan whose command measures what a run left, from a checkout of base. */
const MEASURING = ['evaluate', 'score', 'holdout'] as const;
export type MeasuringKey = (typeof MEASURING)[number];

/** Sizes and times that an executor keeps to. */
export interface Limits {
  /** Raw output kept from the beginning and from the end of a run. */
  readonly log_head_bytes: number;
  readonly log_tail_bytes: number;
  /** Longer lines hold no metrics. */
  readonly line_characters: number;
  /** Between SIGTERM and SIGKILL. */
  readonly grace_ms: number;
  /** Between two looks at a run's memory. */
  readonly sample_ms: number;
  readonly metric_keys: number;
  readonly metric_points: number;
  /** Runs with more points are written by `writeLargeParquet`, where there is one. */
  readonly large_points: number;
  /** Setup may take this long even where runs must be shorter. */
  readonly setup_seconds: number;
  /** The least silence of a run that somebody is told of. */
  readonly hung_ms: number;
  /** Between two tries to write to a full disk. */
  readonly room_ms: number;
  /** An attempt that nobody carried a step of for so long, nobody carries any more. */
  readonly dropped_ms: number;
}

export const LIMITS: Limits = {
  log_head_bytes: 8 * 1024 * 1024,
  log_tail_bytes: 8 * 1024 * 1024,
  line_characters: 64 * 1024,
  grace_ms: 5000,
  sample_ms: 250,
  metric_keys: 1000,
  metric_points: 2_000_000,
  large_points: 1000,
  setup_seconds: 3600,
  hung_ms: 60_000,
  room_ms: 5000,
  dropped_ms: 5000,
};

/** What every attempt of an executor shares. */
export interface Workshop {
  /** The lab's top level. */
  readonly root: string;
  readonly cacheDir: string;
  readonly experimentsDir: string;
  readonly repository: Repository;
  readonly clock: Clock;
  /** Marks this lab's processes. */
  readonly lab: string;
  /** Names this process beyond doubt. */
  readonly launcher: string;
  /** The user's environment, from which runs get what is allowed. */
  readonly user: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly limits: Limits;
  readonly chooseSandbox: (settings: SandboxSettings) => Promise<Choice>;
  readonly rewriteKnob: Rewriting['rewriteKnob'];
  readonly writeLargeParquet:
    | ((ndjson: string, parquet: string, run: string) => Promise<void>)
    | null;
  readonly onConcern: (concern: Concern) => void;
  readonly onTrouble: (text: string) => void;
}

/** One attempt at one run. */
export interface Attempt {
  readonly workshop: Workshop;
  readonly order: RunOrder;
  readonly signal: AbortSignal;
  /** `<experiments>/E-0007/runs/2/attempts/1` */
  readonly folder: string;
  readonly worktree: string;
  /** Where commands run. */
  readonly cwd: string;
}

export const attemptFolder = (experimentsDir: string, run: RunId, attempt: number): string =>
  join(experimentsDir, attemptDir(run, attempt).slice(EXPERIMENTS_DIR.length));

export function attemptOf(workshop: Workshop, order: RunOrder, signal: AbortSignal): Attempt {
  const worktree = trainingWorktree(workshop, order);
  return {
    workshop,
    order,
    signal,
    folder: attemptFolder(workshop.experimentsDir, order.run, order.attempt),
    worktree,
    cwd: join(worktree, order.plan.workspace.directory),
  };
}

const trainingWorktree = ({ cacheDir }: Workshop, { slot }: RunOrder): string =>
  join(cacheDir, 'worktrees', `slot-${slot}`);

/** Whether it stands where a measuring command does, and no experiment trains. */
export const measures = ({ workshop, order, worktree }: Attempt): boolean =>
  worktree !== trainingWorktree(workshop, order);

/** Where a slot's measuring command stands, beside the worktree that the slot trains in. */
export const measuringWorktree = (worktree: string, by: MeasuringKey): string =>
  `${worktree}-${by}`;

/** Every worktree that a slot may have besides the one it trains in. */
export const measuringWorktrees = (worktree: string): readonly string[] =>
  MEASURING.map((by) => measuringWorktree(worktree, by));
