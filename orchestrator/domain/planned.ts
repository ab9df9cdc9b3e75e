import type { JudgedLimit } from './experiment.ts';
import type { ExperimentId } from './ids.ts';

/** An experiment that is work of the plan's own (`experiments:`), and no change of the script. */
export interface Planned {
  /** `parent/child`. */
  readonly name: string;
  /** What is run and asked of it: a finished one of the same definition, on the same commit, stands. */
  readonly definition: string;
  /** Seconds. */
  readonly timeout: number;
  /** `run.timeout`, where the budget had less for it. */
  readonly cut_from?: number;
  /** As they were when the night began. */
  readonly notes: { readonly file: string; readonly text: string } | null;
  /** Null until judged. */
  readonly outcome: PlannedOutcome | null;
}

/** What its one run came to. */
export interface PlannedOutcome {
  /** Finished: nothing was asked of its metrics. */
  readonly status: 'finished' | 'met' | 'borderline' | 'not_met' | 'failed';
  /** One sentence. */
  readonly because: string;
  readonly limits: readonly JudgedLimit[];
}

export interface PlannedJudged {
  readonly type: 'planned_judged';
  readonly experiment: ExperimentId;
  readonly outcome: PlannedOutcome;
}
