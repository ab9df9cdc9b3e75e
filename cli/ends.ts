import { isOwnRunId } from '../orchestrator/domain/ids.ts';

/** How a run came to its end, in a word: the same in lists and on pages. */

/** `finished`, and `pruned` where that is why it was killed. */
export const endIn = (row: {
  readonly status: string;
  readonly killed_because: string | null;
}): string => (row.killed_because === 'pruned' ? 'pruned' : row.status);

/** The class of its failure. `idea` puts it on a change, and a run of one's own tries none: it failed. */
export const failureIn = ({
  id,
  failure,
}: {
  readonly id: string;
  readonly failure: string | null;
}): string | null => (failure === 'idea' && isOwnRunId(id) ? 'failed' : failure);
