import type {
  Memory,
  PlannerBrief,
  ReporterBrief,
  ResearcherBrief,
  WorkerBrief,
} from './domain/brief.ts';
import type { Experiment } from './domain/experiment.ts';
import { changeInWords } from './domain/hypothesis.ts';
import type { ExperimentId, HypothesisId } from './domain/ids.ts';
import { gainOf } from './domain/plan.ts';
import type { Command } from './domain/ports.ts';
import { ancestors, currentNight, experimentIn, type Night, type State } from './domain/state.ts';
import type { Work } from './actions.ts';
import { moderationOf } from './race.ts';
import { failedRun } from './replicate.ts';
import { PROMISING_SEEDS } from './statistics/verdict.ts';

/** What a role is told of the state for one piece of work. Pure, and plain data. */

export interface Surroundings {
  /** `autolab`, or what stands in for it: branches are `<prefix>/E-0007`. */
  readonly branch_prefix: string;
  /** Devices of a slot, as RunOrder wants them. */
  readonly gpus: (slot: number) => readonly number[] | null;
}

export const branchOf = (id: ExperimentId, { branch_prefix }: Surroundings): string =>
  `${branch_prefix}/${id}`;

export type Brief = ResearcherBrief | PlannerBrief | WorkerBrief | ReporterBrief;

export function briefFor(state: State, work: Work, around: Surroundings): Brief {
  const night = currentNight(state);
  switch (work.kind) {
    case 'propose':
      return researcherBrief(state, night, work.round, work.wanted);
    case 'plan':
      return plannerBrief(state, night, work.round);
    case 'prepare':
      return prepareBrief(state, night, experimentIn(state, work.experiment), around);
    case 'run':
      return runBrief(state, night, work, around);
    case 'summarise':
      return { task: 'summarise', run: work.run };
    case 'report':
      return { task: 'report', night: work.night };
  }
}

function researcherBrief(
  state: State,
  night: Night,
  round: number,
  wanted: number,
): ResearcherBrief {
  const incumbent = incumbentOf(night);
  return {
    night: night.id,
    round,
    wanted,
    objective: night.plan.objective,
    search_space: night.plan.search_space,
    incumbent,
    settings: settingsAt(state, night, incumbent),
    own: night.proposals,
    proposed: [...state.hypotheses.values()]
      .filter((hypothesis) => hypothesis.night === night.id)
      .map(({ title, change, parent, source }) => ({ title, change, parent, source })),
    memory: memoryOf(state, night),
  };
}

function plannerBrief(state: State, night: Night, round: number): PlannerBrief {
  const incumbent = incumbentOf(night);
  const known = (ids: readonly HypothesisId[]) =>
    ids.flatMap((id) => {
      const record = state.hypotheses.get(id);
      if (!record) return [];
      const { status: _, rejected_because: __, experiment: ___, ...hypothesis } = record;
      return [hypothesis];
    });
  return {
    night: night.id,
    round,
    incumbent,
    settings: settingsAt(state, night, incumbent),
    waiting: known(night.waiting),
    proposed: known(night.proposed),
    memory: memoryOf(state, night),
  };
}

function prepareBrief(
  state: State,
  night: Night,
  experiment: Experiment,
  around: Surroundings,
): WorkerBrief {
  const parent = experiment.parent === null ? null : experimentIn(state, experiment.parent);
  return {
    task: 'prepare',
    order: {
      experiment: experiment.id,
      parent: parent?.commit ?? night.base.commit,
      base: night.base.commit,
      parent_command: parent?.command ?? plannedCommand(night),
      change: experiment.change,
      message: commitMessage(experiment),
      branch: branchOf(experiment.id, around),
      plan: night.plan,
    },
  };
}

function runBrief(
  state: State,
  night: Night,
  work: Work & { kind: 'run' },
  around: Surroundings,
): WorkerBrief {
  const run = state.runs.get(work.run);
  if (!run) throw new Error(`the journal knows no ${work.run}`);
  const experiment = experimentIn(state, run.experiment);
  if (experiment.commit === null) throw new Error(`${experiment.id} has no commit to run`);
  return {
    task: 'run',
    order: {
      run: run.id,
      attempt: run.attempt,
      seed: run.seed,
      slot: run.slot,
      commit: experiment.commit,
      base: night.base.commit,
      command: experiment.command ?? plannedCommand(night),
      plan: night.plan,
      knobs: settingsAt(state, night, experiment.id),
      gpus: around.gpus(run.slot),
    },
  };
}

const plannedCommand = ({ plan }: Night): Command => ({
  command: plan.run.command,
  env: plan.run.env,
});

function incumbentOf(night: Night): ExperimentId {
  if (night.incumbent === null) throw new Error('the baseline is not open yet');
  return night.incumbent;
}

/** What every knob is set to in an experiment: base's settings under the changes since. */
function settingsAt(state: State, night: Night, id: ExperimentId): Record<string, string> {
  const settings = { ...night.settings };
  for (const at of [id, ...ancestors(state, id)].toReversed()) {
    const { change, settings: read } = experimentIn(state, at);
    if (read) Object.assign(settings, read);
    else if (change.kind === 'knobs') Object.assign(settings, change.values);
  }
  return settings;
}

/** Every change this lab has tried for this objective, and what it gained in noise units. */
function memoryOf(state: State, night: Night): Memory[] {
  const { plan } = night;
  const noise = new Map<ExperimentId, number | null>();
  const deviation = (baseline: ExperimentId): number | null => {
    const known = noise.get(baseline);
    if (known !== undefined) return known;
    const moderation = moderationOf(state, baseline);
    const found = moderation && Math.sqrt(moderation.typical.variance);
    noise.set(baseline, found);
    return found;
  };
  const sameObjective = (experiment: Experiment): boolean => {
    const then = state.nights.get(experiment.night)?.plan.objective;
    return then?.metric === plan.objective.metric && then.direction === plan.objective.direction;
  };
  return [...state.experiments.values()].flatMap((experiment) => {
    const { id, change, parent, baseline, judgement } = experiment;
    if (parent === null || !sameObjective(experiment)) return [];
    if (unknown(state, night, experiment)) return [];
    const effect = judgement?.on_parent?.effect ?? null;
    const unit = deviation(baseline);
    const gain = effect === null || !unit ? null : gainOf(plan.objective, effect) / unit;
    return [{ experiment: id, change, parent, verdict: judgement?.verdict ?? null, gain }];
  });
}

/**
 * Not known yet, and free to be tried: a change that never ran, for lack of budget or because of
 * the machine; one that a cut-off night left without a verdict; one that looked better when no
 * run was left to replicate it.
 */
function unknown(state: State, night: Night, experiment: Experiment): boolean {
  const { id, failure, judgement, runs } = experiment;
  if (judgement === null) return !night.active.includes(id);
  if (runs.length === 0 && failure === null) return true;
  if ((failure ?? failedRun(state, id)?.result?.failure)?.class === 'infrastructure') return true;
  const gain = judgement.on_parent && gainOf(night.plan.objective, judgement.on_parent.effect);
  const unfinished = judgement.verdict === 'inconclusive' && judgement.n < PROMISING_SEEDS;
  return unfinished && gain !== null && gain > (night.plan.objective.min_effect ?? 0);
}

function commitMessage({ id, title, because, source, parent, change }: Experiment): string {
  return [
    `${id}: ${title}`,
    '',
    because,
    '',
    `Change: ${changeInWords(change)}`,
    `Source: ${source}`,
    `Parent: ${parent ?? 'base'}`,
    '',
  ].join('\n');
}
