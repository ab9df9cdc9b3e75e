import type { KnobEvidence } from './evidence.ts';
import type { Joint } from './joint.ts';

/**
 * What is expected to be gained in any case. A further move of the same knobs is only worth what
 * it gains over that, while a move of another knob can be stacked on it: so a knob with one good
 * value does not get all the runs.
 */
export interface Reach {
  /** In noise units over the incumbent; 0 where nothing good is under way in these knobs. */
  over(moves: Joint): number;
  /** Takes the moves for made, with the gain that is expected of them. */
  add(moves: Joint, gain: number): void;
}

export function reached(): Reach {
  const single = new Map<KnobEvidence, number>();
  const together = new Map<string, number>();
  return {
    add(moves, gain) {
      const [first, ...more] = moves;
      if (first && more.length === 0)
        single.set(first.knob, Math.max(single.get(first.knob) ?? 0, gain));
      const key = keyOf(moves);
      together.set(key, Math.max(together.get(key) ?? 0, gain));
    },
    over: (moves) =>
      Math.max(
        moves.reduce((sum, { knob }) => sum + (single.get(knob) ?? 0), 0),
        together.get(keyOf(moves)) ?? 0,
      ),
  };
}

const keyOf = (moves: Joint): string =>
  moves
    .map(({ knob }) => knob.name)
    .toSorted()
    .join(' ');
