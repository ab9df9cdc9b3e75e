import type { Plan } from './plan.ts';
import type { FileChanges } from './ports.ts';
import type { Failure } from './run.ts';

export interface CodingOrder {
  /** The piece of work, such as `write-H-0012`: names its folder. */
  readonly work: string;
  /** What it works on. */
  readonly commit: string;
  readonly plan: Plan;
  readonly worker: NonNullable<Plan['worker']>;
  readonly brief: string;
}

export type Coded =
  | {
      /** What it changed of what the plan lets an experiment change. */
      readonly files: FileChanges;
      /** What it changed besides, and why that was left out: `evaluate.mjs (protected)`. */
      readonly left_out: readonly string[];
      /** What it says it changed, one line per change; empty where it said nothing. */
      readonly changes: readonly string[];
      readonly by: string;
    }
  | { readonly failure: Failure };

/** Somebody else's program that edits files. Rejects for bugs and with the signal's reason. */
export interface CodingAgent {
  run(order: CodingOrder, signal: AbortSignal): Promise<Coded>;
}
