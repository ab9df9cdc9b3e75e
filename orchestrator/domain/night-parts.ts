import type { Plan } from './plan.ts';
import type { Agents } from './plan-agents.ts';
import { NO_CALLS } from './call.ts';
import type { Experiment } from './experiment.ts';
import type { Event, NightStarted } from './event.ts';
import { type RunResult } from './run.ts';
import { NO_TROUBLE, type Night, type Passage, type Trouble } from './state.ts';

/** A night as it begins, and what single events make of its parts. Pure; the fold is in fold.ts. */

/** Candidates' runs since the baseline was last made again, once this run is started. */
export const sinceCheck = (night: Night, run: Event & { type: 'run_started' }): number => {
  if (run.purpose === 'repeat' && run.experiment === night.baseline) return 0;
  const counts = run.purpose === 'screen' || run.purpose === 'replicate';
  return night.since_check + (counts && run.attempt === 1 ? 1 : 0);
};

export const passage = ({ gate, passed, because }: Passage): Passage => ({ gate, passed, because });

export const pausedFor = (trouble: Trouble, until: string): Trouble => ({
  ...{ ...trouble, until },
  pauses: trouble.pauses + 1,
  paused_for: trouble.row.length,
});

/** Any other end breaks the row: the machine can do it. An attempt that was fenced off says neither. */
export function troubled(trouble: Trouble, result: RunResult, at: string): Trouble {
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
export function opening(
  night: Night,
  { id, hypothesis, reapplies, without, planned }: Experiment,
): Partial<Night> {
  if (without) {
    const { dawn } = night;
    return { dawn: dawn && { ...dawn, left_out: [...dawn.left_out, id] } };
  }
  if (planned) return { planned: [...night.planned, id] };
  if (hypothesis === null) return { baseline: id, incumbent: id };
  return {
    waiting: night.waiting.filter((waiting) => waiting !== hypothesis),
    active: [...night.active, id],
    tried: [...night.tried, id],
    candidates: night.candidates + (reapplies ? 0 : 1),
  };
}

/** As the plan's schema has it where nothing is said; lists load this, and no schema. */
const AGENTS: Agents = { model: 'none', ideas: 3, repairs: 3, papers: 'on', prices: {} };

/** Journals of an earlier version have plans without gates, experiments, or all that agents are told. */
export const wholePlan = (plan: Plan): Plan => ({
  ...plan,
  agents: { ...AGENTS, ...plan.agents },
  ...{ gates: plan.gates ?? [], experiments: plan.experiments ?? [] },
});

export const nightOf = (event: NightStarted & { readonly at: string }): Night => ({
  id: event.night,
  started: event.at,
  base: event.base,
  plan: wholePlan(event.plan),
  plan_text: event.plan_text,
  plan_key: event.plan_key,
  plan_changes: event.plan_changes,
  settings: event.settings,
  slots: event.slots,
  machine: event.machine,
  environment: event.environment ?? null,
  elsewhere: null,
  idle_seconds: 0,
  data: event.data,
  data_changed: event.data_changed,
  remarks: event.remarks,
  proposals: event.proposals,
  baseline: event.baseline,
  incumbent: event.baseline,
  rounds: 0,
  plannings: 0,
  inventions: 0,
  comparisons: 0,
  uninventive: null,
  exhausted_for: null,
  proposed: [],
  waiting: [],
  planned_for: null,
  active: [],
  candidates: 0,
  planned: [],
  notes: event.notes ?? {},
  tried: [],
  suspected: [],
  running: [],
  runs_started: 0,
  run_seconds: 0,
  calls: NO_CALLS,
  gpus_per_run: event.gpus_per_run ?? null,
  tried_before_move: 0,
  gates: [],
  because: event.because ?? null,
  since_check: 0,
  drift: null,
  contended: [],
  trouble: NO_TROUBLE,
  stopping: null,
  stopped_by: null,
  paused: null,
  confirmable: null,
  dawn: null,
  held_out: [],
  ended: null,
  unsaid: [],
  revision: 0,
  reported: 0,
  findings: [],
});
