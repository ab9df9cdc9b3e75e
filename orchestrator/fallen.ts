import type { Experiment } from './domain/experiment.ts';
import type { ExperimentId } from './domain/ids.ts';
import { experimentIn, type State } from './domain/state.ts';
import { stackOf } from './dawn.ts';

/**
 * The lowest change of a stack that further seeds showed to be worse than what it was built on:
 * what stands on it fell with it. Undefined where the stack stands. Pure.
 */
export const fallenIn = (state: State, tip: ExperimentId): Experiment | undefined =>
  stackOf(state, tip)
    .map((id) => experimentIn(state, id))
    .find(({ judgement }) => judgement?.verdict === 'worse');
