import { bootstrapBelow, mean, welchBelow } from './intervals.ts';
import type { World } from './worlds.ts';

/**
 * What others do with the same ideas, in the same order, in the same world: each idea on top of
 * what was kept so far, on seeds 1, 2, 3…, until the runs are spent. None confirms anything.
 */

export type RivalName = keyof typeof RIVALS;

interface Rival {
  readonly seeds: number;
  /** Whether an idea is kept, given its runs and those of what it builds on. Smaller is better. */
  readonly keeps: (idea: readonly number[], present: readonly number[]) => boolean;
}

const RIVALS = {
  greedy: { seeds: 1, keeps: (idea, present) => mean(idea) < mean(present) },
  welch: { seeds: 3, keeps: welchBelow },
  bootstrap: { seeds: 3, keeps: bootstrapBelow },
} as const satisfies Readonly<Record<string, Rival>>;

export const RIVAL_NAMES = Object.keys(RIVALS) as readonly RivalName[];

/** The titles that a rival keeps when it may start so many runs. */
export function keptBy(name: RivalName, world: World, runs: number): readonly string[] {
  const { seeds, keeps }: Rival = RIVALS[name];
  const arm = (titles: readonly string[]) =>
    Array.from({ length: seeds }, (_, i) => world.measure(titles, i + 1));
  let kept: readonly string[] = [];
  let present = arm(kept);
  const affordable = Math.floor(runs / seeds) - 1;
  for (const { title } of world.ideas.slice(0, affordable)) {
    const stack = [...kept, title];
    const idea = arm(stack);
    if (keeps(idea, present)) [kept, present] = [stack, idea];
  }
  return kept;
}
