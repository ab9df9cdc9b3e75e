import type { PlannerBrief, ReporterBrief, ResearcherBrief, WorkerBrief } from './domain/brief.ts';
import type { Experiment } from './domain/experiment.ts';
import { changeInWords } from './domain/hypothesis.ts';
import type { ExperimentId } from './domain/ids.ts';
import type { Planned } from './domain/planned.ts';
import type { Command } from './domain/ports.ts';
import type { Run } from './domain/run.ts';
import { currentNight, experimentIn, type Night, type State } from './domain/state.ts';
import { dawnCommand, dawnPlanOf } from './domain/variant.ts';
import type { Work } from './actions.ts';
import { closedIn, isFreeAgain } from './closed.ts';
import { hypothesesOf, labBrief, planToTell } from './lab-brief.ts';
import { predictionRecord } from './domain/predictions.ts';
import { pruneOrder } from './pruning.ts';
import { baselinesOf, besides, memoryOf, settingsAt, trialsOf } from './memory.ts';
import { uncompared, written } from './in-words.ts';
import { repairBrief, writeBrief } from './writing-briefs.ts';

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
      return researcherBrief(state, night, work);
    case 'invent':
      return researcherBrief(state, night, { ...work, wanted: work.ideas });
    case 'plan':
      return { ...plannerBrief(state, night, work.round), by_rules: true };
    case 'compare':
      return comparisonBrief(state, night, work.round);
    case 'write':
      return writeBrief(state, night, work);
    case 'repair':
      return repairBrief(state, night, work);
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
  {
    round,
    wanted,
    ideas = 0,
  }: { readonly round: number; readonly wanted: number; readonly ideas?: number },
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
      .map(({ title, change, idea, parent, source }) => ({
        ...{ title, parent, source },
        // What was said in words is known again by its words.
        change: idea === undefined ? change : { kind: 'idea', text: idea },
      })),
    memory: trialsOf(state, night),
    baselines: baselinesOf(state, night),
    closed: closedIn(state, night),
    ideas,
    lab: labBrief(state, night),
    record: predictionRecord(state),
  };
}

function plannerBrief(state: State, night: Night, round: number): PlannerBrief {
  const incumbent = incumbentOf(night);
  return {
    night: night.id,
    round,
    incumbent,
    settings: settingsAt(state, night, incumbent),
    waiting: hypothesesOf(state, night.waiting),
    proposed: hypothesesOf(state, written(state, night)),
    memory: memoryOf(state, night),
    besides: besides(state, night, incumbent),
    closed: closedIn(state, night),
    lab: { ...labBrief(state, night), plan: planToTell(night) },
  };
}

/** New patches, against all that passed before them. */
function comparisonBrief(state: State, night: Night, round: number): PlannerBrief {
  return {
    ...plannerBrief(state, night, round),
    waiting: hypothesesOf(state, [...night.waiting, ...written(state, night)]),
    proposed: hypothesesOf(state, uncompared(state, night)),
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
      message: commitMessage(state, experiment),
      branch: branchOf(experiment.id, around),
      ...replacing(experiment),
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
      ...(run.repaired_after === run.attempt - 1 ? { repaired: true } : {}),
      ...(isFirstOfWritten(state, run, experiment) ? { smoke: true } : {}),
      // The baseline's repeats show how the machine is: they are run as everything is.
      ...(run.purpose === 'repeat' && experiment.parent !== null ? { anew: true } : {}),
    },
  };
}

/** Nobody has seen yet whether a patch that was written tonight runs at all. */
const isFirstOfWritten = (state: State, { id }: Run, { hypothesis, runs, reapplies }: Experiment) =>
  runs[0] === id &&
  !reapplies &&
  hypothesis !== null &&
  state.hypotheses.get(hypothesis)?.written !== undefined;

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

/** A repaired patch takes the place of the one that crashed. */
const replacing = ({ repairs = [] }: Experiment) => {
  const last = repairs.at(-1);
  return last ? { replaces: last.before.commit } : {};
};

function commitMessage(state: State, experiment: Experiment): string {
  const { id, title, because, source, parent, change, hypothesis, repairs = [] } = experiment;
  const { idea, written } = (hypothesis && state.hypotheses.get(hypothesis)) || {};
  const author = repairs.at(-1)?.by ?? written?.by;
  return [
    `${id}: ${title}`,
    '',
    because,
    '',
    `Change: ${idea?.trim() || changeInWords(change)}`,
    ...(author === undefined ? [] : [`Written by: ${author}`]),
    ...(repairs.length === 0 ? [] : [`Repairs: ${repairs.length}`]),
    `Source: ${source}`,
    `Parent: ${parent ?? 'base'}`,
    '',
  ].join('\n');
}
