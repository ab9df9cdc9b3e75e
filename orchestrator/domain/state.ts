import type { DawnTest, Experiment } from './experiment.ts';
import type {
  Base,
  Confirmable,
  DataIdentity,
  Event,
  Finding,
  NightEnd,
  NightStarted,
  Reran,
} from './event.ts';
import type { Hypothesis, Proposal } from './hypothesis.ts';
import { numberOf, type ExperimentId, type HypothesisId, type NightId, type RunId } from './ids.ts';
import type { Plan } from './plan.ts';
import { usableObjective, type Run, type RunResult } from './run.ts';

/** What became of a hypothesis. */
export interface HypothesisRecord extends Hypothesis {
  readonly status: 'proposed' | 'waiting' | 'rejected' | 'tested';
  /** Why the Planner rejected it. */
  readonly rejected_because: string | null;
  readonly experiment: ExperimentId | null;
}

export interface Night {
  readonly id: NightId;
  readonly started: string;
  readonly base: Base;
  readonly plan: Plan;
  readonly plan_text: string;
  readonly plan_key: string;
  readonly plan_changes: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly slots: number;
  readonly machine: string;
  /** Seconds that were not the night's: between a cut and the launch that went on, or asleep. */
  readonly idle_seconds: number;
  readonly data: readonly DataIdentity[];
  readonly data_changed: readonly string[];
  readonly remarks: readonly string[];
  readonly proposals: readonly Proposal[];
  /** Null only until the first experiment, the baseline, is opened. */
  readonly baseline: ExperimentId | null;
  /** What the next round builds on; the baseline until something better replicates. */
  readonly incumbent: ExperimentId | null;
  /** Answers of the Researcher and of the Planner so far. */
  readonly rounds: number;
  readonly plannings: number;
  /** The incumbent for which the Researcher has no more ideas. */
  readonly exhausted_for: ExperimentId | null;
  /** Proposed, and not yet seen by the Planner. */
  readonly proposed: readonly HypothesisId[];
  /** Accepted, in the order to try them. */
  readonly waiting: readonly HypothesisId[];
  /** The incumbent the waiting ones were ranked under. */
  readonly planned_for: ExperimentId | null;
  /** Candidates that were opened, or run again, and not judged since; never the baseline. */
  readonly active: readonly ExperimentId[];
  readonly candidates: number;
  /** Every candidate that was opened, changes put on a newer incumbent included, in that order. */
  readonly tried: readonly ExperimentId[];
  /** Runs that are under way. */
  readonly running: readonly RunId[];
  /** Started attempts. */
  readonly runs_started: number;
  /** Seconds that the attempts that ended have trained. */
  readonly run_seconds: number;
  /** Null where nobody counted. */
  readonly gpus_per_run: number | null;
  /** Experiments in `tried` when the incumbent last moved. */
  readonly tried_before_move: number;
  /** The plan's gates that were decided. */
  readonly gates: readonly Passage[];
  readonly because: string | null;
  readonly trouble: Trouble;
  /** Somebody asked it to stop; a launch that goes on takes that back. */
  readonly stopping: 'drain' | 'now' | null;
  /** Why nothing new is started for the moment. */
  readonly paused: string | null;
  /** Null before the baseline is measured, or where nothing is known of noise. */
  readonly confirmable: Confirmable | null;
  readonly dawn: {
    readonly reason: NightEnd;
    readonly seeds: readonly (number | null)[];
    readonly arms: readonly ExperimentId[];
    readonly test: DawnTest;
    /** Whether each change of a confirmed stack is left out once; and the experiments that do. */
    readonly attribute: boolean;
    readonly left_out: readonly ExperimentId[];
  } | null;
  readonly ended: {
    readonly reason: NightEnd;
    readonly message: string;
    readonly at: string;
  } | null;
  /** Runs that ended while it was open and have no line said on them. */
  readonly unsaid: readonly RunId[];
  /** Counts what a report should tell; `reported` is the count that the last one told. */
  readonly revision: number;
  readonly reported: number;
  readonly findings: readonly Finding[];
}

/** What became of a gate, which counts from 1 in the plan's order. */
export interface Passage {
  readonly gate: number;
  readonly passed: boolean;
  readonly because: string;
}

/** What the machine, and not an idea, made fail. */
export interface Trouble {
  /** Runs that it failed and that were not started again. */
  readonly lost: readonly RunId[];
  /** The attempts that it failed since one came to any other end, and when they did, ISO 8601. */
  readonly row: readonly { readonly run: RunId; readonly at: string }[];
  /** Pauses since then, and how many of the row they were made for. */
  readonly pauses: number;
  readonly paused_for: number;
  /** When the pause ends that this one is, ISO 8601. */
  readonly until: string | null;
}

const NO_TROUBLE: Trouble = { lost: [], row: [], pauses: 0, paused_for: 0, until: null };

export interface Flag {
  readonly target: ExperimentId | RunId;
  readonly label: string;
  readonly because: string;
  readonly who: string;
  readonly at: string;
}

export interface PromotionRecord {
  readonly experiment: ExperimentId;
  readonly branch: string;
  readonly commit: string;
  readonly who: string;
  readonly at: string;
}

export interface Rerun extends Reran {
  readonly at: string;
}

/** The lab as its journal tells it. */
export interface State {
  /** When the last event happened, ISO 8601; the only clock that decisions know. */
  readonly now: string;
  /** When a night last did something; marks and alerts of the time between are not the night's. */
  readonly worked: string;
  readonly night: NightId | null;
  readonly nights: ReadonlyMap<NightId, Night>;
  readonly hypotheses: ReadonlyMap<HypothesisId, HypothesisRecord>;
  readonly experiments: ReadonlyMap<ExperimentId, Experiment>;
  readonly runs: ReadonlyMap<RunId, Run>;
  /** Results so far: while it stays, nothing new was measured. */
  readonly results: number;
  /** When each experiment was opened, ISO 8601. */
  readonly opened: ReadonlyMap<ExperimentId, string>;
  readonly flags: readonly Flag[];
  readonly promotions: readonly PromotionRecord[];
  readonly reruns: readonly Rerun[];
  readonly next_experiment: number;
  readonly next_hypothesis: number;
  readonly next_night: number;
}

export const EMPTY: State = {
  now: new Date(0).toISOString(),
  worked: new Date(0).toISOString(),
  night: null,
  nights: new Map(),
  hypotheses: new Map(),
  experiments: new Map(),
  runs: new Map(),
  results: 0,
  opened: new Map(),
  flags: [],
  promotions: [],
  reruns: [],
  next_experiment: 0,
  next_hypothesis: 1,
  next_night: 1,
};

type Put = <K, V>(map: ReadonlyMap<K, V>, key: K, value: V) => ReadonlyMap<K, V>;

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
  };
  for (const event of events) state = apply(state, event, putInPlace);
  return state;
}

/** The night that is open or was the last. Throws where there is none: a bug of the caller. */
export function currentNight(state: State): Night {
  const night = state.night === null ? undefined : state.nights.get(state.night);
  if (!night) throw new Error('no night has begun');
  return night;
}

export function experimentIn(state: State, id: ExperimentId): Experiment {
  const experiment = state.experiments.get(id);
  if (!experiment) throw new Error(`the journal knows no ${id}`);
  return experiment;
}

export const runsOf = (state: State, id: ExperimentId): readonly Run[] =>
  experimentIn(state, id).runs.flatMap((run) => state.runs.get(run) ?? []);

/** One usable value per seed: a repeat of a seed is no replicate. */
export function armOf(
  state: State,
  id: ExperimentId,
): readonly { readonly run: RunId; readonly seed: number | null; readonly value: number }[] {
  const seen = new Set<number>();
  return runsOf(state, id).flatMap((run) => {
    const value = usableObjective(run);
    if (value === null || (run.seed !== null && seen.has(run.seed))) return [];
    if (run.seed !== null) seen.add(run.seed);
    return [{ run: run.id, seed: run.seed, value }];
  });
}

/** From an experiment's parent up to its baseline, nearest first, itself not included. */
export function ancestors(state: State, id: ExperimentId): readonly ExperimentId[] {
  const found: ExperimentId[] = [];
  for (let at = experimentIn(state, id).parent; at !== null; at = experimentIn(state, at).parent)
    found.push(at);
  return found;
}

/** What also happens while no night works. */
const BESIDE: ReadonlySet<Event['type']> = new Set([
  'flagged',
  'unflagged',
  'promoted',
  'alert',
  'reran',
]);

function apply(state: State, event: Event, put: Put): State {
  const now = { ...state, now: event.at, worked: BESIDE.has(event.type) ? state.worked : event.at };
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
    case 'night_resumed':
      return inNight(event.night, (night) => ({
        slots: event.slots,
        plan: event.plan,
        stopping: null,
        paused: null,
        trouble: { ...NO_TROUBLE, lost: night.trouble.lost },
        idle_seconds: night.idle_seconds + (Date.parse(event.at) - Date.parse(state.worked)) / 1000,
      }));
    case 'hypotheses_proposed': {
      let { hypotheses, next_hypothesis } = now;
      for (const hypothesis of event.hypotheses) {
        hypotheses = put(hypotheses, hypothesis.id, {
          ...hypothesis,
          status: 'proposed',
          rejected_because: null,
          experiment: null,
        });
        next_hypothesis = Math.max(next_hypothesis, numberOf(hypothesis.id) + 1);
      }
      const after = inNight(event.night, (night) => ({
        rounds: event.round,
        proposed: [...night.proposed, ...event.hypotheses.map((h) => h.id)],
        exhausted_for: event.exhausted ? event.incumbent : night.exhausted_for,
      }));
      return { ...after, hypotheses, next_hypothesis };
    }
    case 'hypotheses_planned': {
      let { hypotheses } = now;
      const mark = (id: HypothesisId, change: Partial<HypothesisRecord>) => {
        const old = hypotheses.get(id);
        if (old) hypotheses = put(hypotheses, id, { ...old, ...change });
      };
      // What was opened while the Planner thought is no longer its to queue.
      const open = (id: HypothesisId) => hypotheses.get(id)?.status !== 'tested';
      const queue = event.queue.filter(open);
      for (const id of queue) mark(id, { status: 'waiting' });
      for (const { id, because } of event.rejected.filter((one) => open(one.id)))
        mark(id, { status: 'rejected', rejected_because: because });
      const seen = new Set([...event.queue, ...event.rejected.map((r) => r.id)]);
      const after = inNight(event.night, (night) => ({
        plannings: event.round,
        proposed: night.proposed.filter((id) => !seen.has(id)),
        waiting: queue,
        planned_for: event.incumbent,
      }));
      return { ...after, hypotheses };
    }
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
      const { branch, commit, command, settings } = event;
      return changed(now, event.experiment, { branch, commit, command, settings }, put);
    }
    case 'experiment_unprepared':
      return changed(now, event.experiment, { failure: event.failure }, put);
    case 'run_started': {
      const { run: id, experiment, seed, purpose, attempt, slot } = event;
      const run: Run = {
        ...{ id, experiment, seed, purpose, attempt, slot },
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
          : inNight(now.night, ({ running, unsaid, run_seconds, trouble }) => ({
              running: running.filter((id) => id !== run.id),
              unsaid: [...unsaid.filter((id) => id !== run.id), run.id],
              run_seconds: run_seconds + event.result.seconds,
              trouble: troubled(trouble, event.result, event.at),
            }));
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
    case 'dawn_began': {
      const { reason, seeds, arms, test = 'welch', attribute = false } = event;
      const dawn = { reason, seeds, arms, test, attribute, left_out: [] };
      return inNight(event.night, (night) => ({
        ...{ dawn, confirmable: event.confirmable ?? night.confirmable },
        ...told(night),
      }));
    }
    case 'night_ended': {
      const { reason, message, at } = event;
      return inNight(event.night, (night) => ({ ended: { reason, message, at }, ...told(night) }));
    }
    case 'reported':
      return inNight(event.night, () => ({ reported: event.revision, findings: event.findings }));
    case 'flagged': {
      const { target, label, because, who, at } = event;
      return {
        ...now,
        flags: [...withoutFlag(now.flags, event), { target, label, because, who, at }],
      };
    }
    case 'unflagged':
      return { ...now, flags: withoutFlag(now.flags, event) };
    case 'promoted': {
      const { experiment, branch, commit, who, at } = event;
      // Two processes may have found one merge without a record.
      if (now.promotions.some((one) => one.experiment === experiment && one.commit === commit))
        return now;
      return { ...now, promotions: [...now.promotions, { experiment, branch, commit, who, at }] };
    }
    case 'reran': {
      const { type: _, seq: __, ...rerun } = event;
      return { ...now, reruns: [...now.reruns, rerun] };
    }
    case 'stopping':
      return inNight(event.night, () => ({ stopping: event.how }));
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
    case 'alert':
    case 'waited':
    case 'span':
      return now;
  }
}

const passage = ({ gate, passed, because }: Passage): Passage => ({ gate, passed, because });

const pausedFor = (trouble: Trouble, until: string): Trouble => ({
  ...{ ...trouble, until },
  pauses: trouble.pauses + 1,
  paused_for: trouble.row.length,
});

/** Any other end breaks the row: the machine can do it. An attempt that was fenced off says neither. */
function troubled(trouble: Trouble, result: RunResult, at: string): Trouble {
  if (result.killed_because === 'fenced') return trouble;
  if (result.failure?.class !== 'infrastructure')
    return { ...NO_TROUBLE, lost: trouble.lost, until: trouble.until };
  return {
    ...trouble,
    lost: [...trouble.lost, result.run],
    row: [...trouble.row, { run: result.run, at }],
  };
}

/** What an experiment that is opened changes of its night. */
function opening(night: Night, { id, hypothesis, reapplies, without }: Experiment): Partial<Night> {
  if (without) {
    const { dawn } = night;
    return { dawn: dawn && { ...dawn, left_out: [...dawn.left_out, id] } };
  }
  if (hypothesis === null) return { baseline: id, incumbent: id };
  return {
    waiting: night.waiting.filter((waiting) => waiting !== hypothesis),
    active: [...night.active, id],
    tried: [...night.tried, id],
    candidates: night.candidates + (reapplies ? 0 : 1),
  };
}

const withoutFlag = (flags: readonly Flag[], gone: { target: string; label: string }) =>
  flags.filter((flag) => flag.target !== gone.target || flag.label !== gone.label);

function changed(state: State, id: ExperimentId, change: Partial<Experiment>, put: Put): State {
  const experiment = experimentIn(state, id);
  return { ...state, experiments: put(state.experiments, id, { ...experiment, ...change }) };
}

const nightOf = (event: NightStarted & { readonly at: string }): Night => ({
  id: event.night,
  started: event.at,
  base: event.base,
  // Journals of an earlier version have plans without gates.
  plan: { ...event.plan, gates: event.plan.gates ?? [] },
  plan_text: event.plan_text,
  plan_key: event.plan_key,
  plan_changes: event.plan_changes,
  settings: event.settings,
  slots: event.slots,
  machine: event.machine,
  idle_seconds: 0,
  data: event.data,
  data_changed: event.data_changed,
  remarks: event.remarks,
  proposals: event.proposals,
  baseline: event.baseline,
  incumbent: event.baseline,
  rounds: 0,
  plannings: 0,
  exhausted_for: null,
  proposed: [],
  waiting: [],
  planned_for: null,
  active: [],
  candidates: 0,
  tried: [],
  running: [],
  runs_started: 0,
  run_seconds: 0,
  gpus_per_run: event.gpus_per_run ?? null,
  tried_before_move: 0,
  gates: [],
  because: event.because ?? null,
  trouble: NO_TROUBLE,
  stopping: null,
  paused: null,
  confirmable: null,
  dawn: null,
  ended: null,
  unsaid: [],
  revision: 0,
  reported: 0,
  findings: [],
});
