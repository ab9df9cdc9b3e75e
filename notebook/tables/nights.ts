import type { NightId } from '../../orchestrator/domain/ids.ts';
import { standingWork } from '../../orchestrator/domain/planned-standing.ts';
import type { State } from '../../orchestrator/domain/state.ts';
import { defineTable } from '../table.ts';

export interface NightRow {
  readonly id: string;
  readonly started: string;
  readonly ended: string | null;
  readonly end_reason: string | null;
  readonly message: string | null;
  readonly base_branch: string | null;
  readonly base_commit: string;
  readonly baseline: string | null;
  readonly incumbent: string | null;
  readonly slots: number;
  readonly candidates: number;
  readonly runs_started: number;
  readonly calls: number;
  readonly tokens: number;
  readonly usd: number;
  readonly unpriced_calls: number;
  readonly plan_key: string;
  readonly plan_changes: string;
  readonly project: string;
  readonly question: string;
  readonly metric: string;
  readonly direction: string;
  readonly min_effect: number | null;
  readonly smallest_confirmable: number | null;
  readonly confirmable_seeds: number | null;
  readonly runs_for_no_difference: number | null;
  readonly machine: string;
  readonly remarks: readonly string[];
  readonly data_changed: readonly string[];
  readonly stands: readonly string[];
  readonly plan: Readonly<Record<string, unknown>>;
}

/** Throws where the journal knows no such night. */
export function nightRecord(state: State, id: NightId): NightRow {
  const night = state.nights.get(id);
  if (!night) throw new Error(`the journal knows no ${id}`);
  const { started, base, baseline, incumbent, slots, candidates, runs_started } = night;
  const { plan, plan_key, plan_changes, ended, calls } = night;
  return {
    ...{ id, started, ended: ended?.at ?? null, end_reason: ended?.reason ?? null },
    ...{ message: ended?.message ?? null, base_branch: base.branch, base_commit: base.commit },
    ...{ baseline, incumbent, slots, candidates, runs_started, plan_key, plan_changes },
    ...{ calls: calls.total.calls, usd: calls.total.usd, unpriced_calls: calls.total.unpriced },
    tokens: calls.total.tokens.input + calls.total.tokens.output,
    ...{ project: plan.project, question: plan.question },
    ...{ metric: plan.objective.metric, direction: plan.objective.direction },
    min_effect: plan.objective.min_effect ?? null,
    smallest_confirmable: night.confirmable?.gain ?? null,
    confirmable_seeds: night.confirmable?.seeds ?? null,
    runs_for_no_difference: night.confirmable?.runs_for_no_difference ?? null,
    machine: night.machine,
    ...{ remarks: night.remarks, data_changed: night.data_changed, plan },
    stands: [...standingWork(state, night).values()].map((one) => one.id),
  };
}

export const nights = defineTable<NightRow>({
  name: 'nights',
  doc: 'One row per night: one launch, from its start to its last finding.',
  columns: {
    id: ['VARCHAR', '`N-0003`.'],
    started: ['TIMESTAMP', 'When it began, UTC.'],
    ended: ['TIMESTAMP', 'When it ended, UTC; null while it runs, or where it was cut off.'],
    end_reason: [
      'VARCHAR',
      'experiments_spent, runs_spent, time_spent, gpu_hours_spent, ideas_spent, target_reached, plateau, drift, stopped, superseded, gate, baseline_failed.',
    ],
    message: ['VARCHAR', 'Why it ended, for people.'],
    base_branch: ['VARCHAR', 'The base branch; null on a detached HEAD.'],
    base_commit: ['VARCHAR', 'The commit that base was at.'],
    baseline: ['VARCHAR', 'The experiment that its others are measured against.'],
    incumbent: ['VARCHAR', 'What its next round builds on, or built on last.'],
    slots: ['BIGINT', 'Runs at once.'],
    candidates: ['BIGINT', 'Experiments opened, the baseline not counted.'],
    runs_started: ['BIGINT', 'Attempts started.'],
    calls: ['BIGINT', 'Calls of models.'],
    tokens: ['BIGINT', 'Tokens that they read and wrote.'],
    usd: ['DOUBLE', 'US dollars of the calls whose price is known.'],
    unpriced_calls: ['BIGINT', 'Calls whose price nobody knows.'],
    plan_key: ['VARCHAR', 'Numbers under different keys are not compared.'],
    plan_changes: ['VARCHAR', "A diff from the last night's plan; empty for the first night."],
    project: ['VARCHAR', "The lab's name."],
    question: ['VARCHAR', 'What it was to find out.'],
    metric: ['VARCHAR', "The objective's metric."],
    direction: ['VARCHAR', 'minimize or maximize.'],
    min_effect: [
      'DOUBLE',
      'The smallest effect that the plan calls interesting; null where it says none.',
    ],
    smallest_confirmable: [
      'DOUBLE',
      'The smallest true gain that its dawn confirms four times in five, in units of the objective; null where noise is not known, or dawn has fewer than two seeds.',
    ],
    confirmable_seeds: ['BIGINT', 'Fresh seeds of each arm that this rests on.'],
    runs_for_no_difference: [
      'BIGINT',
      'Runs of each of two arms until a change that does nothing is shown to lie within min_effect, four times in five.',
    ],
    machine: ['VARCHAR', 'Hardware and toolchain, in words.'],
    remarks: ['VARCHAR[]', 'What was odd when it began: uncommitted changes, missing variables.'],
    data_changed: ['VARCHAR[]', 'Linked paths whose content changed since the last night.'],
    stands: [
      'VARCHAR[]',
      'Work of the plan’s own that it does not repeat: finished by an earlier night on the same base, data, machine and devices.',
    ],
    plan: ['JSON', "The validated plan: `plan->>'$.budget.runs'`."],
  },
  example:
    'SELECT id, started, ended - started AS took, candidates, runs_started, end_reason FROM nights ORDER BY id',
  journal: {
    subject: 'id',
    subjects: ({ state }) => state.nights.keys(),
    rows: ({ state }, id) =>
      state.nights.has(id as NightId) ? [nightRecord(state, id as NightId)] : [],
  },
});
