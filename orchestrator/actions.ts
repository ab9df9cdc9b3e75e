import type { Experiment } from './domain/experiment.ts';
import type { EventBody, NightEnd } from './domain/event.ts';
import type { ExperimentId, NightId, RunId } from './domain/ids.ts';
import type { Role } from './domain/ports.ts';
import type { Night } from './domain/state.ts';
import type { Judged } from './judging.ts';

/** What there is to do, as data: the answers of `decide`. */

/** A decision, to be recorded; or work for a role, to be dispatched. */
export type Action =
  | { readonly kind: 'record'; readonly event: EventBody }
  | ({ readonly id: string; readonly role: Role } & (
      | {
          readonly kind: 'propose';
          readonly night: NightId;
          readonly round: number;
          readonly incumbent: ExperimentId;
          readonly wanted: number;
        }
      | {
          readonly kind: 'plan';
          readonly night: NightId;
          readonly round: number;
          readonly incumbent: ExperimentId;
        }
      | { readonly kind: 'prepare'; readonly experiment: ExperimentId }
      | { readonly kind: 'run'; readonly run: RunId; readonly attempt: number }
      | {
          readonly kind: 'hold_out';
          readonly night: NightId;
          readonly experiment: ExperimentId;
          readonly run: RunId;
        }
      | { readonly kind: 'summarise'; readonly run: RunId }
      | { readonly kind: 'report'; readonly night: NightId; readonly revision: number }
    ));

export type Work = Exclude<Action, { kind: 'record' }>;

export const prepare = (experiment: ExperimentId): Action => ({
  kind: 'prepare',
  id: `prepare-${experiment}`,
  role: 'worker',
  experiment,
});

export const opened = (experiment: Experiment): Action => ({
  kind: 'record',
  event: { type: 'experiment_opened', experiment },
});

export const judged = ({ experiment, judgement }: Judged): Action => ({
  kind: 'record',
  event: { type: 'experiment_judged', experiment, judgement },
});

/** `message` where there is more to say than the reason does. */
export const ended = (night: Night, reason: NightEnd, message = WHY[reason]): Action => ({
  kind: 'record',
  event: { type: 'night_ended', night: night.id, reason, message },
});

const WHY: Readonly<Record<NightEnd, string>> = {
  experiments_spent: 'all the experiments of the budget were tried',
  runs_spent: 'the runs of the budget were spent',
  time_spent: 'the wall clock of the budget was spent',
  gpu_hours_spent: 'the GPU hours of the budget were spent',
  ideas_spent: 'there was nothing new left to try',
  target_reached: 'the target was reached',
  plateau: 'nothing better came for long',
  stopped: 'it was stopped',
  superseded: 'the plan or the base changed',
  drift: 'the baseline drifted',
  gate: 'a gate closed',
  baseline_failed: 'the baseline failed',
};
