import type { RunOrder } from '../orchestrator/domain/ports.ts';
import { savedName, type Logged } from '../orchestrator/domain/logged.ts';
import type { Failure, RunResult, SummaryValue } from '../orchestrator/domain/run.ts';
import type { Attempt } from './attempt.ts';
import type { Kept } from './measure.ts';
import type { Measured } from './pristine.ts';
import { readingsOf } from './readings.ts';
import type { Trained } from './train.ts';

/** What an attempt came to, as far as it got. */

const NEVER_RAN: Failure = { class: 'infrastructure', message: 'the command was never run' };
/** Its key in a summary. */
const BEST_CHECKPOINT = 'best_checkpoint';

const NEVER_MEASURED: Failure = {
  class: 'infrastructure',
  message: 'what measures the run was never run',
};

/** Whether every command of the plan that measures runs was run. */
export const isMeasured = (
  { plain, plan: { evaluate, score } }: Pick<RunOrder, 'plain' | 'plan'>,
  measured: readonly Measured[],
): boolean =>
  plain === true || measured.length >= [evaluate, score].filter((key) => key !== undefined).length;

/** A run that nothing is known against is no result all the same until all of it was done. */
export function unfinished(
  order: RunOrder,
  trained: Trained | null,
  measured: readonly Measured[],
): Failure | null {
  if (trained === null) return NEVER_RAN;
  return isMeasured(order, measured) ? null : NEVER_MEASURED;
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
    ...(done === undefined ? {} : { sandbox: done.sandbox }),
    ...(trained?.pruning && { pruning: trained.pruning }),
    started: done === undefined ? opened : new Date(done.started).toISOString(),
    seconds: done?.seconds ?? 0,
    cpu_seconds: done?.cpu_seconds ?? null,
    slept_seconds: done?.slept_seconds ?? 0,
    exit_code: done?.exit_code ?? null,
    signal: done?.signal ?? null,
    summary: [...(said?.summary ?? []), ...checkpointIn(kept, said?.summary ?? [])],
    params: said?.params ?? [],
    artifacts: kept?.artifacts ?? [],
    metric_points: kept?.points ?? 0,
    ...(kept !== null && kept.samples > 0 && { sample_rows: kept.samples }),
    ...(trained !== null &&
      saidAnything(trained.logged.logged) && { logged: trained.logged.logged }),
    ...(trained === null ? {} : { steps: trained.metrics.steps }),
  };
}

const saidAnything = ({ findings, tags, group }: Logged): boolean =>
  findings.length > 0 || tags.length > 0 || group !== null;

/** Which checkpoint was the best, beside what the script said: `model:v3 at step 1000, 1.62`. */
function checkpointIn(
  kept: Kept | null,
  summary: readonly SummaryValue[],
): readonly SummaryValue[] {
  const best = kept?.best ?? null;
  if (best === null || summary.some(({ key }) => key === BEST_CHECKPOINT)) return [];
  const names = best.artifacts.flatMap(({ saved }) => (saved ? savedName(saved) : []));
  const text = `${[...new Set(names)].join(', ')} at step ${best.step}, ${best.value}`;
  return [{ key: BEST_CHECKPOINT, number: null, text }];
}
