import type { Candidate } from './evidence.ts';
import type { Outlook } from './surrogate.ts';

/** Moves of several knobs at once, for scripts whose knobs depend on each other. */

/** One move each of different knobs. */
export type Joint = readonly Candidate[];

export const valuesIn = (moves: Joint): Readonly<Record<string, string>> =>
  Object.fromEntries(moves.map(({ knob, value }) => [knob.name, value]));

/** Knobs that are joined, and values of each: what is left out promises less by itself. */
const [KNOBS, VALUES] = [6, 3];

/**
 * Every pair of moves of two knobs, among the most promising of each; held ones count too. One of
 * the two is expected to gain by itself: that two losses make a gain is too much to hope for.
 */
export function pairsOf(
  candidates: readonly Candidate[],
  outlook: Pick<Outlook, 'mean' | 'improvement'>,
): readonly Joint[] {
  const lines = new Map<Candidate['knob'], Member[]>();
  for (const [at, move] of candidates.entries()) {
    const member = { move, rate: outlook.improvement(at), gains: outlook.mean(at) > 0 };
    lines.set(move.knob, [...(lines.get(move.knob) ?? []), member]);
  }
  const best = [...lines.values()]
    .map((line) => line.toSorted((a, b) => b.rate - a.rate).slice(0, VALUES))
    .toSorted((a, b) => (b[0]?.rate ?? 0) - (a[0]?.rate ?? 0))
    .slice(0, KNOBS);
  return best.flatMap((line, i) =>
    best
      .slice(i + 1)
      .flatMap((other) => line.flatMap((a) => other.map((b) => [a, b])))
      .filter((pair) => pair.some(({ gains }) => gains))
      .map((pair): Joint => pair.map(({ move }) => move)),
  );
}

interface Member {
  readonly move: Candidate;
  readonly rate: number;
  readonly gains: boolean;
}
