import type { Action } from './actions.ts';
import { opened } from './actions.ts';
import { limitReached, roomBeside, searchRunsLeft, type Room } from './budget.ts';
import type { Experiment } from './domain/experiment.ts';
import { experimentId, type ExperimentId } from './domain/ids.ts';
import { BASELINE, gateNeeded, plannedWork, type PlannedWork } from './domain/planned-work.ts';
import { commandOf, definitionOf } from './domain/planned-definition.ts';
import type { Plan } from './domain/plan.ts';
import { standingWork } from './domain/planned-standing.ts';
import type { Planned, PlannedOutcome } from './domain/planned.ts';
import { experimentIn, runsOf, searchRunsOf, type Night, type State } from './domain/state.ts';
import {
  again,
  baselineIsMeasured,
  baselineRunsWanted,
  fresh,
  isRunning,
  lostAmong,
  type NextRun,
} from './replicate.ts';
import { outcomeOf } from './planned-outcome.ts';

/**
 * The plan's own work (`experiments:`): what it needs, when it is begun, and what came of it. It
 * stands beside the search: one run each, on base as it is, never compared with anything. Pure.
 */

/** Outcomes that what needs them may build on. */
const GOOD: ReadonlySet<PlannedOutcome['status'] | undefined> = new Set([
  'finished',
  'met',
  'borderline',
]);

/** Opens the next piece that may begin, once a slot is free: what is opened is run. */
export function plannedWorkDue(state: State, night: Night): Action[] {
  if (night.running.length >= night.slots) return [];
  const next = nextWork(state, night);
  return next ? [opened(plannedExperiment(state, night, next.work, next.time))] : [];
}

/** Its runs that may be started, in the plan's order. */
export const plannedRuns = (state: State, night: Night): readonly NextRun[] =>
  unjudged(state, night).flatMap((id) => {
    if (isRunning(state, id)) return [];
    const runs = runsOf(state, id);
    const lost = lostAmong(runs);
    if (lost) return [again(lost)];
    return runs.length === 0 ? [{ ...fresh(state, night, id, 'planned', null), seed: null }] : [];
  });

/** Judges what ran to its end. */
export const plannedOutcomes = (state: State, night: Night): Action[] =>
  unjudged(state, night).flatMap((id): Action[] => {
    const outcome = isRunning(state, id) ? null : outcomeOf(state, experimentIn(state, id));
    if (outcome === null) return [];
    return [{ kind: 'record', event: { type: 'planned_judged', experiment: id, outcome } }];
  });

/** Whether the night has work of the plan's under way, or may begin some. */
export const hasPlannedWork = (state: State, night: Night): boolean =>
  unjudged(state, night).length > 0 || nextWork(state, night) !== undefined;

const unjudged = (state: State, night: Night): readonly ExperimentId[] =>
  night.planned.filter((id) => experimentIn(state, id).planned?.outcome === null);

/** How long a run may take. */
type Time = Pick<Planned, 'timeout' | 'cut_from'>;

/** The first piece whose needs are met, which was not begun, and for which the budget has the time. */
function nextWork(
  state: State,
  night: Night,
): { readonly work: PlannedWork; readonly time: Time } | undefined {
  const all = plannedWork(night.plan);
  if (all.length === 0 || night.dawn || night.stopping || night.baseline === null) return undefined;
  // One run that shows that the script works comes before anything else.
  const { runs, failure } = experimentIn(state, night.baseline);
  if (runs.length === 0 && failure === null) return undefined;
  if (unjudged(state, night).some((id) => experimentIn(state, id).runs.length === 0))
    return undefined;
  // Neither dawn's share nor what the baseline still needs is its to spend.
  const due = baselineRunsWanted(night) - searchRunsOf(state, night.baseline).length;
  if (limitReached(state, night) !== null || searchRunsLeft(state, night) <= due) return undefined;
  const room = roomBeside(state, night, due);
  if (room === null) return undefined;
  const stands = whatStands(state, night, all);
  const isMet = (need: string): boolean => {
    const gate = gateNeeded(need);
    if (gate !== null) return night.gates.some((one) => one.gate === gate && one.passed);
    if (need === BASELINE) return baselineIsMeasured(state, night);
    return GOOD.has(stands.get(need)?.planned?.outcome?.status);
  };
  for (const work of all) {
    if (stands.has(work.name) || !work.needs.every(isMet)) continue;
    const time = timeFor(night.plan, work, room);
    if (time) return { work, time };
  }
  return undefined;
}

/**
 * A timeout of its own says how long a piece may be needed: it is begun where all of that is left.
 * The plan's default was made for other runs: where the night is short, a piece has half of what is
 * left, so that the search goes on beside it. Null where there is not the time.
 */
function timeFor(plan: Plan, { experiment }: PlannedWork, { most, usual }: Room): Time | null {
  const { timeout } = experiment;
  if (timeout !== undefined) return timeout <= most ? { timeout } : null;
  const half = Math.floor(most / 2);
  if (plan.run.timeout <= half) return { timeout: plan.run.timeout };
  return half > 0 && half >= usual ? { timeout: half, cut_from: plan.run.timeout } : null;
}

/** By name: what this night began, and what an earlier one finished of the same work. */
function whatStands(
  state: State,
  night: Night,
  all: readonly PlannedWork[],
): ReadonlyMap<string, Experiment> {
  const wanted = new Map(all.map((work) => [work.name, definitionOf(night.plan, work)]));
  const own = night.planned.flatMap((id): [string, Experiment][] => {
    const one = experimentIn(state, id);
    const { name, definition } = one.planned ?? {};
    return name !== undefined && wanted.get(name) === definition ? [[name, one]] : [];
  });
  return new Map([...standingWork(state, night), ...own]);
}

/** Nothing is changed, so it needs no branch: it runs on base's own commit. */
function plannedExperiment(state: State, night: Night, work: PlannedWork, time: Time): Experiment {
  const { plan, base } = night;
  const { success_criteria, plan: file } = work.experiment;
  const id = experimentId(state.next_experiment);
  const text = file === undefined ? undefined : night.notes[file];
  return {
    id,
    night: night.id,
    hypothesis: null,
    title: work.name,
    because: 'the plan asks for it',
    source: 'plan',
    line: 'experiments',
    change: { kind: 'none' },
    parent: null,
    baseline: id,
    success_criteria,
    branch: null,
    commit: base.commit,
    command: commandOf(plan, work.experiment),
    settings: null,
    failure: null,
    runs: [],
    judgement: null,
    planned: {
      name: work.name,
      definition: definitionOf(plan, work),
      ...time,
      notes: file === undefined || text === undefined ? null : { file, text },
      outcome: null,
    },
  };
}
