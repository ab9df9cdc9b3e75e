import type { Change } from './hypothesis.ts';
import type { ExperimentId, HypothesisId, NightId, RunId } from './ids.ts';
import type { Failure } from './run.ts';

/** From words to a patch, and from a crash to a repaired one: what the journal says of both. */

/** A patch that was written for a hypothesis, and what its author says of it. */
export interface Written {
  /** A unified diff with headers relative to the repository's top, on the commit it was asked for. */
  readonly diff: string;
  readonly account: Account;
  /** The model, or the coding agent, that wrote it. */
  readonly by: string;
}

/** What an author says it changed, one line per change. */
export interface Account {
  readonly changes: readonly string[];
  /** What a coding agent changed besides and AutoLab did not take, with the reason. */
  readonly left_out?: readonly string[] | undefined;
}

/** A repaired patch, the crash that it answers, and what was run before it. */
export interface Repair {
  /** Which try it is, from 1. */
  readonly number: number;
  /** The attempt that crashed: later attempts run the repaired patch. */
  readonly run: RunId;
  readonly attempt: number;
  readonly failure: Failure;
  /** What had crashed. */
  readonly before: { readonly change: Change; readonly commit: string };
  readonly account: Account;
  readonly by: string;
}

export type WritingBody =
  /** A hypothesis in words has a patch now: it is planned like any other. */
  | {
      readonly type: 'hypothesis_written';
      readonly night: NightId;
      readonly hypothesis: HypothesisId;
      readonly written: Written;
    }
  /** Nobody could write it. */
  | {
      readonly type: 'hypothesis_unwritten';
      readonly night: NightId;
      readonly hypothesis: HypothesisId;
      readonly failure: Failure;
    }
  /** The branch is to get this patch instead, and the run that crashed is made again. */
  | {
      readonly type: 'experiment_repaired';
      readonly experiment: ExperimentId;
      readonly number: number;
      readonly run: RunId;
      readonly attempt: number;
      readonly written: Written;
    }
  /** Nobody could repair it: the crash is its result. */
  | {
      readonly type: 'experiment_unrepaired';
      readonly experiment: ExperimentId;
      readonly number: number;
      readonly run: RunId;
      readonly attempt: number;
      readonly because: string;
    };

const WRITING: ReadonlySet<string> = new Set<WritingBody['type']>([
  'hypothesis_written',
  'hypothesis_unwritten',
  'experiment_repaired',
  'experiment_unrepaired',
]);

export const isWriting = <E extends { readonly type: string }>(
  event: E,
): event is Extract<E, WritingBody> => WRITING.has(event.type);
