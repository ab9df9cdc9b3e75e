import type { Experiment, JudgedLimit } from '../../orchestrator/domain/experiment.ts';
import { changeAsData } from '../../orchestrator/domain/hypothesis.ts';
import type { ExperimentId } from '../../orchestrator/domain/ids.ts';
import type { Failure } from '../../orchestrator/domain/run.ts';
import type { Repair } from '../../orchestrator/domain/writing.ts';
import { armOf, experimentIn, runsOf, type State } from '../../orchestrator/domain/state.ts';
import { experimentTier } from '../../orchestrator/domain/tier.ts';
import { mean, spread } from '../../orchestrator/statistics/compare.ts';
import { doubtful, doubtsOn } from '../../orchestrator/domain/doubt.ts';
import { confidenceOf } from '../../orchestrator/statistics/confidence.ts';
import { defineTable } from '../table.ts';
import { tagsOn } from './tags.ts';

export interface ExperimentRow {
  readonly id: string;
  readonly night: string;
  readonly hypothesis: string | null;
  readonly source: string;
  readonly line: string;
  readonly title: string;
  readonly because: string;
  readonly change: Readonly<Record<string, string>>;
  readonly parent: string | null;
  readonly baseline: string;
  readonly reapplies: string | null;
  readonly left_out: string | null;
  readonly commit: string | null;
  readonly branch: string | null;
  readonly status: string;
  readonly verdict: string | null;
  readonly verdict_because: string | null;
  readonly rule: string | null;
  readonly chance: number | null;
  readonly confidence: string | null;
  readonly confidence_because: string | null;
  readonly borderline: boolean | null;
  readonly objective: number | null;
  readonly spread: number | null;
  readonly n: number;
  readonly tier: string | null;
  readonly effect: number | null;
  readonly interval: readonly number[] | null;
  readonly interval_low: number | null;
  readonly interval_high: number | null;
  readonly effect_on_parent: number | null;
  readonly parent_interval_low: number | null;
  readonly parent_interval_high: number | null;
  readonly stack: string | null;
  readonly attribution_effect: number | null;
  readonly attribution_low: number | null;
  readonly attribution_high: number | null;
  readonly attribution_n: number | null;
  readonly attribution_p: number | null;
  readonly attributed: boolean | null;
  readonly limits: readonly JudgedLimit[] | null;
  readonly dawn_confirmed: boolean | null;
  readonly dawn_test: string | null;
  readonly dawn_n: number | null;
  readonly dawn_n_baseline: number | null;
  readonly dawn_objective: number | null;
  readonly dawn_baseline: number | null;
  readonly dawn_effect: number | null;
  readonly dawn_low: number | null;
  readonly dawn_high: number | null;
  readonly dawn_values: readonly number[] | null;
  readonly failure_class: string | null;
  readonly failure: string | null;
  readonly repairs: readonly RepairRow[] | null;
  readonly unrepaired: string | null;
  readonly tags: readonly string[];
  readonly flags: readonly string[];
  readonly opened: string | null;
  readonly promoted: string | null;
  readonly planned: string | null;
  readonly outcome: string | null;
  readonly outcome_because: string | null;
  readonly definition: string | null;
  readonly notes_file: string | null;
  readonly notes: string | null;
}

/** A crash of its patch that was answered by another one: `diff` and `commit` are what crashed. */
export interface RepairRow {
  readonly number: number;
  readonly run: string;
  readonly attempt: number;
  readonly failure_class: string;
  readonly failure: string;
  readonly commit: string;
  readonly diff: string;
  readonly by: string;
  readonly changes: readonly string[];
}

const repairRow = ({ number, run, attempt, failure, before, by, account }: Repair): RepairRow => ({
  ...{ number, run, attempt, failure_class: failure.class, failure: failure.message },
  ...{ commit: before.commit, diff: before.change.kind === 'patch' ? before.change.diff : '' },
  ...{ by, changes: account.changes },
});

/**
 * Throws where the journal knows no such experiment. One literal and no spread: of fifty columns
 * that would take most of the time of a list.
 */
export function experimentRecord(state: State, id: ExperimentId): ExperimentRow {
  const experiment = experimentIn(state, id);
  const { night, hypothesis, source, line, title, because, parent, baseline } = experiment;
  const { commit, branch, judgement, planned } = experiment;
  const { on_baseline, on_parent, dawn, attribution } = judgement ?? {};
  const { objective, spread: deviation, n } = measured(state, experiment);
  const failure = experiment.failure ?? failureOfRun(state, experiment);
  const tier = experimentTier(state, id);
  const confidence = confidenceIn(state, experiment, tier);
  return {
    id,
    night,
    hypothesis,
    source,
    line,
    title,
    because,
    change: changeAsData(experiment.change),
    parent,
    baseline,
    reapplies: experiment.reapplies ?? null,
    left_out: experiment.without ?? null,
    commit,
    branch,
    status: statusOf(state, experiment),
    verdict: judgement?.verdict ?? null,
    verdict_because: judgement?.because ?? null,
    rule: judgement?.rule ?? null,
    chance: judgement?.chance ?? null,
    confidence: confidence?.level ?? null,
    confidence_because: confidence?.because ?? null,
    borderline: confidence?.borderline ?? null,
    objective,
    spread: deviation,
    n,
    tier,
    effect: on_baseline?.effect ?? null,
    interval: on_baseline?.interval ?? null,
    interval_low: on_baseline?.interval?.[0] ?? null,
    interval_high: on_baseline?.interval?.[1] ?? null,
    effect_on_parent: on_parent?.effect ?? null,
    parent_interval_low: on_parent?.interval?.[0] ?? null,
    parent_interval_high: on_parent?.interval?.[1] ?? null,
    stack: judgement?.stack ?? null,
    attribution_effect: attribution?.effect ?? null,
    attribution_low: attribution?.interval?.[0] ?? null,
    attribution_high: attribution?.interval?.[1] ?? null,
    attribution_n: attribution?.n ?? null,
    attribution_p: attribution?.p ?? null,
    attributed: attribution?.attributed ?? null,
    limits: judgement?.limits ?? planned?.outcome?.limits ?? null,
    dawn_confirmed: dawn?.confirmed ?? null,
    dawn_test: dawn ? (dawn.test ?? 'welch') : null,
    dawn_n: dawn?.n ?? null,
    dawn_n_baseline: dawn?.n_baseline ?? null,
    dawn_objective: dawn?.objective ?? null,
    dawn_baseline: dawn?.baseline ?? null,
    dawn_effect: dawn?.on_baseline?.effect ?? null,
    dawn_low: dawn?.on_baseline?.interval?.[0] ?? null,
    dawn_high: dawn?.on_baseline?.interval?.[1] ?? null,
    dawn_values: dawn?.values ?? null,
    failure_class: failure?.class ?? null,
    failure: failure?.message ?? null,
    repairs: experiment.repairs?.map(repairRow) ?? null,
    unrepaired: experiment.unrepaired?.because ?? null,
    tags: tagsOn(state, id),
    flags: state.flags.filter((flag) => flag.target === id).map((flag) => flag.label),
    opened: state.opened.get(id) ?? null,
    promoted: state.promotions.find(({ experiment: of }) => of === id)?.at ?? null,
    planned: planned?.name ?? null,
    outcome: planned?.outcome?.status ?? null,
    outcome_because: planned?.outcome?.because ?? null,
    definition: planned?.definition ?? null,
    notes_file: planned?.notes?.file ?? null,
    notes: planned?.notes?.text ?? null,
  };
}

/** The runs of the stack without a change are an arm of dawn, and no claim of their own. */
function confidenceIn(
  state: State,
  { id, night, judgement, without }: Experiment,
  tier: string | null,
) {
  const plan = state.nights.get(night)?.plan;
  if (!judgement || !plan || without) return null;
  return confidenceOf(judgement, plan.objective, {
    tier,
    evaluator: (plan.evaluate ?? plan.score) !== undefined,
    in_doubt: doubtful(doubtsOn(state, id)),
  });
}

/** Why a judged experiment came to nothing: its last run that failed. */
function failureOfRun(state: State, { id, judgement, planned }: Experiment): Failure | null {
  const verdict = judgement?.verdict ?? planned?.outcome?.status;
  if (verdict !== 'failed' && verdict !== 'invalid') return null;
  const failed = runsOf(state, id).filter((run) => run.result?.failure);
  return failed.at(-1)?.result?.failure ?? null;
}

function statusOf(state: State, { id, judgement, planned, failure, commit }: Experiment): string {
  if (judgement || planned?.outcome) return 'judged';
  if (failure) return 'failed';
  if (commit === null) return 'preparing';
  const runs = runsOf(state, id);
  if (runs.length === 0) return 'prepared';
  return runs.some((run) => run.status === 'running') ? 'running' : 'finished';
}

/**
 * Mean and sample standard deviation over all that ran. A judgement knows them, but for an
 * experiment that dawn ran again as somebody else's arm; its effect is restated then, too.
 */
function measured(state: State, { id, judgement, runs }: Experiment) {
  if (judgement && judgement.n >= runs.length) return judgement;
  const values = armOf(state, id).map((run) => run.value);
  const n = values.length;
  return { objective: n === 0 ? null : mean(values), spread: spread(values), n };
}

export const experiments = defineTable<ExperimentRow>({
  name: 'experiments',
  doc: 'One row per experiment, baselines and work of the plan’s own included: the change, and what the statistics say of it.',
  columns: {
    id: ['VARCHAR', '`E-0007`; the first baseline is `E-0000`.'],
    night: ['VARCHAR', 'The night that opened it.'],
    hypothesis: ['VARCHAR', 'The hypothesis it tests; null for a baseline.'],
    source: [
      'VARCHAR',
      'Who thought of it: baseline, yours, search_space, incumbent, paper, model; attribution where it is a confirmed stack without one of its changes; plan where it is work of the plan’s own (experiments), and no change.',
    ],
    line: ['VARCHAR', 'The line of inquiry it belongs to.'],
    title: ['VARCHAR', 'The hypothesis in a few words.'],
    because: ['VARCHAR', 'Why it should help.'],
    change: ['JSON', "Knob to new literal, or `patch` to its file: `change->>'learning_rate'`."],
    parent: [
      'VARCHAR',
      'The experiment it was built on; null for a baseline, and for work of the plan’s own.',
    ],
    baseline: [
      'VARCHAR',
      'The baseline it is measured against; its own id for a baseline, and for work of the plan’s own.',
    ],
    reapplies: [
      'VARCHAR',
      'The experiment whose change this is, put on a newer incumbent; null where it is new.',
    ],
    left_out: [
      'VARCHAR',
      'Of dawn: this is the confirmed stack without that change; null for all others.',
    ],
    commit: ['VARCHAR', 'The commit that its runs execute; null until its branch stands.'],
    branch: ['VARCHAR', 'Its branch; null until it stands.'],
    status: [
      'VARCHAR',
      'preparing, prepared, running, finished (runs ended, not judged), judged, or failed (no branch).',
    ],
    verdict: [
      'VARCHAR',
      'improved, promising, worse, no_difference, inconclusive, failed, pruned, invalid; null until judged.',
    ],
    verdict_because: ['VARCHAR', 'The evidence in one sentence.'],
    rule: ['VARCHAR', 'Version of the rule that gave the verdict.'],
    chance: [
      'DOUBLE',
      'What the search believed: the probability that it is better than its parent. It moves the search and claims nothing.',
    ],
    confidence: [
      'VARCHAR',
      'How much weight the verdict bears: high, medium, low; null where it rests on no comparison.',
    ],
    confidence_because: ['VARCHAR', 'Why.'],
    borderline: ['BOOLEAN', 'Whether it was a near thing that a human should review.'],
    objective: ['DOUBLE', 'Mean of the objective over finished runs of distinct seeds.'],
    spread: ['DOUBLE', 'Sample standard deviation over those runs; null below two.'],
    n: ['BIGINT', 'How many those runs are.'],
    tier: [
      'VARCHAR',
      'The lowest tier of the runs that the verdict rests on: self_reported (the script says so), checked (the evaluator of base measured it), verified (a scorer of base did, by predictions alone); null where nothing was measured.',
    ],
    effect: ['DOUBLE', "Objective minus the baseline's, sign as measured."],
    interval: ['DOUBLE[]', '[low, high] of effect, 95 %; null where the runs cannot say.'],
    interval_low: ['DOUBLE', 'Its lower end.'],
    interval_high: ['DOUBLE', 'Its upper end.'],
    effect_on_parent: ['DOUBLE', "Objective minus the parent's."],
    parent_interval_low: ['DOUBLE', 'Lower end of the 95 % interval of effect_on_parent.'],
    parent_interval_high: ['DOUBLE', 'Its upper end.'],
    stack: ['VARCHAR', 'The tip of the confirmed stack that it is a member of.'],
    attribution_effect: [
      'DOUBLE',
      'The confirmed stack minus the stack without this change, on fresh seeds; null where dawn did not ask.',
    ],
    attribution_low: ['DOUBLE', 'Lower end of the 95 % interval of attribution_effect.'],
    attribution_high: ['DOUBLE', 'Its upper end.'],
    attribution_n: ['BIGINT', 'Fresh seeds of each arm that it rests on.'],
    attribution_p: ['DOUBLE', "Its p, adjusted by Holm over the stack's changes."],
    attributed: ['BOOLEAN', 'Whether the gain may be claimed of this change.'],
    limits: [
      'JSON',
      'Constraints and success criteria, each with status (met, borderline, not_met, not_measured), mean, 95 % interval and n; null in records before they were kept.',
    ],
    dawn_confirmed: [
      'BOOLEAN',
      'Whether fresh seeds confirmed it; null where dawn did not test it.',
    ],
    dawn_test: ['VARCHAR', 'welch (means compared) or paired (compared seed by seed).'],
    dawn_n: ['BIGINT', 'Fresh seeds that finished.'],
    dawn_n_baseline: ['BIGINT', 'The same of the baseline.'],
    dawn_objective: ['DOUBLE', 'Mean objective over the fresh seeds.'],
    dawn_baseline: ['DOUBLE', 'The same of the baseline.'],
    dawn_effect: ['DOUBLE', "Objective minus the baseline's on fresh seeds alone."],
    dawn_low: ['DOUBLE', 'Lower end of the 95 % interval of dawn_effect.'],
    dawn_high: ['DOUBLE', 'Its upper end.'],
    dawn_values: [
      'DOUBLE[]',
      'Its value of every fresh seed; null in records before they were kept.',
    ],
    failure_class: ['VARCHAR', 'Why its change could not be made into a branch: idea, invalid, …'],
    failure: ['VARCHAR', 'The same in a line for people.'],
    repairs: [
      'JSON',
      'Crashes of a written patch that another one answered: `[{number, run, attempt, failure_class, failure, commit, diff, by, changes}]`, where commit and diff are what crashed, by and changes of who repaired it; null: none.',
    ],
    unrepaired: ['VARCHAR', 'Why the last crash was not repaired; null where nobody gave up.'],
    tags: ['VARCHAR[]', 'Its tags.'],
    flags: ['VARCHAR[]', 'Labels of its flags.'],
    opened: ['TIMESTAMP', 'When it was opened, UTC.'],
    promoted: ['TIMESTAMP', 'When it was brought to base, UTC; null where it was not.'],
    planned: [
      'VARCHAR',
      'Of work of the plan’s own: its name, `parent/child` for a sub-experiment; null for all others, like the columns behind it.',
    ],
    outcome: [
      'VARCHAR',
      'met, borderline or not_met by its criteria; finished where it has none; failed; null until it ran.',
    ],
    outcome_because: ['VARCHAR', 'Why, in one sentence.'],
    definition: [
      'VARCHAR',
      'What is run and asked of it: equal texts on one commit are not repeated.',
    ],
    notes_file: ['VARCHAR', 'The file that its `plan` names.'],
    notes: ['VARCHAR', 'Its text, as it was when the night began.'],
  },
  example:
    "SELECT id, title, verdict, objective, effect, interval FROM experiments WHERE verdict IN ('improved', 'promising') ORDER BY effect",
  journal: {
    subject: 'id',
    subjects: ({ state }) => state.experiments.keys(),
    rows: ({ state }, id) =>
      state.experiments.has(id as ExperimentId)
        ? [experimentRecord(state, id as ExperimentId)]
        : [],
  },
});
