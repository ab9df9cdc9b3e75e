import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Change, Proposal } from '../domain/hypothesis.ts';
import { isExperimentId, numberOf } from '../domain/ids.ts';
import { PLAN_FILE } from '../domain/layout.ts';
import type { OwnHypothesis, Plan } from '../domain/plan.ts';
import { plannedWork } from '../domain/planned-work.ts';
import { experimentIn, type State } from '../domain/state.ts';
import { knobSettings } from '../knobs/knobs.ts';
import type { Found } from '../opening.ts';
import type { Machine } from '../../workers/local.ts';
import type { Lab, LabPlan } from './lab.ts';

/** What a launch finds when it looks at plan, repository, data and machine. */

/** What `launch` would do, without doing it. */
export interface Prospect {
  readonly plan: Plan;
  readonly slots: number;
  /** Hardware and toolchain, in words. */
  readonly machine: string;
  readonly dirty: readonly string[];
}

/** What stands in the way of nothing and is still worth knowing. */
export async function prospect(lab: Lab, { plan }: LabPlan, here: Machine): Promise<Prospect> {
  const { machineInWords, slotsFor } = await import('../../workers/local.ts');
  const dirty = await lab.repository.dirtyPaths();
  return { plan, slots: slotsFor(plan, here), machine: machineInWords(here), dirty };
}

export async function look(
  lab: Lab,
  labPlan: LabPlan,
  state: State,
  here: Machine,
): Promise<Found> {
  const { plan, text, base, remarks } = labPlan;
  const { repository, root } = lab;
  const { dataIdentity, environmentOf } = await import('../../workers/local.ts');
  const { slots, machine, dirty } = await prospect(lab, labPlan, here);
  const data = await Promise.all(
    plan.workspace.link.map((path) => dataIdentity(root, path, lab.cacheDir)),
  );
  return {
    ...{ plan, plan_text: text, base, slots, machine, data },
    environment: environmentOf(here, data, plan, process.env),
    settings: await settingsAt(lab, plan, base.commit),
    own: await ownProposals(plan, root),
    notes: await notesOf(plan, root),
    diffOf: async (id) => {
      const experiment = experimentIn(state, id);
      const from = experimentIn(state, experiment.baseline).commit;
      if (from === null || experiment.commit === null) return '';
      // Its commit may be gone: the branch was deleted, and git collected it.
      return repository.diff(from, experiment.commit).catch(() => '');
    },
    highest_number: Math.max(await repository.highestExperiment(), await highestFolder(lab)),
    remarks: [...remarks, ...dirtyRemark(dirty)],
  };
}

/** Every knob's value at a commit. Throws LabError plan where one cannot be read. */
export async function settingsAt({ repository }: Lab, plan: Plan, commit: string) {
  const read = (path: string) => repository.readFile(commit, path);
  return knobSettings(plan, await read(PLAN_FILE), read);
}

/** Folders of experiments outlive a deleted notebook: no new experiment writes into an old one's. */
async function highestFolder({ experimentsDir }: Lab): Promise<number> {
  const names: string[] = await readdir(experimentsDir).catch(() => []);
  return Math.max(-1, ...names.filter(isExperimentId).map((id) => numberOf(id)));
}

/** A night builds on commits: what is not committed is not in it, and is not touched either. */
const dirtyRemark = (all: readonly string[]): string[] => {
  const dirty = all.filter((path) => path !== PLAN_FILE);
  const plan =
    all.length > dirty.length ? [`${PLAN_FILE} is not committed; it is used as it is`] : [];
  if (dirty.length === 0) return plan;
  const some = dirty.slice(0, 5).join(', ') + (dirty.length > 5 ? ', …' : '');
  return [...plan, `uncommitted changes are left alone and take no part in the night: ${some}`];
};

/** The notes of the plan's `experiments`, as they lie in the checkout. */
async function notesOf(plan: Plan, root: string): Promise<Readonly<Record<string, string>>> {
  const files = new Set(plannedWork(plan).flatMap(({ experiment }) => experiment.plan ?? []));
  return Object.fromEntries(
    await Promise.all(
      [...files].map(async (file) => [file, await readFile(join(root, file), 'utf8')] as const),
    ),
  );
}

async function ownChange({ change, patch, idea }: OwnHypothesis, root: string): Promise<Change> {
  if (idea !== undefined) return { kind: 'idea', text: idea };
  if (patch === undefined) return { kind: 'knobs', values: change ?? {} };
  return { kind: 'patch', file: patch, diff: await readFile(join(root, patch), 'utf8') };
}

/** The plan’s own hypotheses, their patches read. */
export async function ownProposals(plan: Plan, root: string): Promise<Proposal[]> {
  return Promise.all(
    plan.hypotheses.map(async (own): Promise<Proposal> => ({
      title: own.title,
      because: own.because ?? 'you asked for it',
      source: 'yours',
      line: own.line ?? Object.keys(own.change ?? {})[0] ?? (own.idea ? 'idea' : 'patch'),
      change: await ownChange(own, root),
      success_criteria: own.success_criteria ?? [],
    })),
  );
}
