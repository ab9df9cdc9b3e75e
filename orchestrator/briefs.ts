import type { PlannerBrief, ReporterBrief, ResearcherBrief, WorkerBrief } from './domain/brief.ts';
import type { Experiment } from './domain/experiment.ts';
import { changeInWords } from './domain/hypothesis.ts';
import type { ExperimentId, HypothesisId } from './domain/ids.ts';
import type { Planned } from './domain/planned.ts';
import type { Command } from './domain/ports.ts';
import type { Run } from './domain/run.ts';
import { currentNight, experimentIn, type Night, type State } from './domain/state.ts';
import { dawnCommand, dawnPlanOf } from './domain/variant.ts';
import type { Work } from './actions.ts';
import { closedIn, isFreeAgain } from './closed.ts';
import { pruneOrder } from './pruning.ts';
import { baselinesOf, memoryOf, settingsAt, trialsOf } from './memory.ts';

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
    case 'hold_out':
      return holdOutBrief(state, night, work, around);
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
      .filter((hypothesis) => hypothesis.night === night.id && !isFreeAgain(state, hypothesis))
      .map(({ title, change, parent, source }) => ({ title, change, parent, source })),
    memory: trialsOf(state, night),
    baselines: baselinesOf(state, night),
    closed: closedIn(state, night),
  };
}

function plannerBrief(state: State, night: Night, round: number): PlannerBrief {
  const incumbent = incumbentOf(night);
  const known = (ids: readonly HypothesisId[]) =>
    ids.flatMap((id) => {
      const record = state.hypotheses.get(id);
      if (!record) return [];
      const { status: _, rejected_because: __, experiment: ___, ...rest } = record;
      const { proposed_at: ____, ...hypothesis } = rest;
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
    closed: closedIn(state, night),
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
  if (experiment.planned) return plannedBrief(night, run, experiment, experiment.planned, around);
  return {
    task: 'run',
    order: {
      run: run.id,
      attempt: run.attempt,
      seed: run.seed,
      slot: run.slot,
      commit: experiment.commit,
      base: night.base.commit,
      ...trainingOf(night, run, experiment.command ?? plannedCommand(night)),
      knobs: settingsAt(state, night, experiment.id),
      gpus: around.gpus(run.slot),
      prune: pruneOrder(state, night, run, experiment),
      // The baseline's repeats show how the machine is: they are run as everything is.
      ...(run.purpose === 'repeat' && experiment.parent !== null ? { anew: true } : {}),
    },
  };
}

/** Without a seed or an evaluator; what scores is known all the same, for the labels that it hides. */
function plannedBrief(
  night: Night,
  { id, attempt, slot }: Run,
  { command }: Experiment,
  { timeout }: Planned,
  around: Surroundings,
): WorkerBrief {
  const { seed: _, ...run } = night.plan.run;
  const { evaluate: __, ...plan } = night.plan;
  return {
    task: 'run',
    order: {
      ...{ run: id, attempt, seed: null, slot, knobs: {}, prune: null, plain: true },
      commit: night.base.commit,
      base: night.base.commit,
      command: command ?? plannedCommand(night),
      plan: { ...plan, run: { ...run, timeout } },
      gpus: around.gpus(slot),
    },
  };
}

/** By then nothing trains: the first slot is free. */
function holdOutBrief(
  state: State,
  night: Night,
  { run }: Work & { kind: 'hold_out' },
  around: Surroundings,
): WorkerBrief {
  const attempt = state.runs.get(run)?.attempt ?? 1;
  const work = { kind: 'run', id: '', role: 'worker', run, attempt } as const;
  const brief = runBrief(state, night, work, around);
  if (brief.task !== 'run') throw new Error(`expected the order of ${run}`);
  return { task: 'hold_out', order: { ...brief.order, slot: 1, gpus: around.gpus(1) } };
}

/** Dawn may train longer; what it is called with is all that the worker has to know. */
function trainingOf({ plan }: Night, { purpose, variant }: Run, command: Command) {
  if (purpose !== 'dawn' || plan.dawn === undefined) return { command, plan };
  const more = variant === undefined ? {} : { variant };
  return { command: dawnCommand(command, plan.dawn), plan: dawnPlanOf(plan), ...more };
}

const plannedCommand = ({ plan }: Night): Command => ({
  command: plan.run.command,
  env: plan.run.env,
});

function incumbentOf(night: Night): ExperimentId {
  if (night.incumbent === null) throw new Error('the baseline is not open yet');
  return night.incumbent;
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
