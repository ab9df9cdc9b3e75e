import { dawnBudget, elapsed, searchRunsLeft } from '../budget.ts';
import { dawnRunsOf, USUAL_CHANGES } from '../dawn-size.ts';
import { stackOf } from '../dawn.ts';
import type { Run } from '../domain/run.ts';
import { isExhausted } from '../in-words.ts';
import { experimentIn, runsOf, type Night, type State } from '../domain/state.ts';
import { trainsOtherwise } from '../domain/variant.ts';
import { REPLICATES } from '../statistics/verdict.ts';

/** How long a night has worked, and about how long it will. Pure; `now` is milliseconds since 1970. */

/** Runs that the next ones are expected to be like. */
const RECENT_RUNS = 30;
/** Runs that a candidate takes, before the night has shown it: most end with their first. */
const USUAL_RUNS_PER_CANDIDATE = 1.5;

/** Seconds the night has worked by `now`. Only of a night that is known to live at `now`. */
export function elapsedBy(state: State, night: Night, now: number): number {
  if (night.ended) return elapsed(state, night);
  return elapsed(state, night) + Math.max(0, now - Date.parse(state.worked)) / 1000;
}

/** Seconds a run has been training by `now`. */
export const secondsRunning = (run: Run, now: number): number =>
  Math.max(0, now - Date.parse(run.started)) / 1000;

/**
 * Seconds that a run of this night is expected to take: the mean of its experiment's runs that
 * finished, else of the night's latest, else of the baseline's; null before one finished.
 */
export function expectedSeconds(state: State, run: Run): number | null {
  const night = state.nights.get(experimentIn(state, run.experiment).night);
  const alike = runsOf(state, run.experiment).filter(({ variant }) => variant === run.variant);
  if (run.variant) return mean(secondsOf(alike)) ?? usualAtDawn(state, run);
  return mean(secondsOf(alike)) ?? (night ? usual(state, night) : null);
}

/**
 * Seconds until the night is over as far as its runs so far and its budget tell; a wall clock
 * that ends sooner counts. Null before a run finished.
 */
export function secondsLeft(state: State, night: Night, now: number): number | null {
  if (night.ended || night.stopping === 'now') return 0;
  const running = runsIn(state, night).filter((run) => run.status === 'running');
  const usually = usual(state, night);
  if (usually === null) return null;
  const rests = running.map((run) =>
    Math.max(0, (expectedSeconds(state, run) ?? usually) - secondsRunning(run, now)),
  );
  const longest = Math.max(0, ...rests);
  if (night.stopping === 'drain') return longest;
  const runs = night.dawn ? dawnRunsLeft(state, night) : searchAndDawnRunsLeft(state, night);
  const work = runs * usually + rests.reduce((sum, rest) => sum + rest, 0);
  const { wall_clock } = night.plan.budget;
  const apart = night.plan.dawn !== undefined && night.dawn !== null;
  const clock =
    wall_clock === undefined || apart ? Infinity : wall_clock - elapsedBy(state, night, now);
  return Math.max(0, longest, Math.min(work / night.slots, clock));
}

/** Not yet started. */
function dawnRunsLeft(state: State, { dawn }: Night): number {
  const arms = dawn?.arms ?? [];
  const begun = arms.flatMap((id) => runsOf(state, id)).filter((run) => run.purpose === 'dawn');
  return Math.max(0, arms.length * (dawn?.seeds.length ?? 0) - begun.length);
}

function searchAndDawnRunsLeft(state: State, night: Night): number {
  const { candidates, waiting, proposed, plan, active } = night;
  const budget = plan.budget.experiments - candidates;
  const toOpen = isExhausted(state, night)
    ? Math.min(budget, waiting.length + proposed.length)
    : budget;
  const opened = candidates - active.length;
  const tried = runsIn(state, night).filter(
    ({ purpose }) => purpose === 'screen' || purpose === 'replicate',
  );
  const each = opened > 2 ? Math.max(1, tried.length / candidates) : USUAL_RUNS_PER_CANDIDATE;
  const measured = night.baseline === null ? 0 : runsOf(state, night.baseline).length;
  const baseline = plan.run.deterministic ? 0 : Math.max(0, REPLICATES - measured);
  const wanted = baseline + Math.max(0, toOpen) * each;
  const search = Math.min(wanted, Math.max(0, searchRunsLeft(state, night)));
  return search + dawnRunsExpected(state, night, search);
}

/**
 * What dawn would take after so many more runs of the search. Of short runs its share of a clock is
 * thousands, and it has no use for them.
 */
function dawnRunsExpected(state: State, night: Night, search: number): number {
  const stack = night.incumbent === null ? [] : stackOf(state, night.incumbent);
  const changes = Math.max(USUAL_CHANGES, stack.length);
  return dawnRunsOf(night.plan, changes, dawnBudget(state, night, changes, search));
}

/** What a run takes at dawn, where it trains otherwise; null before one finished. */
const usualAtDawn = (state: State, { variant }: Run): number | null =>
  mean(secondsOf([...state.runs.values()].filter((run) => run.variant === variant)));

const runsIn = (state: State, night: Night): readonly Run[] =>
  [...state.runs.values()].filter(
    (run) => state.experiments.get(run.experiment)?.night === night.id,
  );

/** What a run takes now. An earlier night's baseline speaks where this one has nothing yet. */
function usual(state: State, night: Night): number | null {
  const atDawn = night.dawn !== null && trainsOtherwise(night.plan);
  const alike = runsIn(state, night).filter(({ variant }) => (variant === 'dawn') === atDawn);
  const latest = secondsOf(alike).slice(-RECENT_RUNS);
  return mean(latest) ?? (night.baseline ? mean(secondsOf(runsOf(state, night.baseline))) : null);
}

const secondsOf = (runs: readonly Run[]): readonly number[] =>
  runs.flatMap(({ status, result }) => (status === 'finished' && result ? result.seconds : []));

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
