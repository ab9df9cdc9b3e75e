import type { Experiment } from './experiment.ts';
import { isBeside } from './beside.ts';
import type { Event } from './event.ts';
import { leftOver, proposed, taking } from './fold-asked.ts';
import { compared, invention, round } from './fold-proposed.ts';
import { plannedJudged } from './fold-planned.ts';
import { foldBeside, type Put } from './fold-beside.ts';
import { foldOwn } from './fold-own.ts';
import { foldWords } from './fold-words.ts';
import { foldWriting } from './fold-writing.ts';
import { numberOf, type ExperimentId, type HypothesisId, type NightId } from './ids.ts';
import { type Run, type RunResult } from './run.ts';
import { isOwn } from './own-run.ts';
import { trainsOtherwise } from './variant.ts';
import {
  nightOf,
  opening,
  passage,
  pausedFor,
  sinceCheck,
  troubled,
  wholePlan,
} from './night-parts.ts';
import {
  EMPTY,
  experimentIn,
  NO_TROUBLE,
  runsOf,
  searchRunsOf,
  type HypothesisRecord,
  type Night,
  type State,
} from './state.ts';
import { isWords } from './words.ts';
import { isWriting } from './writing.ts';

/** The lab's state is the fold of its journal: what each event makes of it. */

const putInCopy: Put = (map, key, value) => new Map(map).set(key, value);
/** Only for maps that nobody else holds. */
const putInPlace: Put = (map, key, value) => (map as Map<typeof key, typeof value>).set(key, value);

/** The state after `event`. Pure: the old state stays what it was. */
export const fold = (state: State, event: Event): State => apply(state, event, putInCopy);

/**
 * The state after `event`, made of the old one, which must not be used any more: for who follows a
 * journal alone, so that an event costs the same in a large lab as in a small one.
 */
export const advance = (state: State, event: Event): State => apply(state, event, putInPlace);

/** The state after a whole journal, without a copy per event. */
export function replay(events: Iterable<Event>): State {
  let state: State = {
    ...EMPTY,
    nights: new Map(),
    hypotheses: new Map(),
    experiments: new Map(),
    runs: new Map(),
    opened: new Map(),
    own: new Map(),
    notes: new Map(),
    decisions: new Map(),
    tags: new Map(),
  };
  for (const event of events) state = apply(state, event, putInPlace);
  return state;
}

function apply(state: State, event: Event, put: Put): State {
  if (isBeside(event)) return foldBeside({ ...state, now: event.at }, event, put);
  if (isOwn(event)) return foldOwn({ ...state, now: event.at }, event, put);
  if (isWords(event)) return foldWords({ ...state, now: event.at }, event, put);
  const now = { ...state, now: event.at, worked: event.at };
  if (isWriting(event)) return foldWriting(now, event, put);
  const inNight = (id: NightId, change: (night: Night) => Partial<Night>): State => {
    const night = now.nights.get(id);
    if (!night) throw new Error(`the journal knows no ${id}`);
    return { ...now, nights: put(now.nights, id, { ...night, ...change(night) }) };
  };
  const told = (night: Night) => ({ revision: night.revision + 1 });

  switch (event.type) {
    case 'night_started': {
      const night = nightOf(event);
      return {
        ...now,
        night: night.id,
        nights: put(now.nights, night.id, night),
        next_experiment: Math.max(now.next_experiment, event.next_experiment),
        next_night: Math.max(now.next_night, numberOf(night.id) + 1),
      };
    }
    case 'night_resumed': {
      const after = inNight(event.night, (night) => ({
        slots: event.slots,
        plan: wholePlan(event.plan),
        stopping: null,
        stopped_by: null,
        paused: null,
        trouble: { ...NO_TROUBLE, lost: night.trouble.lost },
        idle_seconds: night.idle_seconds + (Date.parse(event.at) - Date.parse(state.worked)) / 1000,
      }));
      const next_experiment = Math.max(now.next_experiment, event.next_experiment ?? 0);
      return { ...after, next_experiment };
    }
    case 'hypotheses_proposed': {
      let { hypotheses, next_hypothesis } = now;
      for (const hypothesis of event.hypotheses) {
        hypotheses = put(hypotheses, hypothesis.id, proposed(hypothesis, event.at));
        next_hypothesis = Math.max(next_hypothesis, numberOf(hypothesis.id) + 1);
      }
      const after = inNight(event.night, (night) => ({
        proposed: [...night.proposed, ...event.hypotheses.map((h) => h.id)],
        ...(event.invented ? invention(night, event) : round(night, event)),
      }));
      return { ...after, hypotheses, next_hypothesis };
    }
    case 'planned_judged':
      return plannedJudged(now, event, put);
    case 'hypothesis_taken':
      return taking(now, event, put);
    case 'hypotheses_planned': {
      let { hypotheses } = now;
      const mark = (id: HypothesisId, change: Partial<HypothesisRecord>) => {
        const old = hypotheses.get(id);
        if (old) hypotheses = put(hypotheses, id, { ...old, ...change });
      };
      // What was opened while the Planner thought is no longer its to queue, and words never are.
      const open = (id: HypothesisId) =>
        hypotheses.get(id)?.status !== 'tested' && hypotheses.get(id)?.change.kind !== 'idea';
      const queue = event.queue.filter(open);
      const rejected = event.rejected.filter((one) => open(one.id));
      for (const id of queue) mark(id, { status: 'waiting' });
      for (const { id, because } of rejected)
        mark(id, { status: 'rejected', rejected_because: because });
      const seen = new Set([...queue, ...rejected.map((r) => r.id)]);
      const after = inNight(event.night, (night) => ({
        plannings: event.round,
        proposed: night.proposed.filter((id) => !seen.has(id)),
        waiting: queue,
        planned_for: event.incumbent,
      }));
      return { ...after, hypotheses };
    }
    case 'hypotheses_compared':
      return compared(now, event, put);
    case 'experiment_opened': {
      const { experiment } = event;
      const after = inNight(experiment.night, (night) => opening(night, experiment));
      const hypothesis = experiment.hypothesis && now.hypotheses.get(experiment.hypothesis);
      return {
        ...after,
        experiments: put(now.experiments, experiment.id, experiment),
        opened: put(now.opened, experiment.id, event.at),
        hypotheses: hypothesis
          ? put(now.hypotheses, hypothesis.id, {
              ...hypothesis,
              status: 'tested',
              experiment: experiment.id,
            })
          : now.hypotheses,
        next_experiment: Math.max(now.next_experiment, numberOf(experiment.id) + 1),
      };
    }
    case 'experiment_prepared': {
      const { experiment: id, branch, commit, command, settings } = event;
      // Its branch stands: how often that failed says nothing of a repair's.
      const { unprepared: _, ...standing } = experimentIn(now, id);
      const prepared = { ...standing, branch, commit, command, settings };
      return { ...now, experiments: put(now.experiments, id, prepared) };
    }
    case 'experiment_unprepared': {
      const { experiment, failure, again, at } = event;
      const tries = (experimentIn(now, experiment).unprepared?.tries ?? 0) + 1;
      const change = again ? { unprepared: { tries, at } } : { failure };
      const row = { run: experiment, at };
      const after =
        now.night === null || failure.class !== 'infrastructure'
          ? now
          : inNight(now.night, ({ trouble }) => ({
              trouble: { ...trouble, row: [...trouble.row, row] },
            }));
      return changed(after, experiment, change, put);
    }
    case 'run_started': {
      const { run: id, experiment, seed, purpose, repeats, attempt, slot } = event;
      const run: Run = {
        ...{ id, experiment, seed, purpose, attempt, slot },
        ...variantOf(now, purpose),
        ...(repeats ? { repeats } : {}),
        ...repairedBefore(now.runs.get(id)),
        status: 'running',
        started: event.at,
        ended: null,
        result: null,
        said: null,
      };
      const known = experimentIn(now, experiment).runs;
      const after =
        now.night === null
          ? now
          : inNight(now.night, (night) => ({
              runs_started: night.runs_started + 1,
              since_check: sinceCheck(night, event),
              trouble: { ...night.trouble, lost: night.trouble.lost.filter((run) => run !== id) },
              running: [...night.running.filter((run) => run !== id), id],
              active:
                purpose === 'dawn' ||
                night.active.includes(experiment) ||
                !night.tried.includes(experiment)
                  ? night.active
                  : [...night.active, experiment],
            }));
      const listed = known.includes(id)
        ? after
        : changed(after, experiment, { runs: [...known, id] }, put);
      return { ...listed, runs: put(now.runs, id, run) };
    }
    case 'run_ended': {
      const run = now.runs.get(event.result.run);
      if (!run || run.attempt !== event.result.attempt) return now; // a fenced-off attempt
      const { status } = event.result;
      const after =
        now.night === null
          ? now
          : inNight(
              now.night,
              ({ running, unsaid, run_seconds, trouble, baseline, elsewhere }) => ({
                elsewhere:
                  elsewhere ?? (isElsewhere(now, baseline, run, event.result) ? run.id : null),
                running: running.filter((id) => id !== run.id),
                unsaid: [...unsaid.filter((id) => id !== run.id), run.id],
                run_seconds: run_seconds + event.result.seconds,
                trouble: troubled(trouble, event.result, event.at),
              }),
            );
      const runs = put(now.runs, run.id, {
        ...{ ...run, status, ended: event.at },
        result: event.result,
      });
      return { ...after, runs, results: now.results + 1 };
    }
    case 'run_summarised': {
      const run = now.runs.get(event.run);
      if (!run) return now;
      const after =
        now.night === null
          ? now
          : inNight(now.night, ({ unsaid }) => ({ unsaid: unsaid.filter((id) => id !== run.id) }));
      return { ...after, runs: put(now.runs, run.id, { ...run, said: event.text }) };
    }
    case 'experiment_judged': {
      const { judgement } = event;
      const after = inNight(now.night ?? experimentIn(now, event.experiment).night, (night) => ({
        active: night.active.filter((id) => id !== event.experiment),
        ...told(night),
      }));
      return changed(after, event.experiment, { judgement }, put);
    }
    case 'effect_restated': {
      const { judgement } = experimentIn(now, event.experiment);
      const restated = judgement && { ...judgement, on_baseline: event.on_baseline };
      return changed(now, event.experiment, { judgement: restated }, put);
    }
    case 'incumbent_moved':
      return inNight(event.night, (night) => ({
        ...{ incumbent: event.to, tried_before_move: night.tried.length },
        ...told(night),
      }));
    case 'baseline_measured':
      return inNight(event.night, () => ({ confirmable: event.confirmable }));
    case 'baseline_drifted': {
      const { since, because } = event;
      // What broke a rule broke it whatever the baseline did.
      const compared = (id: ExperimentId) =>
        ![undefined, 'invalid', 'failed'].includes(experimentIn(now, id).judgement?.verdict);
      const inDoubt = (id: ExperimentId) =>
        compared(id) && searchRunsOf(now, id).some(({ started }) => started > since);
      return inNight(event.night, (night) => ({
        drift: { since, because },
        active: [...new Set([...night.active, ...night.tried.filter(inDoubt)])],
        ...told(night),
      }));
    }
    case 'contended': {
      let { runs } = now;
      const again = event.again.flatMap((id) => runs.get(id) ?? []);
      for (const run of again) runs = put(runs, run.id, { ...run, contended: true });
      const ids = new Set(again.map(({ experiment }) => experiment));
      const after = inNight(event.night, (night) => ({
        contended: [...night.contended, event.check],
        active: [...new Set([...night.active, ...night.tried.filter((id) => ids.has(id))])],
      }));
      return { ...after, runs };
    }
    case 'dawn_began': {
      const { reason, seeds, arms, test = 'welch', attribute = false } = event;
      const dawn = { reason, seeds, arms, test, attribute, left_out: [] };
      return inNight(event.night, (night) => ({
        ...{ dawn, confirmable: event.confirmable ?? night.confirmable },
        ...told(night),
      }));
    }
    case 'held_out':
      return inNight(event.night, (night) => ({
        held_out: [...night.held_out, event.held],
        ...told(night),
      }));
    case 'night_ended': {
      const { reason, message, at } = event;
      const ended = { reason, message, at };
      const after = inNight(event.night, (night) => ({ ended, ...told(night) }));
      return leftOver(after, event.night, put);
    }
    case 'reported':
      return inNight(event.night, () => ({ reported: event.revision, findings: event.findings }));
    case 'stopping':
      return inNight(event.night, () => ({ stopping: event.how, stopped_by: event.who }));
    case 'paused':
      return inNight(event.night, ({ trouble }) => ({
        paused: event.because,
        trouble: event.until === undefined ? trouble : pausedFor(trouble, event.until),
      }));
    case 'unpaused':
      return inNight(event.night, ({ trouble }) => ({
        paused: null,
        trouble: { ...trouble, until: null, paused_for: trouble.row.length },
      }));
    case 'gate_judged':
      return inNight(event.night, (night) => ({
        gates: [...night.gates, passage(event)],
        ...told(night),
      }));
    case 'slept':
      return inNight(event.night, (night) => ({
        idle_seconds: night.idle_seconds + event.seconds,
      }));
    case 'waited':
    case 'span':
      return now;
  }
}

/** Whether a run ended in a hard environment that is not that of the baseline's first. */
function isElsewhere(
  state: State,
  baseline: ExperimentId | null,
  { purpose }: Run,
  { environment }: RunResult,
): boolean {
  // The plan's own work has a command of its own, and is compared with nothing.
  if (baseline === null || !environment || purpose === 'planned') return false;
  const first = runsOf(state, baseline).find(({ result }) => result?.environment);
  return (
    first?.result?.environment !== undefined && first.result.environment.hard !== environment.hard
  );
}

/** A further attempt still runs the patch that was repaired. */
const repairedBefore = (run: Run | undefined): Pick<Run, 'repaired_after'> =>
  run?.repaired_after === undefined ? {} : { repaired_after: run.repaired_after };

/** Dawn's runs are a training of their own where the night's plan says so. */
function variantOf(state: State, purpose: Run['purpose']): Pick<Run, 'variant'> {
  const plan = state.night === null ? undefined : state.nights.get(state.night)?.plan;
  return purpose === 'dawn' && plan && trainsOtherwise(plan) ? { variant: 'dawn' } : {};
}

function changed(state: State, id: ExperimentId, change: Partial<Experiment>, put: Put): State {
  const experiment = experimentIn(state, id);
  return { ...state, experiments: put(state.experiments, id, { ...experiment, ...change }) };
}
