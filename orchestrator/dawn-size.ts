import type { Plan } from './domain/plan.ts';
import { LEAST_DAWN_SEEDS } from './statistics/dawn.ts';

/** How many arms dawn compares, and on how many fresh seeds, for the runs that it has. Pure. */

/** Fresh seeds per arm that dawn aims for where the budget has them; fewer attribute nothing. */
export const DAWN_REPLICATES = 4;
/** Where nothing limits the runs. */
export const UNLIMITED_DAWN_REPLICATES = 5;
/** More fresh seeds than this per arm are better spent on ideas. */
export const MOST_DAWN_REPLICATES = 20;
/** Changes of a stack that nobody knows yet. */
export const USUAL_CHANGES = 2;

/** Baseline and stack; where the stack is more than one change, the stack without each as well. */
export const armsOf = (changes: number): number => (changes > 1 ? 2 + changes : 2);

export interface DawnSize {
  /** Fresh seeds of each arm; 0 where there are too few runs. */
  readonly each: number;
  /** Whether each of the stack's changes is left out once. */
  readonly attribute: boolean;
}

/**
 * For a stack of so many changes, out of so many runs (Infinity where nothing limits them). Where
 * DAWN_REPLICATES seeds fit for every arm, the stack without each change is an arm like the others;
 * else baseline and stack share the runs. A single change is the stack: its comparison with the
 * baseline says what it is worth. A `dawn` in the plan may ask for its own number of seeds.
 */
export function dawnSize(plan: Plan, changes: number, runs: number): DawnSize {
  const { deterministic } = plan.run;
  const arms = armsOf(changes);
  const fits = deterministic ? 1 : DAWN_REPLICATES;
  const limited = runs === Infinity ? UNLIMITED_DAWN_REPLICATES : MOST_DAWN_REPLICATES;
  const most = deterministic ? 1 : limited;
  const asked = deterministic ? undefined : plan.dawn?.seeds;
  const attribute = arms === 2 || Math.floor(runs / arms) >= (asked ?? fits);
  const seeds = asked ?? Math.min(most, Math.floor(runs / (attribute ? arms : 2)));
  const each = seeds >= (deterministic ? 1 : LEAST_DAWN_SEEDS) ? seeds : 0;
  return { each, attribute: attribute && each > 0 };
}

/** Runs that dawn takes of so many, for a stack of so many changes that it confirms. */
export function dawnRunsOf(plan: Plan, changes: number, runs: number): number {
  const { each, attribute } = dawnSize(plan, changes, runs);
  return each * (attribute ? armsOf(changes) : 2);
}
