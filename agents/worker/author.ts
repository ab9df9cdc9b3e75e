import type { Desk } from '../../orchestrator/domain/desk.ts';
import type { RepairBrief, WriteBrief } from '../../orchestrator/domain/brief.ts';
import type { RepairAnswer, WriteAnswer } from '../../orchestrator/domain/brief.ts';
import type { Model } from '../../orchestrator/domain/model.ts';
import { createPatching } from './patching.ts';
import { repair } from './repair.ts';
import { write } from './write.ts';

/** Turns words into a patch and a crash into a better one. Absent: nobody can. */
export interface Author {
  readonly write?: (brief: WriteBrief, signal: AbortSignal) => Promise<WriteAnswer>;
  readonly repair?: (brief: RepairBrief, signal: AbortSignal) => Promise<RepairAnswer>;
}

/** An author that is a model, at a desk of the lab's. */
export function createAuthor(deps: {
  readonly model: Model;
  readonly desk: Desk;
}): Required<Author> {
  const patching = createPatching(deps);
  return {
    write: (brief, signal) => write(deps.desk, patching, brief, signal),
    repair: (brief, signal) => repair(deps.desk, patching, brief, signal),
  };
}
