import type { Event } from './domain/event.ts';
import type { ExperimentId } from './domain/ids.ts';
import { isBetter } from './domain/plan.ts';
import { usableObjective } from './domain/run.ts';
import {
  ancestors,
  armOf,
  currentNight,
  experimentIn,
  fold,
  runsOf,
  type Night,
  type State,
} from './domain/state.ts';
import { ended, judged, opened, prepare, type Action } from './actions.ts';
import { baselineExperiment, candidateExperiment } from './opened.ts';
import { baselineOf, dawnSeeds, room, searchEnd, searchRunsLeft } from './budget.ts';
import { dawnVerdict, nightVerdict, restatedEffect } from './judging.ts';
import {
  baselineFailed,
  baselineIsMeasured,
  isRunning,
  nextBaselineRun,
  nextCandidateRun,
  nextDawnRun,
  noiseOf,
} from './replicate.ts';
import { mean } from './statistics/compare.ts';
import { beats, REPLICATES } from './statistics/verdict.ts';

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
    hypotheses, // → what to try
    queue, // → in which order
    experiments, // → one experiment each
    branches, // → its branch and commit
    runs, // → its runs
    verdicts, // → what they say
    incumbent, // → what the next round builds on
    dawn, // → what may be claimed
    reports, // → what the researcher reads
  ];
  const open = night.paused ? line.filter((step) => !NEW_WORK.has(step)) : line;
  return open.toReversed().flatMap((step) => step(state, night));
}

/** Experiments that stand prepared while the slots are busy, so that none waits for git. */
const PREPARED_AHEAD = 2;

function baseline(state: State, night: Night): Action[] {
  if (night.baseline === null) return [opened(baselineExperiment(state, night))];
  const { id, commit } = experimentIn(state, night.baseline);
  const failed = baselineFailed(state, night);
  if (failed === null) return commit === null ? [prepare(id)] : [];
  // What was begun beside it is judged first: nothing stays open in a night that ended.
  if (isRunning(state, id) || night.active.length > 0) return [];
  const message = `the unchanged baseline ${id} failed (${failed.class}): ${failed.message}`;
  return [ended(night, 'baseline_failed', message)];
}

/** Asks for ideas when fewer wait than the slots could take. */
function hypotheses(state: State, night: Night): Action[] {
  if (night.dawn || night.incumbent === null || night.proposed.length > 0) return [];
  if (night.waiting.length >= night.slots || searchEnd(state, night) || room(night) <= 0) return [];
  if (night.exhausted_for === night.incumbent) return [];
  const round = night.rounds + 1;
  const wanted = Math.min(2 * night.slots, room(night));
  return [
    {
      kind: 'propose',
      id: `propose-${night.id}-${round}`,
      role: 'researcher',
      night: night.id,
      round,
      incumbent: night.incumbent,
      wanted,
    },
  ];
}

/** Asks for the order anew when there are new ideas, or the old ones were ranked for another incumbent. */
function queue(_state: State, night: Night): Action[] {
  if (night.dawn || night.incumbent === null) return [];
  const outdated = night.waiting.length > 0 && night.planned_for !== night.incumbent;
  if (night.proposed.length === 0 && !outdated) return [];
  const round = night.plannings + 1;
  const { id, incumbent } = night;
  return [
    { kind: 'plan', id: `plan-${id}-${round}`, role: 'planner', night: id, round, incumbent },
  ];
}

function experiments(state: State, night: Night): Action[] {
  const next = night.waiting[0];
  if (night.dawn || next === undefined || night.planned_for !== night.incumbent) return [];
  if (baselineFailed(state, night)) return [];
  const end = searchEnd(state, night);
  const ahead = night.active.filter((id) => experimentIn(state, id).runs.length === 0);
  if (end || ahead.length >= PREPARED_AHEAD) return [];
  const experiment = candidateExperiment(state, night, next);
  return experiment ? [opened(experiment)] : [];
}

function branches(state: State, night: Night): Action[] {
  return night.active
    .map((id) => experimentIn(state, id))
    .filter(({ commit, failure }) => commit === null && failure === null)
    .map(({ id }) => prepare(id));
}

/** What is still done for a night that was asked to stop: what runs may finish, and is told of. */
const WINDING_DOWN = [reports, incumbent, verdicts, runs];

/** What waits while a night is paused: it would fill the disk that is full. */
const NEW_WORK: ReadonlySet<unknown> = new Set([experiments, branches]);

/** Fills a free slot with the most urgent run, and keeps those going that were started. */
function runs(state: State, night: Night): Action[] {
  const running = [
    ...night.active,
    ...(night.dawn?.arms ?? []),
    ...(night.baseline ? [night.baseline] : []),
  ]
    .filter((id, i, all) => all.indexOf(id) === i)
    .flatMap((id) => runsOf(state, id).filter((run) => run.status === 'running'));
  const going: Action[] = running.map(({ id, attempt }) => ({
    kind: 'run',
    id: `run-${id}-${attempt}`,
    role: 'worker',
    run: id,
    attempt,
  }));
  const taken = new Set(running.map((run) => run.slot));
  const slot = Array.from({ length: night.slots }, (_, i) => i + 1).find((n) => !taken.has(n));
  const mayStart = slot !== undefined && !night.stopping && !night.paused;
  const next = mayStart ? mostUrgentRun(state, night) : null;
  return next && mayStart
    ? [...going, { kind: 'record', event: { type: 'run_started', ...next, slot } }]
    : going;
}

/** The baseline first; then candidates that were begun; new ones once the baseline is seen to run. */
function mostUrgentRun(state: State, night: Night) {
  if (night.dawn) return nextDawnRun(state, night);
  const seenToRun =
    night.baseline !== null &&
    runsOf(state, night.baseline).some((run) => usableObjective(run) !== null);
  if (baselineFailed(state, night)) return null;
  const ofBaseline = nextBaselineRun(state, night);
  if (ofBaseline || !seenToRun) return ofBaseline;
  const begunFirst = [...night.active].toSorted(
    (a, b) => experimentIn(state, b).runs.length - experimentIn(state, a).runs.length,
  );
  // A new candidate is begun only if those under way could still be replicated.
  const begun = begunFirst.filter((id) => experimentIn(state, id).runs.length > 0).length;
  const enough = searchRunsLeft(state, night) > begun * (REPLICATES - 1);
  for (const id of begunFirst) {
    if (experimentIn(state, id).runs.length === 0 && !enough) continue;
    const next = nextCandidateRun(state, night, id);
    if (next) return next;
  }
  return null;
}

/** Judges what has had its runs: a failure at once, a measurement when the baseline has its own. */
function verdicts(state: State, night: Night): Action[] {
  return night.active.flatMap((id) => {
    if (isRunning(state, id) || nextCandidateRun(state, night, id)) return [];
    const judgement = nightVerdict(state, night, experimentIn(state, id));
    return judgement ? [judged({ experiment: id, judgement })] : [];
  });
}

/** Moves the search to the best that replicated, if it beats the present incumbent itself. */
function incumbent(state: State, night: Night): Action[] {
  if (night.dawn || night.incumbent === null || !baselineIsMeasured(state, night)) return [];
  const present = armOf(state, night.incumbent);
  const noise = noiseOf(state, baselineOf(state, night).id);
  const { objective, run } = night.plan;
  const known = new Set([night.incumbent, ...ancestors(state, night.incumbent)]);
  let best: { id: ExperimentId; value: number } | null = null;
  for (const experiment of state.experiments.values()) {
    if (experiment.night !== night.id || experiment.judgement?.verdict !== 'promising') continue;
    if (known.has(experiment.id)) continue;
    const arm = armOf(state, experiment.id);
    if (!beats(objective, arm, present, noise, run.deterministic)) continue;
    const value = mean(arm.map((point) => point.value));
    const better = best === null || isBetter(objective, value, best.value);
    if (better) best = { id: experiment.id, value };
  }
  if (best === null) return [];
  const because = `${best.id} beat ${night.incumbent} on replicated seeds`;
  return [
    {
      kind: 'record',
      event: {
        type: 'incumbent_moved',
        night: night.id,
        from: night.incumbent,
        to: best.id,
        because,
      },
    },
  ];
}

/** Ends the search when it may go no further, lets fresh seeds decide, and ends the night. */
function dawn(state: State, night: Night): Action[] {
  if (night.dawn === null) {
    const reason = searchEnd(state, night);
    if (reason === null || night.active.length > 0 || !baselineIsMeasured(state, night)) return [];
    if (incumbent(state, night).length > 0) return [];
    const arms = [night.baseline, night.incumbent].filter((id) => id !== null);
    const seeds = dawnSeeds(state, night);
    const nothing = night.incumbent === night.baseline || seeds.length === 0;
    return [
      {
        kind: 'record',
        event: {
          type: 'dawn_began',
          night: night.id,
          reason,
          seeds: nothing ? [] : seeds,
          arms: nothing ? [] : arms,
        },
      },
    ];
  }
  const waiting = night.dawn.arms.some((id) => isRunning(state, id)) || nextDawnRun(state, night);
  if (waiting) return [];
  const verdict = dawnVerdict(state, night);
  if (verdict) return [judged(verdict)];
  const restated = restatedEffect(state, night);
  if (restated) return [{ kind: 'record', event: { type: 'effect_restated', ...restated } }];
  return [ended(night, night.dawn.reason)];
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
