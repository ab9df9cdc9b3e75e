import { MOST_GAIN } from './evidence.ts';

/**
 * Which knob to move next.
 *
 * Each knob is an arm of a bandit. Every knob is moved once before any is moved twice, in an order
 * that mixes kinds (a range, an ordered list, a choice, a range, …), so that a short night sees
 * all sides of the script. Then the upper confidence bound decides (UCB1: Auer, Cesa-Bianchi,
 * Fischer, "Finite-time analysis of the multiarmed bandit problem", Machine Learning 47, 2002):
 * the mean reward of the knob's moves plus a bonus that grows while a knob is left alone.
 *
 * Two things differ from the paper, since a night has dozens of pulls and not thousands: half its
 * bonus is used; and one imagined move is part of every mean, so that a single lucky seed does not
 * take the night. It has no effect, or the one that the untried side of a number promises.
 */
export interface Arm {
  readonly name: string;
  readonly kind: Kind;
  /** Moves so far, those under way and those only proposed included. */
  readonly tried: number;
  /** Outcomes that are known, in noise units. */
  readonly gains: readonly number[];
  /** The gain of the imagined move. */
  readonly hope: number;
}

export type Kind = 'range' | 'ordered' | 'choice';

/** Of the paper's bonus. */
const EXPLORE = 0.5;

/** The arms, most promising first. Ties fall to the order that mixes kinds. */
export function byPromise(arms: readonly Arm[]): Arm[] {
  const pulls = arms.reduce((sum, arm) => sum + arm.tried, 0);
  return mixed(arms)
    .map((arm) => ({ arm, score: scoreOf(arm, pulls) }))
    .toSorted((a, b) => (a.score === b.score ? 0 : b.score - a.score))
    .map(({ arm }) => arm);
}

function scoreOf({ tried, gains, hope }: Arm, pulls: number): number {
  if (tried === 0) return Number.POSITIVE_INFINITY;
  const rewards = [hope, ...gains].map(rewardOf);
  const mean = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
  return mean + EXPLORE * Math.sqrt((2 * Math.log(pulls)) / tried);
}

/** A gain in [0, 1], as the bound requires; no effect is 0.5. */
const rewardOf = (gain: number): number =>
  (Math.min(MOST_GAIN, Math.max(-MOST_GAIN, gain)) + MOST_GAIN) / (2 * MOST_GAIN);

/** One of each kind in turn, each kind in the plan's order. */
function mixed(arms: readonly Arm[]): Arm[] {
  const turns = new Map<Kind, number>();
  return arms
    .map((arm) => {
      const turn = turns.get(arm.kind) ?? 0;
      turns.set(arm.kind, turn + 1);
      return { arm, turn };
    })
    .toSorted((a, b) => a.turn - b.turn)
    .map(({ arm }) => arm);
}
