import type { Event } from './domain/event.ts';
import { changeKey, type Change } from './domain/hypothesis.ts';
import { fold } from './domain/fold.ts';
import { currentNight, experimentIn, type Night, type State } from './domain/state.ts';
import { ended, judged, opened, prepare, type Action } from './actions.ts';
import { isAskedFor } from './asked-for.ts';
import { baselineExperiment, candidateExperiment, leaveOneOut, reapplication } from './opened.ts';
import { dawnBudget, dawnPlan, room, searchEnd } from './budget.ts';
import { anyClosed } from './closed.ts';
import { confirmable, foretold } from './confirmable.ts';
import { foundInWords } from './enough.ts';
import { drift } from './drift.ts';
import { gating } from './gating.ts';
import { missingArms, nextDawnRun, stackOf } from './dawn.ts';
import { dawnVerdict, restatedEffect, unpreparedArms } from './dawn-judging.ts';
import { holdingOut } from './holding-out.ts';
import { incumbentMoves } from './incumbent.ts';
import { nightVerdict } from './judging.ts';
import { marks } from './marks.ts';
import { isUnprepared, preparable } from './preparing.ts';
import { raceOf } from './race.ts';
import { baselineFailed, isRunning } from './replicate.ts';
import { hasPlannedWork, plannedOutcomes, plannedRuns, plannedWorkDue } from './planned.ts';
import { searchMoves } from './search.ts';
import { ideasWanted, movesExhausted, uncompared, written } from './in-words.ts';
import { suspicion } from './suspicious.ts';
import { taking } from './taking.ts';
import { writing } from './writing.ts';
import { breaker, isProbing, nextAttemptAt, nextOf } from './trouble.ts';
import { correlation } from './statistics/seeds.ts';
import { dawnTest } from './statistics/dawn.ts';

/**
 * The night, as one pure function: plan → hypothesis → experiment → run → result → finding.
 *
 * `decide` asks the state alone what is to be done, never what has just happened: so a simulated
 * night, a real one, a night that goes on after a crash, and the refilling of a lost queue are
 * all the same call. Actions have ids that include the attempt; whoever carries them out skips
 * those it has in hand.
 */

/**
 * Records `event` in the state, and says everything that is to be done then. Pure; a night that
 * keeps no earlier state says `advance` instead of `fold`.
 */
export function decide(
  state: State,
  event: Event,
  step: (state: State, event: Event) => State = fold,
): { state: State; actions: readonly Action[] } {
  const next = step(state, event);
  return { state: next, actions: openActions(next) };
}

/**
 * Everything that is to be done in `state`, further down the line first: nothing new is begun on
 * an opinion that the latest result changes. Only the first `record` is meant to be carried out
 * before asking again, since it changes the answer.
 */
export function openActions(state: State): readonly Action[] {
  if (state.night === null) return [];
  const night = currentNight(state);
  if (night.ended) return reports(state, night);
  if (night.stopping) return WINDING_DOWN.flatMap((step) => step(state, night));
  const line = [
    baseline, // the plan → something to measure against
    foretold, // → what the budget can confirm
    taking, // → what the user asked for by hand
    hypotheses, // → what to try
    writing, // → as a patch, where it is in words; and a better one, where it crashed
    comparisons, // → not known in other words
    queue, // → in which order
    experiments, // → one experiment each
    reapplications, // → and those that looked good on an incumbent that is gone
    branches, // → its branch and commit
    runs, // → its runs
    plannedWorkDue, // → and what the plan asks for besides
    marks, // → with what to look at in its diff
    verdicts, // → what they say
    plannedOutcomes,
    gating, // → whether to go on
    breaker, // → and whether the machine can
    incumbentMoves, // → what the next round builds on
    dawn, // → what may be claimed
    drift, // → if the machine is still what it was
    reports, // → what the researcher reads
  ];
  const open = night.paused ? line.filter((step) => !NEW_WORK.has(step)) : line;
  return open.toReversed().flatMap((step) => step(state, night));
}

/** Experiments that stand prepared while the slots are busy, so that none waits for git. */
const PREPARED_AHEAD = 2;

function baseline(state: State, night: Night): Action[] {
  if (night.baseline === null) return [opened(baselineExperiment(state, night))];
  const unchanged = experimentIn(state, night.baseline);
  const { id } = unchanged;
  const failed = baselineFailed(state, night);
  if (failed === null) return preparable(state, [unchanged].filter(isUnprepared)).map(prepare);
  // What was begun beside it is judged first: nothing stays open in a night that ended.
  if (night.running.length > 0 || night.active.length > 0) return [];
  if (hasPlannedWork(state, night)) return [];
  const message = `the unchanged baseline ${id} failed (${failed.class}): ${failed.message}`;
  return [ended(night, 'baseline_failed', message)];
}

/** Asks for moves when fewer wait than the slots could take, and beside that a model for ideas. */
function hypotheses(state: State, night: Night): Action[] {
  const { id, incumbent } = night;
  if (night.dawn || incumbent === null) return [];
  if (searchEnd(state, night) || room(night) <= 0 || baselineFailed(state, night)) return [];
  const moves: Action = {
    ...{ kind: 'propose', role: 'researcher', night: id, incumbent },
    ...{ id: `propose-${id}-${night.rounds + 1}`, round: night.rounds + 1 },
    wanted: Math.min(2 * night.slots, room(night)),
  };
  const ideas = Math.min(ideasWanted(state, night), room(night));
  const invent: Action = {
    ...{ kind: 'invent', role: 'researcher', night: id, incumbent, ideas },
    ...{ id: `invent-${id}-${night.inventions + 1}`, round: night.inventions + 1 },
  };
  const isShort = night.waiting.length < night.slots && written(state, night).length === 0;
  return [...(isShort && !movesExhausted(night) ? [moves] : []), ...(ideas > 0 ? [invent] : [])];
}

/** Has a model look at new patches, while others are tried. */
function comparisons(state: State, night: Night): Action[] {
  const { id, incumbent } = night;
  if (night.dawn || incumbent === null || searchEnd(state, night)) return [];
  if (uncompared(state, night).length === 0) return [];
  const round = night.comparisons + 1;
  return [
    { kind: 'compare', id: `compare-${id}-${round}`, role: 'planner', night: id, round, incumbent },
  ];
}

/** Asks for the order anew when there are new ideas, or the old one does not hold any more. */
function queue(state: State, night: Night): Action[] {
  if (night.dawn || night.incumbent === null) return [];
  if (written(state, night).length === 0 && !isOutdated(state, night)) return [];
  const round = night.plannings + 1;
  const { id, incumbent } = night;
  return [
    { kind: 'plan', id: `plan-${id}-${round}`, role: 'planner', night: id, round, incumbent },
  ];
}

/** The order was made for another incumbent, or before a line of what waits was closed. */
const isOutdated = (state: State, night: Night): boolean =>
  (night.waiting.length > 0 && night.planned_for !== night.incumbent) ||
  anyClosed(state, night, night.waiting);

function experiments(state: State, night: Night): Action[] {
  const next = night.waiting[0];
  if (night.dawn || next === undefined || isOutdated(state, night)) return [];
  if (baselineFailed(state, night)) return [];
  const end = searchEnd(state, night);
  // What was asked for by hand waits for none but its like.
  const wished = state.hypotheses.get(next)?.asked !== undefined;
  const ahead = night.active
    .map((id) => experimentIn(state, id))
    .filter((one) => one.runs.length === 0 && (!wished || isAskedFor(state, one)));
  if (end || ahead.length >= (isProbing(night) ? 1 : PREPARED_AHEAD)) return [];
  const experiment = candidateExperiment(state, night, next);
  return experiment ? [opened(experiment)] : [];
}

/** Puts on the incumbent what would be replicated next, had it been measured there. */
function reapplications(state: State, night: Night): Action[] {
  const moves = searchMoves(state, night);
  const first = moves.findIndex((move) => move.kind === 'run' && move.next.purpose === 'screen');
  const urgent = moves.slice(0, first < 0 ? moves.length : first);
  // An idea that is about to be tried there need not be tried there twice.
  const next = searchEnd(state, night) ? [] : [...night.waiting, ...night.proposed];
  const coming = new Set(next.map((id) => keyOf(state.hypotheses.get(id))));
  const due = urgent.find(
    (move) => move.kind === 'reapply' && !coming.has(keyOf(experimentIn(state, move.of))),
  );
  const experiment = due?.kind === 'reapply' ? reapplication(state, night, due.of) : null;
  return experiment ? [opened(experiment)] : [];
}

const keyOf = (idea: { readonly change: Change } | undefined): string =>
  idea ? changeKey(idea.change) : '';

function branches(state: State, night: Night): Action[] {
  const missing = night.active.map((id) => experimentIn(state, id)).filter(isUnprepared);
  const due = preparable(state, [...missing, ...unpreparedArms(state, night)]);
  return (isProbing(night) ? due.slice(0, 1) : due).map(prepare);
}

/** What is still done for a night that was asked to stop: what runs may finish, and is told of. */
const WINDING_DOWN = [reports, incumbentMoves, plannedOutcomes, verdicts, runs];

/** What waits while a night is paused: it would fill the disk that is full, or could not be run. */
const NEW_WORK: ReadonlySet<unknown> = new Set([
  plannedWorkDue,
  writing,
  experiments,
  reapplications,
  branches,
]);

/** Fills a free slot with the most urgent run, and keeps those going that were started. */
function runs(state: State, night: Night): Action[] {
  const running = night.running.flatMap((id) => state.runs.get(id) ?? []);
  const going: Action[] = running.map(({ id, attempt }) => ({
    kind: 'run',
    id: `run-${id}-${attempt}`,
    role: 'worker',
    run: id,
    attempt,
  }));
  const taken = new Set(running.map((run) => run.slot));
  const slot = Array.from({ length: night.slots }, (_, i) => i + 1).find((n) => !taken.has(n));
  const waits = night.paused !== null || (isProbing(night) && running.length > 0);
  const mayStart = slot !== undefined && !night.stopping && !waits;
  const next = mayStart ? mostUrgentRun(state, night) : null;
  return next && mayStart
    ? [...going, { kind: 'record', event: { type: 'run_started', ...next, slot } }]
    : going;
}

function mostUrgentRun(state: State, night: Night) {
  if (night.dawn) return nextDawnRun(state, night);
  const moves = searchMoves(state, night);
  const open = moves.flatMap((move) => (move.kind === 'run' ? [move.next] : []));
  const planned = plannedRuns(state, night);
  // Whatever of the plan's own work is open, one run of the baseline was begun before it.
  return nextOf(state, night, [...planned, ...open]);
}

/** Judges what has nothing under way, anew whenever it was measured further. */
function verdicts(state: State, night: Night): Action[] {
  return night.active.flatMap((id) => {
    if (isRunning(state, id)) return [];
    const experiment = experimentIn(state, id);
    const judgement = nightVerdict(state, night, experiment);
    if (judgement === null) return [];
    const mark = suspicion(state, night, experiment, judgement);
    return mark ? [{ kind: 'record', event: mark }] : [judged({ experiment: id, judgement })];
  });
}

/** Ends the search when it may go no further, lets fresh seeds decide, looks at what is held out, and ends the night. */
function dawn(state: State, night: Night): Action[] {
  if (night.dawn === null) return beginDawn(state, night);
  if (night.running.length > 0 || nextDawnRun(state, night)) return [];
  if (nextAttemptAt(state, night) !== null) return [];
  if (unpreparedArms(state, night).length > 0) return [];
  const missing = missingArms(state, night)[0];
  const tip = night.dawn.arms[1];
  if (missing !== undefined && tip !== undefined)
    return [opened(leaveOneOut(state, night, tip, missing))];
  const verdict = dawnVerdict(state, night);
  if (verdict) return [judged(verdict)];
  const restated = restatedEffect(state, night);
  if (restated) return [{ kind: 'record', event: { type: 'effect_restated', ...restated } }];
  const held = holdingOut(state, night);
  if (held) return [held];
  return [ended(night, night.dawn.reason, foundInWords(state, night))];
}

function beginDawn(state: State, night: Night): Action[] {
  const reason = searchEnd(state, night);
  if (reason === null || night.active.length > 0 || baselineFailed(state, night)) return [];
  if (hasPlannedWork(state, night)) return [];
  if (night.running.length > 0 || searchMoves(state, night).length > 0) return [];
  if (incumbentMoves(state, night).length > 0 || gating(state, night).length > 0) return [];
  const { baseline: base, incumbent: tip } = night;
  if (base === null || tip === null) return [];
  // Where there is nothing to try, the baseline is run all the same.
  if (experimentIn(state, base).commit === null) return [];
  const changes = stackOf(state, tip).length;
  const { seeds, attribute } = dawnPlan(night, changes, dawnBudget(state, night, changes));
  const nothing = tip === base || seeds.length === 0;
  const { shared } = raceOf(state, night);
  const test = dawnTest(correlation(shared, shared), shared.df);
  const known = confirmable(state, night, seeds.length);
  const how = nothing
    ? { seeds: [], arms: [] }
    : ({
        seeds,
        arms: [base, tip],
        test: night.plan.run.seed ? test : 'welch',
        attribute,
      } as const);
  const can = known ? { confirmable: known } : {};
  return [
    { kind: 'record', event: { type: 'dawn_began', night: night.id, reason, ...how, ...can } },
  ];
}

/** A line on each run that ended; and the findings, whenever there is more to tell than they do. */
function reports(state: State, night: Night): Action[] {
  const unsaid = night.unsaid
    .flatMap((id) => state.runs.get(id) ?? [])
    .filter((run) => run.said === null && run.result !== null && run.started >= night.started);
  const lines = unsaid.map(({ id, attempt }): Action => ({
    kind: 'summarise',
    id: `summarise-${id}-${attempt}`,
    role: 'reporter',
    run: id,
  }));
  if (night.reported === night.revision) return lines;
  const id = `report-${night.id}-${night.revision}`;
  return [
    ...lines,
    { kind: 'report', id, role: 'reporter', night: night.id, revision: night.revision },
  ];
}
