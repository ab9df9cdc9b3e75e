import type { Confirmable } from './domain/event.ts';
import type { ExperimentId } from './domain/ids.ts';
import { armOf, type Night, type State } from './domain/state.ts';
import type { Action } from './actions.ts';
import { dawnPlan, dawnShare } from './budget.ts';
import { moderationOf } from './race.ts';
import { baselineIsMeasured } from './replicate.ts';
import type { Noise } from './statistics/compare.ts';
import { runsForEquivalence, smallestConfirmable } from './statistics/power.ts';

/** What a night can find out within its budget, said before it is spent. Pure. */

/**
 * With so many fresh seeds of each arm. Null where nothing is known of noise: the script is
 * deterministic, the plan names no seed, or no two seeds differed.
 */
export function confirmable(state: State, night: Night, seeds: number): Confirmable | null {
  const { run, objective } = night.plan;
  if (night.baseline === null || run.deterministic || !run.seed) return null;
  const noise = noiseAtDawn(state, night.baseline);
  if (!noise) return null;
  return {
    seeds,
    gain: smallestConfirmable(noise, seeds),
    runs_for_no_difference: runsForEquivalence(noise, objective.min_effect ?? 0),
  };
}

/**
 * Dawn sets the baseline beside an arm that is not known yet: the mean of its own variance and a
 * typical one's. Where changes are steadier than the baseline, theirs alone would promise too much.
 */
function noiseAtDawn(state: State, baseline: ExperimentId): Noise | null {
  const moderation = moderationOf(state, baseline);
  if (moderation === null) return null;
  const { typical } = moderation;
  const own = moderation.noiseOf(armOf(state, baseline).map(({ value }) => value));
  return {
    variance: (own.variance + typical.variance) / 2,
    df: Math.min(own.df, typical.df),
  };
}

/** Once every seed of the baseline ran, whoever watches hears what this budget can confirm. */
export function foretold(state: State, night: Night): Action[] {
  if (night.confirmable || night.dawn || night.baseline === null) return [];
  if (!baselineIsMeasured(state, night)) return [];
  const found = confirmable(state, night, dawnPlan(night, 1, dawnShare(state, night)).seeds.length);
  if (!found) return [];
  const { id, baseline } = night;
  const event = { type: 'baseline_measured', night: id, baseline, confirmable: found } as const;
  return [{ kind: 'record', event }];
}
