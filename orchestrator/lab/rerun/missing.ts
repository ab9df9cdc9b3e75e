import { access, constants, lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { held } from '../../../workers/compare-environment.ts';
import { gpusFor, type Machine } from '../../../workers/local.ts';
import { splitCommand } from '../../domain/command.ts';
import { tidyPath } from '../../domain/editable.ts';
import { experimentOf } from '../../domain/ids.ts';
import { overlap } from '../../domain/labels.ts';
import type { Plan } from '../../domain/plan.ts';
import type { Lab } from '../lab.ts';
import { missingProgram } from '../program.ts';
import type { Target } from './target.ts';

/** Something that the run had and that is not here, with what to do. */
export interface Missing {
  readonly kind: 'commit' | 'link' | 'program' | 'variable' | 'gpu';
  readonly name: string;
  readonly message: string;
  /** Without it there is nothing to run; else the rerun goes without it, and says so. */
  readonly needed: boolean;
}

/** Everything that is missing, so that it can be brought at once. */
export async function missingFor(
  lab: Lab,
  target: Target,
  machine: Machine,
  user: Readonly<Record<string, string | undefined>>,
): Promise<readonly Missing[]> {
  const commits = await missingCommits(lab, target);
  const links = await missingLinks(lab, target);
  return [
    ...commits,
    ...links,
    // What the commit holds and what is linked may be the program's place.
    ...(commits.length + links.length > 0 ? [] : await missingPrograms(lab, target, user['PATH'])),
    ...missingVariables(target, user),
    ...missingGpus(target, machine),
  ];
}

async function missingCommits({ repository }: Lab, { order }: Target): Promise<Missing[]> {
  const { run, commit, base } = order;
  const there = (id: string) =>
    repository.listFiles(id).then(
      () => true,
      () => false,
    );
  const experiment = experimentOf(run);
  const fetching = `git fetch CLONE autolab/${experiment}, where CLONE is the path or URL of the clone that ran it`;
  if (!(await there(commit))) {
    const message =
      `commit ${commit.slice(0, 10)}, which ${run} ran, is not in this repository: ${fetching}. ` +
      `Where that branch is gone, experiments/${experiment}/change.diff still shows the change`;
    return [{ kind: 'commit', name: commit, message, needed: true }];
  }
  if (await there(base)) return [];
  const message = `commit ${base.slice(0, 10)}, the base of ${run}, is not in this repository (a shallow clone?): git fetch --unshallow, or ${fetching}`;
  return [{ kind: 'commit', name: base, message, needed: true }];
}

async function missingLinks(lab: Lab, target: Target): Promise<Missing[]> {
  const { root } = lab;
  const { order, manifest } = target;
  const missing = await missingLabels(lab, target);
  for (const path of order.plan.workspace.link) {
    const found = await lstat(join(root, path)).catch(() => null);
    if (found !== null) continue;
    const data = manifest?.data.find((each) => each.path === path);
    const what = data === undefined ? '' : ` It held ${held(data)}.`;
    const message = `${path} is linked into the worktree (workspace.link), git does not hold it, and it is not in ${root}: bring it there.${what}`;
    missing.push({ kind: 'link', name: path, message, needed: true });
  }
  return missing;
}

/** Those that git does not hold, at the run's base. */
async function missingLabels({ root, repository }: Lab, { order }: Target): Promise<Missing[]> {
  const { score } = order.plan;
  if (score === undefined) return [];
  const files = await repository.listFiles(order.base).catch(() => []);
  const missing: Missing[] = [];
  for (const path of score.labels.map(tidyPath)) {
    const there = files.some((file) => overlap(file, path));
    if (there || (await lstat(join(root, path)).catch(() => null))) continue;
    const message = `${path} holds the labels that the run was scored by (score.labels), git does not hold it, and it is not in ${root}: bring it there`;
    missing.push({ kind: 'link', name: path, message, needed: true });
  }
  return missing;
}

async function missingPrograms(
  lab: Lab,
  { order }: Target,
  path: string | undefined,
): Promise<Missing[]> {
  const { plan, command, commit } = order;
  const { setup } = plan.run;
  const commands = [
    { line: command.command, after: setup },
    ...(setup === undefined ? [] : [{ line: setup, after: undefined }]),
  ];
  const missing: Missing[] = [];
  for (const { line, after } of commands) {
    const run: Plan['run'] = { ...plan.run, command: line, setup: after };
    const asked = {
      ...{ plan: { ...plan, run }, base: { branch: null, commit } },
      ...{ text: '', remarks: [] },
    };
    const message = (await missingProgram(lab, asked, path)) ?? (await absentProgram(run));
    if (message === null) continue;
    const name = splitCommand(line)[0] ?? line;
    missing.push({ kind: 'program', name, message, needed: true });
  }
  return missing;
}

/** Another machine keeps its programs elsewhere. */
async function absentProgram({ command, shell }: Plan['run']): Promise<string | null> {
  const [program] = shell ? [] : splitCommand(command);
  if (program === undefined || !program.startsWith('/')) return null;
  return access(program, constants.X_OK).then(
    () => null,
    () => `expected the program ${program}, found none; what the run calls cannot be replaced`,
  );
}

const missingVariables = (
  { order }: Target,
  user: Readonly<Record<string, string | undefined>>,
): Missing[] =>
  order.plan.run.env_from
    .filter((name) => user[name] === undefined && order.command.env[name] === undefined)
    .map((name) => ({
      kind: 'variable',
      name,
      message: `the variable ${name} was passed on to the run (run.env_from) and is not set now; the rerun goes without it`,
      needed: false,
    }));

function missingGpus({ order, manifest }: Target, machine: Machine): Missing[] {
  const wanted = manifest?.gpus?.length ?? 0;
  if (wanted <= machine.gpus.length) return [];
  const kinds = manifest?.hardware.gpus.map((gpu) => gpu.name) ?? [];
  // `auto` is one where the machine has GPUs, and none where it has not.
  const needed = order.plan.compute.gpus_per_run !== 'auto';
  const had = `the run had ${wanted} GPU${wanted === 1 ? '' : 's'} (${[...new Set(kinds)].join(', ')})`;
  const message = needed
    ? `${had}, as compute.gpus_per_run asks, and this machine shows ${machine.gpus.length}: rerun it on one that has them`
    : `${had}, and this machine shows ${machine.gpus.length || 'none'}; the rerun goes without`;
  return [{ kind: 'gpu', name: kinds[0] ?? 'GPU', message, needed }];
}

/** The devices that the run had where they are there, else as many; see RunOrder. */
export function devicesFor(
  { order, manifest }: Target,
  machine: Machine,
): readonly number[] | null {
  if (machine.gpus.length === 0) return null;
  if (manifest === null) return gpusFor(1, order.plan, machine);
  const had = manifest.gpus ?? [];
  const here = machine.gpus.map((gpu) => gpu.index);
  return had.every((index) => here.includes(index)) ? had : here.slice(0, had.length);
}
