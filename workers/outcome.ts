import type { Plan } from '../orchestrator/domain/plan.ts';
import type { RunOrder } from '../orchestrator/domain/ports.ts';
import type { Failure, RunResult } from '../orchestrator/domain/run.ts';
import type { Attempt } from './attempt.ts';
import type { Kept } from './measure.ts';
import type { Measured } from './pristine.ts';
import { readingsOf } from './readings.ts';
import type { Trained } from './train.ts';

/** What an attempt came to, as far as it got. */

const NEVER_RAN: Failure = { class: 'infrastructure', message: 'the command was never run' };
const NEVER_MEASURED: Failure = {
  class: 'infrastructure',
  message: 'what measures the run was never run',
};

/** Whether every command of the plan that measures runs was run. */
export const isMeasured = ({ evaluate, score }: Plan, measured: readonly Measured[]): boolean =>
  measured.length >= [evaluate, score].filter((key) => key !== undefined).length;

/** A run that nothing is known against is no result all the same until all of it was done. */
export function unfinished(
  { plan }: RunOrder,
  trained: Trained | null,
  measured: readonly Measured[],
): Failure | null {
  if (trained === null) return NEVER_RAN;
  return isMeasured(plan, measured) ? null : NEVER_MEASURED;
}

export function resultOf(
  attempt: Attempt,
  opened: string,
  trained: Trained | null,
  measured: readonly Measured[],
  kept: Kept | null,
): Omit<
  RunResult,
  'status' | 'failure' | 'killed_because' | 'environment_key' | 'environment' | 'spans'
> {
  const done = trained?.done;
  // What was said counts, also where the disk had no room for the files that show it.
  const said = trained === null ? null : readingsOf(attempt, trained, measured);
  return {
    run: attempt.order.run,
    attempt: attempt.order.attempt,
    commit: attempt.order.commit,
    // What it had reached when it was ended is no outcome; the evidence has it.
    objective: trained?.pruned ? null : (said?.objective ?? null),
    tier: said?.tier ?? 'self_reported',
    ...(trained?.pruning && { pruning: trained.pruning }),
    started: done === undefined ? opened : new Date(done.started).toISOString(),
    seconds: done?.seconds ?? 0,
    cpu_seconds: done?.cpu_seconds ?? null,
    slept_seconds: done?.slept_seconds ?? 0,
    exit_code: done?.exit_code ?? null,
    signal: done?.signal ?? null,
    summary: said?.summary ?? [],
    params: said?.params ?? [],
    artifacts: kept?.artifacts ?? [],
    metric_points: kept?.points ?? 0,
    ...(trained === null ? {} : { steps: trained.metrics.steps }),
  };
}
