import type { RepairBrief, WriteBrief } from './domain/brief.ts';
import { experimentIn, type Night, type State } from './domain/state.ts';
import type { Work } from './actions.ts';
import { hypothesesOf, planToTell, remembered } from './lab-brief.ts';
import { settingsAt } from './memory.ts';
import { mostRepairs } from './domain/plan-writing.ts';

/** What who writes patches is told. Pure, and the same for the same hypothesis or crash. */

export function writeBrief(
  state: State,
  night: Night,
  { hypothesis: id }: Work & { kind: 'write' },
): WriteBrief {
  const [proposed] = hypothesesOf(state, [id]);
  if (!proposed) throw new Error(`the journal knows no ${id}`);
  // Whatever it was thought up for, it would be tried on what the search builds on now.
  const parent = night.incumbent ?? proposed.parent;
  const hypothesis = { ...proposed, parent };
  return {
    task: 'write',
    hypothesis,
    order: {
      parent: experimentIn(state, parent).commit ?? night.base.commit,
      base: night.base.commit,
      plan: planToTell(night),
      settings: settingsAt(state, night, parent),
      remembered: remembered(state),
    },
  };
}

export function repairBrief(
  state: State,
  night: Night,
  { experiment: id, run: of, attempt, number }: Work & { kind: 'repair' },
): RepairBrief {
  const experiment = experimentIn(state, id);
  const { change, parent, baseline, repairs = [] } = experiment;
  const [hypothesis] = hypothesesOf(state, experiment.hypothesis ? [experiment.hypothesis] : []);
  const failure = state.runs.get(of)?.result?.failure;
  if (!hypothesis || !failure || change.kind !== 'patch')
    throw new Error(`expected a crash of a patch at ${id}`);
  const patches = repairs.flatMap(({ before, ...repair }) =>
    before.change.kind === 'patch' ? [{ ...repair, diff: before.change.diff }] : [],
  );
  return {
    task: 'repair',
    hypothesis,
    order: {
      parent: experimentIn(state, parent ?? baseline).commit ?? night.base.commit,
      base: night.base.commit,
      plan: planToTell(night),
      settings: settingsAt(state, night, parent ?? baseline),
      ...{ experiment: id, run: of, attempt, number, failure },
      diff: change.diff,
      original: patches[0]?.diff ?? change.diff,
      most: mostRepairs(night.plan),
      earlier: patches.map((one, i) => ({
        diff: one.diff,
        failure: one.failure,
        account: (i === 0 ? hypothesis.written?.account : patches[i - 1]?.account) ?? {
          changes: [],
        },
      })),
    },
  };
}
