import type { Queued } from './domain/asked.ts';
import type { Experiment } from './domain/experiment.ts';
import type { Night, State } from './domain/state.ts';

/** What the user asked for by hand, as a night sees it. Pure. */

/**
 * What this night may take in, in order. A knob that its plan has not is no reason to turn down what
 * was asked for while it ran: it is left to the next, whose plan may have it.
 */
export const askedFor = (
  state: Pick<State, 'queued'>,
  { plan, started }: Night,
): readonly Queued[] =>
  state.queued.filter(({ proposal: { change }, asked }) => {
    if (asked.at < started || change.kind !== 'knobs') return true;
    return Object.keys(change.values).every((knob) => Object.hasOwn(plan.search_space, knob));
  });

/** Whether an experiment is the first try of something that was asked for. */
export const isAskedFor = (state: State, { hypothesis, reapplies }: Experiment): boolean =>
  hypothesis !== null && !reapplies && state.hypotheses.get(hypothesis)?.asked !== undefined;
