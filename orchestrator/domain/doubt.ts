import type { ExperimentId } from './ids.ts';
import { ancestors, type Flag, type State } from './state.ts';
import { experimentTier } from './tier.ts';

/** The label of a change whose words name what it is measured by. */
export const TOUCHES_EVALUATION = 'touches:evaluation';

/**
 * The marks on an experiment, and on what it is built on, of changes that name the evaluation,
 * where its numbers are the script's own word: fresh seeds do not tell a better model from a
 * better print. None where the numbers were measured outside of the script.
 */
export function doubtsOn(state: State, id: ExperimentId): readonly Flag[] {
  const marked = state.flags.filter(({ label }) => label === TOUCHES_EVALUATION);
  if (marked.length === 0) return [];
  const tier = experimentTier(state, id);
  if (tier !== null && tier !== 'self_reported') return [];
  const stack = new Set<string>([id, ...ancestors(state, id)]);
  return marked.filter(({ target }) => stack.has(target));
}

/** `E-0003 and E-0011`. */
export const doubtful = (doubts: readonly Flag[]): string =>
  doubts.map(({ target }) => target).join(' and ');
