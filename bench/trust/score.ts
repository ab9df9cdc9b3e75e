import type { ExperimentId } from '../../orchestrator/domain/ids.ts';
import { currentNight, type State } from '../../orchestrator/domain/state.ts';
import { aNightIn } from './night.ts';
import { keptBy, type RivalName } from './rivals.ts';
import { seedOf, type Setting } from './settings.ts';
import { attributionOf, titlesOf } from './truth.ts';
import { worldOf, type World } from './worlds.ts';

/** What nights said, held against what was true; as sums, so that parts may be added up. */

/** How many, and for how many of them it was so. */
interface Count {
  readonly of: number;
  readonly hits: number;
}

/** Gains of two policies on the same worlds, as a ratio's error needs them. */
export interface Paired {
  readonly n: number;
  readonly x: number;
  readonly y: number;
  readonly xx: number;
  readonly yy: number;
  readonly xy: number;
}

export interface RivalTally {
  readonly gain: number;
  /** Nights that kept a change with no true gain, or ended up with none. */
  readonly wrong: Count;
}

export interface Tally {
  /** Nights with a claim on the stack. */
  readonly claimed: Count;
  /** Nights with a false claim, on the stack or on a change. */
  readonly wrong: Count;
  /** Claims on the stack, and on single changes: how many are false. */
  readonly stacks: Count;
  readonly changes: Count;
  /** Intervals that hold the truth: of dawn's contrasts, of those with a claim, of the members'. */
  readonly covered: Count;
  readonly covered_claims: Count;
  readonly covered_members: Count;
  /** True gain of what was claimed (x) and of what greedy kept (y). */
  readonly against_greedy: Paired;
  /** True gain of what the search ended with, claimed or not. */
  readonly found: number;
  /** True gain of all ideas that help. */
  readonly possible: number;
  readonly runs: number;
  /** The simulation's processor time in ms; no figure of the nights. */
  readonly ms: number;
  readonly rivals: Readonly<Record<RivalName, RivalTally>>;
  readonly unmeasured: readonly string[];
}

const NO_COUNT: Count = { of: 0, hits: 0 };
const countOf = (flags: readonly boolean[]): Count => ({
  of: flags.length,
  hits: flags.filter(Boolean).length,
});

/** Plays one night and scores it, and the rivals beside it. A night that broke off is `unmeasured`. */
export function scored(setting: Setting, seed: number, number: number): Tally {
  try {
    return played(setting, worldOf(setting, seedOf(seed, setting, number)));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ...NOTHING, unmeasured: [`${setting.name}, night ${number}: ${why}`] };
  }
}

function played(setting: Setting, world: World): Tally {
  const before = process.cpuUsage();
  const state = aNightIn(world, setting);
  const used = process.cpuUsage(before);
  const claims = claimsOf(world, state);
  const rivals = mapRivals((name) => rivalIn(world, keptBy(name, world, setting.runs)));
  const [x, y] = [claims.gain, rivals.greedy.gain];
  const { incumbent, runs_started } = currentNight(state);
  return {
    ...claims.tally,
    against_greedy: { n: 1, x, y, xx: x * x, yy: y * y, xy: x * y },
    found: incumbent === null ? 0 : world.gainOf(titlesOf(state, incumbent)),
    possible: world.ideas.reduce((sum, { gain }) => sum + Math.max(0, gain), 0),
    runs: runs_started,
    ms: (used.user + used.system) / 1000,
    rivals,
    unmeasured: [],
  };
}

/** The claims of a night, what their intervals say, and the true gain of the claimed stack. */
export function claimsOf(world: World, state: State) {
  const gainOf = (id: ExperimentId) => world.gainOf(titlesOf(state, id));
  const changes: boolean[] = [];
  const [covered, coveredClaims, coveredMembers]: [boolean[], boolean[], boolean[]] = [[], [], []];
  const improved: ExperimentId[] = [];
  for (const experiment of state.experiments.values()) {
    const { id, title, judgement } = experiment;
    const isClaim = judgement?.verdict === 'improved';
    if (isClaim) improved.push(id);
    const interval = judgement?.dawn?.on_baseline?.interval;
    if (interval) {
      // Effects are of a loss: a gain is a fall.
      const isCovered = holds(interval, -gainOf(id));
      covered.push(isCovered);
      if (isClaim) coveredClaims.push(isCovered);
    }
    const attribution = attributionOf(experiment);
    const own = attribution ? world.gainOf([title]) : 0;
    if (attribution?.attributed) changes.push(own <= 0);
    if (attribution?.interval) coveredMembers.push(holds(attribution.interval, -own));
  }
  const tip = currentNight(state).dawn?.arms[1];
  const claimed = improved.find((id) => id === tip) ?? improved.at(-1);
  const stacks = improved.map((id) => gainOf(id) <= 0);
  return {
    gain: claimed === undefined ? 0 : gainOf(claimed),
    tally: {
      claimed: countOf([claimed !== undefined]),
      wrong: countOf([stacks.includes(true) || changes.includes(true)]),
      ...{ stacks: countOf(stacks), changes: countOf(changes) },
      ...{ covered: countOf(covered), covered_claims: countOf(coveredClaims) },
      covered_members: countOf(coveredMembers),
    },
  };
}

const holds = ([low, high]: readonly [number, number], truth: number): boolean =>
  low <= truth && truth <= high;

function rivalIn(world: World, kept: readonly string[]): RivalTally {
  const gain = world.gainOf(kept);
  const isWrong = kept.some((title) => world.gainOf([title]) <= 0);
  return { gain, wrong: countOf([isWrong || (kept.length > 0 && gain <= 0)]) };
}

function mapRivals(tallyOf: (name: RivalName) => RivalTally): Tally['rivals'] {
  const [greedy, welch, bootstrap] = [tallyOf('greedy'), tallyOf('welch'), tallyOf('bootstrap')];
  return { greedy, welch, bootstrap };
}

export const NOTHING: Tally = {
  ...{ claimed: NO_COUNT, wrong: NO_COUNT, stacks: NO_COUNT, changes: NO_COUNT },
  ...{ covered: NO_COUNT, covered_claims: NO_COUNT, covered_members: NO_COUNT },
  against_greedy: { n: 0, x: 0, y: 0, xx: 0, yy: 0, xy: 0 },
  ...{ found: 0, possible: 0, runs: 0, ms: 0 },
  rivals: mapRivals(() => ({ gain: 0, wrong: NO_COUNT })),
  unmeasured: [],
};

export const together = (tallies: readonly Tally[]): Tally => tallies.reduce(added, NOTHING);

/** Adds up what has the same shape: numbers are summed, lists joined. */
function added<T>(a: T, b: T): T {
  if (typeof a === 'number') return ((a as number) + (b as number)) as T;
  if (Array.isArray(a)) return [...a, ...(b as readonly unknown[])] as T;
  const entries = Object.entries(a as object).map(([key, value]) => [
    key,
    added(value, (b as Record<string, unknown>)[key]),
  ]);
  return Object.fromEntries(entries) as T;
}
