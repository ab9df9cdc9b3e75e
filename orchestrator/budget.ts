import type { Experiment } from './domain/experiment.ts';
import { numberOf } from './domain/ids.ts';
import { usableObjective } from './domain/run.ts';
import { experimentIn, runsOf, type Night, type State } from './domain/state.ts';
import type { NightEnd } from './domain/event.ts';
import { askedFor } from './asked-for.ts';
import { isOnPlateau, targetReached } from './enough.ts';
import { armsOf, dawnSize, DAWN_REPLICATES, UNLIMITED_DAWN_REPLICATES } from './dawn-size.ts';
import { dueGate } from './gates.ts';
import { gpuRuns, gpuRunsLeft, gpuSecondsLeft } from './gpu-hours.ts';
import { isExhausted } from './in-words.ts';
import { baselineFailed } from './replicate.ts';
import { searchAttempts } from './search-attempts.ts';
import { mean } from './statistics/compare.ts';
import { LEAST_DAWN_SEEDS } from './statistics/dawn.ts';
import { REPLICATES } from './statistics/verdict.ts';

/** How much of the night is left, and how much of it belongs to dawn. Pure. */

/** So many of each are made of runs that the search had no use for. */
const SPARE_DAWN_REPLICATES = 10;
const FIRST_DAWN_SEED = 100_001;
const DAWN_SEEDS_PER_NIGHT = 1000;

/** Seconds the night has worked so far, the time between a cut and the next launch left out. */
export const elapsed = (state: State, night: Night): number =>
  (Date.parse(night.ended?.at ?? state.worked) - Date.parse(night.started)) / 1000 -
  night.idle_seconds;

/** Mean seconds of a baseline run; null before the first one finished. */
function baselineSeconds(state: State, night: Night): number | null {
  if (night.baseline === null) return null;
  const seconds = runsOf(state, night.baseline)
    .filter((run) => usableObjective(run) !== null && !run.variant)
    .map((run) => run.result?.seconds ?? 0);
  return seconds.length === 0 ? null : mean(seconds);
}

/** Runs that the tightest limit allows this night; Infinity where nothing limits them. */
function runLimit(state: State, night: Night): number {
  const { runs, wall_clock } = night.plan.budget;
  const seconds = baselineSeconds(state, night);
  const inTime =
    wall_clock === undefined || seconds === null || seconds === 0
      ? Infinity
      : Math.floor((wall_clock * night.slots) / seconds);
  return Math.min(runs ?? Infinity, inTime, gpuRuns(night, seconds));
}

/**
 * Runs that are kept for dawn: the reserved share of the tightest limit, at least DAWN_REPLICATES
 * for each of two arms, less where the budget would leave no candidate, 0 where it cannot even pay
 * for LEAST_DAWN_SEEDS of each. Without a limit dawn takes what its arms need.
 */
export function dawnReserve(state: State, night: Night): number {
  const { deterministic } = night.plan.run;
  const limit = runLimit(state, night);
  if (limit === Infinity) return 2 * (deterministic ? 1 : UNLIMITED_DAWN_REPLICATES);
  const shared = Math.floor(night.plan.budget.verification * limit);
  // Below this the baseline and one replicated candidate do not fit beside it.
  const apart = night.plan.dawn !== undefined;
  const affordable = apart ? Infinity : limit - (deterministic ? 2 : 2 * REPLICATES);
  const [least, aim] = deterministic ? [2, 2] : [2 * LEAST_DAWN_SEEDS, 2 * DAWN_REPLICATES];
  const reserve = Math.min(Math.max(shared, aim), affordable);
  return reserve >= least ? reserve : 0;
}

/** Of those, what the search has to leave: nothing where the plan's `dawn` is paid apart. */
const keptFromSearch = (state: State, night: Night): number =>
  night.plan.dawn === undefined ? dawnReserve(state, night) : 0;

/** What dawn will do, fixed before its first run. */
export interface DawnPlan {
  /** Of each arm: never used in any search, nor in any other night's dawn. */
  readonly seeds: readonly (number | null)[];
  /** Whether each of the stack's changes is left out once. */
  readonly attribute: boolean;
}

/** Dawn's seeds for a stack of so many changes, out of so many runs: see dawnSize. */
export function dawnPlan(night: Night, changes: number, runs: number): DawnPlan {
  const first = FIRST_DAWN_SEED + DAWN_SEEDS_PER_NIGHT * numberOf(night.id);
  const { each, attribute } = dawnSize(night.plan, changes, runs);
  const { seed } = night.plan.run;
  const seeds = Array.from({ length: each }, (_, i) => (seed ? first + i : null));
  return { seeds, attribute };
}

/** Runs that dawn can count on while the search goes on; Infinity where nothing limits them. */
export function dawnShare(state: State, night: Night): number {
  if (runLimit(state, night) === Infinity) return Infinity;
  const reserve = dawnReserve(state, night);
  // Retries may have eaten into the reserve, but for one that is paid apart.
  return night.plan.dawn === undefined ? Math.min(runsLeft(state, night), reserve) : reserve;
}

/**
 * Runs that dawn has for a stack of so many changes once the search is over: its share, and of what
 * the search left of the night's limits as much as SPARE_DAWN_REPLICATES need, but no more runs than
 * the search itself took: who asks for a small night gets one. The number is free, as it is fixed
 * before any fresh seed is seen. `search`: runs that the search will make before, for an estimate.
 */
export function dawnBudget(state: State, night: Night, changes: number, search = 0): number {
  const share = dawnShare(state, night);
  if (night.plan.dawn !== undefined) return share;
  const wanted = SPARE_DAWN_REPLICATES * armsOf(changes);
  const left = Math.min(runsLeft(state, night), runsInTime(state, night)) - search;
  return Math.max(share, Math.min(wanted, left, searchAttempts(state, night) + search));
}

/** Runs that still end within the night's wall clock, one per slot to spare; Infinity without. */
function runsInTime(state: State, night: Night): number {
  const { wall_clock } = night.plan.budget;
  const seconds = baselineSeconds(state, night);
  if (wall_clock === undefined || !seconds) return Infinity;
  const rounds = Math.floor((wall_clock - elapsed(state, night)) / seconds) - 1;
  return Math.max(0, rounds * night.slots);
}

/** Runs the search may still start. */
export const searchRunsLeft = (state: State, night: Night): number =>
  runsLeft(state, night) - keptFromSearch(state, night);

/** Whether a limit says how much the night may run, in whatever it counts. */
export const isLimited = (state: State, night: Night): boolean => runLimit(state, night) < Infinity;

/** Runs that the night may still start, by their number and by GPU hours. */
const runsLeft = (state: State, night: Night): number =>
  Math.min(
    (night.plan.budget.runs ?? Infinity) - night.runs_started,
    gpuRunsLeft(state, night, baselineSeconds(state, night)),
  );

/** Ideas the night may still open. */
export const ideasLeft = (state: State, night: Night): number => {
  const asked = askedFor(state, night).length;
  const known = night.waiting.length + night.proposed.length + asked;
  const budget = night.plan.budget.experiments - night.candidates;
  return Math.max(0, isExhausted(state, night) ? Math.min(budget, known) : budget);
};

/** Candidates that are opened and that nothing was measured of; but for those without a branch to run. */
export const unrun = (state: State, night: Night): readonly Experiment[] =>
  night.tried
    .map((id) => experimentIn(state, id))
    .filter(({ runs, failure }) => runs.length === 0 && failure === null);

/** Whether one more run and then dawn would overstep the night's wall clock. */
const timeIsUp = (state: State, night: Night): boolean =>
  secondsBefore(state, night, 0) <= (baselineSeconds(state, night) ?? 0);

/** Seconds of the wall clock before dawn's share and so many runs more; Infinity without. */
function secondsBefore(state: State, night: Night, runs: number): number {
  const { wall_clock } = night.plan.budget;
  if (wall_clock === undefined) return Infinity;
  const rounds = Math.ceil((keptFromSearch(state, night) + runs) / night.slots);
  return wall_clock - elapsed(state, night) - rounds * (baselineSeconds(state, night) ?? 0);
}

/** Seconds that a run which is none of the search's may take. */
export interface Room {
  /** Infinity where nothing limits them. */
  readonly most: number;
  /** Of a run of the baseline; 0 where none came to a number. */
  readonly usual: number;
}

/**
 * The room that is left beside dawn's share and so many runs that are due, by wall clock and GPU
 * hours. Null while one of them counts, and the first run of the baseline has yet to say how long
 * those take.
 */
export function roomBeside(state: State, night: Night, due: number): Room | null {
  const seconds = baselineSeconds(state, night);
  const usual = seconds ?? 0;
  const gpu = gpuSecondsLeft(state, night, usual) - (keptFromSearch(state, night) + due) * usual;
  const most = Math.min(secondsBefore(state, night, due), gpu);
  if (seconds === null && most < Infinity && baselineFailed(state, night) === null) return null;
  return { most, usual };
}

/** The limit of the budget that is reached, dawn's share kept; null where none is. */
export function limitReached(state: State, night: Night): NightEnd | null {
  const { runs = Infinity } = night.plan.budget;
  if (runs - night.runs_started - keptFromSearch(state, night) <= 0) return 'runs_spent';
  if (searchRunsLeft(state, night) <= 0) return 'gpu_hours_spent';
  return timeIsUp(state, night) ? 'time_spent' : null;
}

/** Why the search may start no further run, or null while it may. */
export function spent(state: State, night: Night): NightEnd | null {
  if (night.drift) return 'drift';
  const limit = limitReached(state, night);
  if (limit !== null) return limit;
  return targetReached(state, night) ? 'target_reached' : null;
}

/** Why the search opens no further experiment, or null while it does. */
export function searchEnd(state: State, night: Night): NightEnd | null {
  if (night.gates.some((gate) => !gate.passed)) return 'gate';
  const known = night.waiting.length + night.proposed.length + askedFor(state, night).length;
  const isIdle = known === 0 && isExhausted(state, night);
  const isFull = night.candidates >= night.plan.budget.experiments;
  const done = isFull ? 'experiments_spent' : isIdle ? 'ideas_spent' : null;
  const out = spent(state, night);
  // What is left of a clock goes to doubtful leads: its end is not what ended the search.
  if (out === 'time_spent' && done && unrun(state, night).length === 0) return done;
  if (out) return out;
  if (dueGate(state, night, elapsed(state, night))) return 'gate';
  return isOnPlateau(state, night) ? 'plateau' : done;
}

/** Candidates the night may still open, those that wait included. */
export const room = (night: Night): number =>
  night.plan.budget.experiments - night.candidates - night.waiting.length - night.proposed.length;

/** The baseline's experiment. Throws before it is opened: a bug of the caller. */
export function baselineOf(state: State, night: Night) {
  if (night.baseline === null) throw new Error('the baseline is not open yet');
  return experimentIn(state, night.baseline);
}
