import type { NightId } from '../../domain/ids.ts';
import type { Plan } from '../../domain/plan.ts';
import { usableObjective, type Run, type RunResult } from '../../domain/run.ts';
import type { Night, State } from '../../domain/state.ts';
import { otherwiseIn, trainsOtherwise } from '../../domain/variant.ts';
import {
  dawnRunsOf,
  DAWN_REPLICATES,
  MOST_DAWN_REPLICATES,
  USUAL_CHANGES,
} from '../../dawn-size.ts';
import { planKey } from '../../opening.ts';
import { mean } from '../../statistics/compare.ts';
import { REPLICATES } from '../../statistics/verdict.ts';
import { inTime } from './quantities.ts';

/** How long a night will take, as far as anybody can know beforehand. */
export interface Estimate {
  readonly text: string;
  /** At most so many candidates, so many runs (baseline and dawn included), so many at once. */
  readonly experiments: number;
  readonly runs: number;
  readonly slots: number;
  /** Of one run: measured, or its timeout. */
  readonly seconds_per_run: number;
  readonly measured: {
    readonly by: 'notebook' | 'stub';
    readonly runs: number;
    readonly older: boolean;
  } | null;
  /** The whole night, wall clock; an upper bound where nothing was measured. */
  readonly seconds: number;
  /** The budget's wall clock; null where the plan sets none. */
  readonly wall_clock: number | null;
  /** What comes on top of all that, where the plan's dawn is paid apart; null where it is not. */
  readonly dawn: {
    readonly runs: number;
    readonly seconds_per_run: number;
    readonly seconds: number;
    readonly measured: number | null;
  } | null;
}

export interface Measured {
  readonly by: 'notebook' | 'stub';
  /** Base was at another commit then, whose script may have taken longer or less. */
  readonly older?: boolean;
  /** Seconds of single runs at full length; not empty. */
  readonly seconds: readonly number[];
  /** The same of dawn's runs, where those train otherwise; may be empty. */
  readonly dawn?: readonly number[];
}

/** Finished runs of this very plan on base as it is now, or else on what it was before; null where there are none. */
export function measuredIn(state: State, plan: Plan, commit: string): Measured | null {
  const key = planKey(plan);
  const ofPlan = [...state.nights.values()].filter((night) => night.plan_key === key);
  const here = ofPlan.filter(({ base }) => base.commit === commit);
  const now = secondsIn(state, plan, here);
  if (now !== null) return now;
  const before = secondsIn(state, plan, ofPlan);
  return before && { ...before, older: true };
}

function secondsIn(state: State, plan: Plan, of: readonly Night[]): Measured | null {
  const nights = new Set(of.map(({ id }) => id));
  const secondsOf = (variant: Run['variant'], among: ReadonlySet<NightId>) =>
    [...state.runs.values()].flatMap((run) => {
      const night = state.experiments.get(run.experiment)?.night;
      const counts = night !== undefined && among.has(night) && usableObjective(run) !== null;
      return counts && run.variant === variant && run.result ? [inSlot(run.result)] : [];
    });
  const seconds = secondsOf(undefined, nights);
  const alike = [...nights].filter((id) => sameDawn(state.nights.get(id)?.plan, plan));
  if (seconds.length === 0) return null;
  return { by: 'notebook', seconds, dawn: secondsOf('dawn', new Set(alike)) };
}

const sameDawn = (a: Plan | undefined, b: Plan): boolean =>
  a?.dawn !== undefined &&
  b.dawn !== undefined &&
  otherwiseIn(a.dawn).join('\n') === otherwiseIn(b.dawn).join('\n');

/** Training and what the evaluator took after it. */
const inSlot = ({ seconds, spans }: RunResult): number =>
  spans.reduce((sum, span) => (span.name === 'evaluate' ? sum + span.seconds : sum), seconds);

/** The whole timeout of a run, its evaluator's included. */
const longest = ({ run, evaluate, score }: Plan, timeout = run.timeout): number =>
  [evaluate, score].reduce(
    (sum, by) => sum + (by === undefined ? 0 : (by.timeout ?? run.timeout)),
    timeout,
  );

export function estimate(plan: Plan, slots: number, measured: Measured | null): Estimate {
  const { experiments, wall_clock } = plan.budget;
  const each = measured === null ? longest(plan) : mean(measured.seconds);
  const runs = plan.budget.runs ?? mostRuns(plan, slots, each);
  const whole = Math.ceil(runs / slots) * each;
  const cut = wall_clock !== undefined && whole > wall_clock;
  const dawn = plan.dawn === undefined ? null : dawnOf(plan, plan.dawn, runs, slots, measured);
  const seconds = cut ? wall_clock : whole;
  const numbers = {
    ...{ experiments, runs, slots, seconds_per_run: each, seconds },
    measured: measured && {
      ...{ by: measured.by, runs: measured.seconds.length, older: measured.older === true },
    },
    ...{ wall_clock: wall_clock ?? null, dawn },
  };
  const open = plan.budget.runs === undefined && !plan.run.deterministic;
  return { text: textOf(numbers, cut, open) + dawnInWords(dawn), ...numbers };
}

/** Both arms; what it takes to leave single changes out, nobody knows before there is a stack. */
function dawnOf(
  plan: Plan,
  dawn: NonNullable<Plan['dawn']>,
  runs: number,
  slots: number,
  measured: Measured | null,
): NonNullable<Estimate['dawn']> {
  const share = Math.floor((plan.budget.verification * runs) / 2);
  const usual = Math.min(MOST_DAWN_REPLICATES, Math.max(DAWN_REPLICATES, share));
  const wanted = 2 * (plan.run.deterministic ? 1 : (dawn.seeds ?? usual));
  const known = trainsOtherwise(plan) ? measured?.dawn : measured?.seconds;
  const each = known?.length ? mean(known) : longest(plan, dawn.timeout);
  const seconds = Math.ceil(wanted / slots) * each;
  return { runs: wanted, seconds_per_run: each, seconds, measured: known?.length || null };
}

function dawnInWords(dawn: Estimate['dawn']): string {
  if (dawn === null) return '';
  const { runs, seconds, seconds_per_run: each, measured } = dawn;
  const [about, of] = measured === null ? ['at most', 'of at most'] : ['about', 'of about'];
  return `; then dawn, which the budget does not count: ${about} ${inTime(seconds)} for ${runs} runs ${of} ${inTime(each)}, and more where it can leave single changes out`;
}

/** Every candidate replicated, which no night sees. `each`: seconds. */
function mostRuns(plan: Plan, slots: number, each: number): number {
  const { experiments } = plan.budget;
  const replicates = plan.run.deterministic ? 1 : REPLICATES;
  const dawn = plan.dawn === undefined ? dawnRuns(plan, slots, each) : 0;
  return replicates + replicates * experiments + dawn;
}

/** Of short runs many fit into dawn's share of the clock: see dawnReserve. `status` goes by the same. */
function dawnRuns(plan: Plan, slots: number, each: number): number {
  const { wall_clock, verification } = plan.budget;
  const share =
    wall_clock === undefined
      ? Infinity
      : Math.floor((verification * wall_clock * slots) / Math.max(each, 0.001));
  const least = 2 * (plan.run.deterministic ? 1 : DAWN_REPLICATES);
  return dawnRunsOf(plan, USUAL_CHANGES, Math.max(least, share));
}

/** `cut`: by the clock; `open`: what is left of it goes to doubtful leads. */
function textOf(of: Omit<Estimate, 'text'>, cut: boolean, open: boolean): string {
  const { experiments, runs, slots, seconds_per_run: each, measured, seconds, wall_clock } = of;
  const time = inTime(seconds);
  const once = slots === 1 ? 'one at a time' : `${slots} at once`;
  const most = `up to ${experiments} experiment${experiments === 1 ? '' : 's'}, ${runs} runs`;
  const leads = open ? 'with more seeds for doubtful leads ' : '';
  const limit = wall_clock === null ? '' : `; ${leads}at most ${inTime(wall_clock)}`;
  if (measured === null) {
    const unknown = `no run of this plan was measured yet, so this takes each at its whole timeout`;
    return cut
      ? `at most ${time}, by budget.wall_clock: ${most} of at most ${inTime(each)}, ${once} (${unknown})`
      : `at most ${time}: ${most} of at most ${inTime(each)}, ${once}${limit} (${unknown})`;
  }
  const before = measured.older ? ', before base moved' : '';
  const by =
    measured.by === 'stub' ? 'just measured' : `measured in ${measured.runs} runs${before}`;
  if (!cut) return `about ${time}: ${most} of about ${inTime(each)} (${by}), ${once}${limit}`;
  const fit = Math.max(1, Math.floor((seconds * slots) / Math.max(each, 0.001)));
  return `about ${time}, when budget.wall_clock ends it: some ${fit} runs of about ${inTime(each)} (${by}), ${once}; the budget has ${most}`;
}
