import type { Clock, Executor, Repository } from '../orchestrator/domain/ports.ts';
import { attemptFolder, LIMITS, type Limits, type Workshop } from './attempt.ts';
import { sweepClaims } from './claim.ts';
import { openHands } from './hands.ts';
import { holdOut } from './holdout.ts';
import { endOrphans, ownMarks } from './orphans.ts';
import { keepDiff } from './change-diff.ts';
import { prepare, type Rewriting } from './prepare.ts';
import { readSealed } from './result.ts';
import { chooseSandbox } from './sandbox/available.ts';
import { findCgroups } from './sandbox/cgroup.ts';
import { sweepScratch } from './sandbox/scratch.ts';
import type { Concern } from './vitals.ts';

export { dataIdentity } from './data.ts';
export { environmentOf } from './environment-key.ts';
export { gpusFor, machine, machineInWords, slotsFor, type Gpu, type Machine } from './machine.ts';
export type { Limits } from './attempt.ts';
export { chooseSandbox, type Choice } from './sandbox/available.ts';
export type { Concern } from './vitals.ts';
export type { Rewriting } from './prepare.ts';

export interface LocalExecutorDeps extends Rewriting {
  /** The lab's top level, absolute. */
  readonly root: string;
  /** This lab's own cache folder, outside the lab: worktrees live in `<cacheDir>/worktrees/slot-N`. */
  readonly cacheDir: string;
  /** Absolute path of `<root>/experiments`. */
  readonly experimentsDir: string;
  readonly repository: Repository;
  readonly clock: Clock;
  /** AutoLab's version, for the manifest. */
  readonly version: string;
  /** The user's environment, from which runs get what is allowed. Default: this process'. */
  readonly user?: Readonly<Record<string, string | undefined>>;
  readonly limits?: Partial<Limits>;
  /** What runs are shut in. Default: what works on this machine. */
  readonly chooseSandbox?: Workshop['chooseSandbox'];
  /** Writes metrics.parquet from metrics.ndjson where there are more than `limits.large_points` points. */
  readonly writeLargeParquet?: (ndjson: string, parquet: string, run: string) => Promise<void>;
  /** Told while a run trains, each kind at most once a run. What it throws is nobody's trouble. */
  readonly onConcern?: (concern: Concern) => void;
  /** Told of what somebody should see to now, such as a full disk. A sentence. */
  readonly onTrouble?: (text: string) => void;
}

/** Runs experiments on this machine, each slot in its own worktree. */
export function openLocalExecutor(deps: LocalExecutorDeps): Executor {
  const workshop: Workshop = {
    root: deps.root,
    cacheDir: deps.cacheDir,
    experimentsDir: deps.experimentsDir,
    repository: deps.repository,
    clock: deps.clock,
    ...ownMarks(deps.cacheDir),
    user: deps.user ?? process.env,
    version: deps.version,
    chooseSandbox: deps.chooseSandbox ?? chooseSandbox,
    rewriteKnob: deps.rewriteKnob,
    limits: { ...LIMITS, ...deps.limits },
    writeLargeParquet: deps.writeLargeParquet ?? null,
    onConcern: heard(deps.onConcern),
    onTrouble: heard(deps.onTrouble),
  };
  return {
    async prepare(order) {
      const prepared = await prepare(deps.repository, deps, order);
      await keepDiff(deps.repository, deps.experimentsDir, order, prepared);
      return prepared;
    },
    open: (order, signal) => openHands(workshop, order, signal),
    holdOut: (order, signal) => holdOut(workshop, order, signal),
    sealed: (run, attempt, commit) =>
      readSealed(attemptFolder(deps.experimentsDir, run, attempt), run, attempt, commit),
    async endOrphans() {
      await sweepClaims(workshop);
      findCgroups()?.sweep(workshop.lab);
      await sweepScratch(workshop.cacheDir);
      return endOrphans(workshop.lab);
    },
  };
}

/** Whoever listens does not disturb a run. */
const heard =
  <Told>(listener: ((told: Told) => void) | undefined) =>
  (told: Told): void => {
    try {
      listener?.(told);
    } catch {
      // Theirs to know.
    }
  };
