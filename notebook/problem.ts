import type { RunId } from '../orchestrator/domain/ids.ts';

/** Something of the notebook that is not what was written, in words a person can act on. */
export interface Problem {
  readonly text: string;
  /** The run it is about, where it is one. */
  readonly run: RunId | null;
}
