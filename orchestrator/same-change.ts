import { changeKey, type Change, type Proposal } from './domain/hypothesis.ts';
import type { Plan } from './domain/plan.ts';
import { currentNight, type State } from './domain/state.ts';
import { memoryOf } from './memory.ts';

/**
 * What has the same change already, by the key that the Planner goes by, in words that fit behind
 * "found": asked for and waiting, waiting in the open night, tried in any night for this objective,
 * or one of the plan's own that the next night would try. Null where nothing has. Pure.
 */
export function sameChange(
  state: State,
  plan: Plan,
  own: readonly Proposal[],
  change: Change,
): string | null {
  const key = changeKey(change);
  const queued = state.queued.find(({ proposal }) => changeKey(proposal.change) === key);
  if (queued) return `it waits already (“${queued.proposal.title}”)`;
  const night = state.night === null ? null : currentNight(state);
  if (night) {
    const waits = [...night.waiting, ...night.proposed]
      .flatMap((id) => state.hypotheses.get(id) ?? [])
      .find((hypothesis) => changeKey(hypothesis.change) === key);
    if (waits && !night.ended) return `${waits.id} waits already (“${waits.title}”)`;
    const memory = memoryOf(state, { ...night, plan });
    const tried = memory.findLast((one) => changeKey(one.change) === key);
    if (tried) {
      const { verdict, experiment, parent } = tried;
      if (verdict === null) return `${experiment} is trying it`;
      return `${experiment} tried it on ${parent} (${verdict.replaceAll('_', ' ')})`;
    }
  }
  const planned = own.find((one) => changeKey(one.change) === key);
  return planned ? `the plan’s own hypothesis “${planned.title}” is it` : null;
}
