import { numberOf } from './domain/ids.ts';
import { usableObjective } from './domain/run.ts';
import { experimentIn, runsOf, type Night, type State } from './domain/state.ts';
import type { NightEnd } from './domain/event.ts';
import { mean } from './statistics/compare.ts';
import { REPLICATES } from './statistics/verdict.ts';

/** How much of the night is left, and how much of it belongs to dawn. Pure. */

/** Fresh seeds per arm that dawn aims for where the budget has them. */
const DAWN_REPLICATES = 4;
/** More fresh seeds than this per arm are better spent on ideas. */
const MOST_DAWN_REPLICATES = 10;
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
    .filter((run) => usableObjective(run) !== null)
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
  return Math.min(runs ?? Infinity, inTime);
}

/**
 * Fresh seeds that each of dawn's two arms gets: the reserved share of the tightest limit, at
 * least DAWN_REPLICATES, fewer where the budget would leave no candidate, 0 where it cannot
 * even pay for REPLICATES.
 */
function dawnReplicates(state: State, night: Night): number {
  if (night.plan.run.deterministic) return 1;
  const limit = runLimit(state, night);
  if (limit === Infinity) return DAWN_REPLICATES;
  const shared = Math.floor((night.plan.budget.verification * limit) / 2);
  // Below this the baseline and one replicated candidate do not fit beside it.
  const affordable = Math.floor((limit - 2 * REPLICATES) / 2);
  const aimed = Math.min(Math.max(shared, DAWN_REPLICATES), MOST_DAWN_REPLICATES, affordable);
  return aimed >= REPLICATES ? aimed : 0;
}

/** The seeds of a night's dawn: never used in any search, nor in any other night's dawn. */
export function dawnSeeds(state: State, night: Night): readonly (number | null)[] {
  const first = FIRST_DAWN_SEED + DAWN_SEEDS_PER_NIGHT * numberOf(night.id);
  // Retries may have eaten into the reserve: both arms give way alike.
  const left = Math.floor(((night.plan.budget.runs ?? Infinity) - night.runs_started) / 2);
  const each = Math.min(dawnReplicates(state, night), left);
  const enough = night.plan.run.deterministic ? 1 : REPLICATES;
  return Array.from({ length: each >= enough ? each : 0 }, (_, i) =>
    night.plan.run.seed ? first + i : null,
  );
}

/** Runs the search may still start. */
export function searchRunsLeft(state: State, night: Night): number {
  const { runs } = night.plan.budget;
  if (runs === undefined) return Infinity;
  return runs - 2 * dawnReplicates(state, night) - night.runs_started;
}

/** Whether one more run and then dawn would overstep the night's wall clock. */
function timeIsUp(state: State, night: Night): boolean {
  const { wall_clock } = night.plan.budget;
  const seconds = baselineSeconds(state, night) ?? 0;
  if (wall_clock === undefined) return false;
  const dawn = (Math.ceil((2 * dawnReplicates(state, night)) / night.slots) + 1) * seconds;
  return elapsed(state, night) + dawn >= wall_clock;
}

/** Why the search may start no further run, or null while it may. */
export function spent(state: State, night: Night): NightEnd | null {
  if (searchRunsLeft(state, night) <= 0) return 'runs_spent';
  if (timeIsUp(state, night)) return 'time_spent';
  return null;
}

/** Why the search opens no further experiment, or null while it does. */
export function searchEnd(state: State, night: Night): NightEnd | null {
  const out = spent(state, night);
  if (out) return out;
  if (night.candidates >= night.plan.budget.experiments) return 'experiments_spent';
  const idle = night.waiting.length === 0 && night.proposed.length === 0;
  return idle && night.exhausted_for !== null && night.exhausted_for === night.incumbent
    ? 'ideas_spent'
    : null;
}

/** Candidates the night may still open, those that wait included. */
export const room = (night: Night): number =>
  night.plan.budget.experiments - night.candidates - night.waiting.length - night.proposed.length;

/** The baseline's experiment. Throws before it is opened: a bug of the caller. */
export function baselineOf(state: State, night: Night) {
  if (night.baseline === null) throw new Error('the baseline is not open yet');
  return experimentIn(state, night.baseline);
}
