import type { Experiment } from './domain/experiment.ts';
import type { EventBody, NightEnd } from './domain/event.ts';
import type { ExperimentId, HypothesisId, NightId, RunId } from './domain/ids.ts';
import type { Post } from './domain/ports.ts';
import type { Night } from './domain/state.ts';
import type { Judged } from './judging.ts';

/** What there is to do, as data: the answers of `decide`. */

/** A decision, to be recorded; or work for a role, to be dispatched. */
export type Action =
  | { readonly kind: 'record'; readonly event: EventBody }
  | ({ readonly id: string; readonly role: Post } & (
      | {
          readonly kind: 'propose';
          readonly night: NightId;
          readonly round: number;
          readonly incumbent: ExperimentId;
          readonly wanted: number;
        }
      /** Ideas of a model, which takes its time: rounds of their own, and no slot waits for one. */
      | {
          readonly kind: 'invent';
          readonly night: NightId;
          readonly round: number;
          readonly incumbent: ExperimentId;
          /** At most. */
          readonly ideas: number;
        }
      /** Whether a model knows new patches in other words, before they are planned. */
      | {
          readonly kind: 'compare';
          readonly night: NightId;
          readonly round: number;
          readonly incumbent: ExperimentId;
        }
      | {
          readonly kind: 'plan';
          readonly night: NightId;
          readonly round: number;
          readonly incumbent: ExperimentId;
        }
      /** A patch for a hypothesis in words. */
      | { readonly kind: 'write'; readonly night: NightId; readonly hypothesis: HypothesisId }
      /** A patch that does not crash, for one that did. */
      | {
          readonly kind: 'repair';
          readonly experiment: ExperimentId;
          readonly run: RunId;
          readonly attempt: number;
          /** Which try it is, from 1. */
          readonly number: number;
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

/** Each repair of its patch is prepared anew, and so is what the machine failed to prepare. */
export const prepare = ({ id, repairs = [], unprepared }: Experiment): Action => {
  const patch = repairs.length === 0 ? `prepare-${id}` : `prepare-${id}-${repairs.length + 1}`;
  return {
    kind: 'prepare',
    id: unprepared ? `${patch}-try-${unprepared.tries + 1}` : patch,
    role: 'worker',
    experiment: id,
  };
};

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
