import { lstat, readdir, rm } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import type { Experiment } from '../domain/experiment.ts';
import { LabError } from '../domain/errors.ts';
import { isExperimentId } from '../domain/ids.ts';
import { attemptDir } from '../domain/layout.ts';
import { ancestors, runsOf, type State } from '../domain/state.ts';
import { holderOf } from '../../notebook/lock.ts';
import type { Lab } from './lab.ts';
import { leftovers } from './leftovers.ts';
import { rerunFolders } from './rerun/owner.ts';
import { isRerunning } from './rerun/slot.ts';

/**
 * What old nights hold and nobody needs: worktrees, logs and artifacts of runs, reruns, what coding agents left, branches of
 * what came to nothing (their change.diff stays); and what was left by processes that were killed.
 * Never a record: results, metrics, verdicts remain.
 */

export interface Waste {
  readonly kind: 'worktree' | 'log' | 'artifacts' | 'rerun' | 'coding' | 'temporary' | 'branch';
  /** A path, or the name of a branch. */
  readonly what: string;
  readonly bytes: number;
}

/** Everything that may go. The last night and what others build on stay whole. */
export async function waste(lab: Lab, state: State): Promise<readonly Waste[]> {
  const keep = wanted(state);
  const old = [...state.experiments.values()].filter(({ id }) => !keep.has(id));
  const all = await entries(join(lab.cacheDir, 'worktrees'));
  const worktrees = all.filter((worktree) => !isRerunning(worktree));
  const found = [
    ...(await Promise.all(worktrees.map((what) => sized('worktree', what)))),
    ...(await Promise.all(old.flatMap((experiment) => filesOf(lab, state, experiment)))),
    ...(await Promise.all((await rerunsOf(lab, state, keep)).map((what) => sized('rerun', what)))),
    ...(await Promise.all((await codingOf(lab, state)).map((what) => sized('coding', what)))),
    ...(await Promise.all((await leftovers()).map((what) => sized('temporary', what)))),
  ].filter((entry) => entry.bytes > 0);
  const branches = new Set((await lab.repository.branches()).map(({ branch }) => branch));
  const dead = old.filter(({ branch }) => branch !== null && branches.has(branch));
  return [
    ...found,
    ...dead.map(({ branch }) => ({ kind: 'branch' as const, what: branch ?? '', bytes: 0 })),
  ];
}

/** Removes it. Throws LabError busy while a night runs. */
export async function collect(lab: Lab, found: readonly Waste[]): Promise<void> {
  const holder = await holderOf(lab.notebookDir);
  if (holder)
    throw new LabError(
      'busy',
      `a night is running (pid ${holder.pid}): it may need what would be removed`,
    );
  for (const { kind, what } of found) {
    if (kind === 'branch') await lab.repository.deleteBranch(what);
    else if (kind === 'worktree') await lab.repository.removeWorktree(what);
    else await discard(lab, kind, what);
  }
}

async function discard({ repository }: Lab, kind: Waste['kind'], what: string): Promise<void> {
  // The worktree of an agent that was killed, whose .git may be the agent's own by now.
  if (kind === 'coding') await repository.removeWorktree(join(what, 'work')).catch(() => undefined);
  await rm(what, { recursive: true, force: true });
}

/** The last night's experiments, everything that looked good, and what those stand on. */
function wanted(state: State): ReadonlySet<string> {
  const good = (experiment: Experiment) =>
    experiment.night === state.night ||
    experiment.parent === null ||
    experiment.judgement?.verdict === 'improved' ||
    experiment.judgement?.verdict === 'promising';
  const kept = [...state.experiments.values()].filter(good).map(({ id }) => id);
  return new Set(kept.flatMap((id) => [id, ...ancestors(state, id)]));
}

function filesOf(lab: Lab, state: State, experiment: Experiment): Promise<Waste>[] {
  return runsOf(state, experiment.id).flatMap((run) =>
    Array.from({ length: run.attempt }, (_, i) =>
      join(lab.root, attemptDir(run.id, i + 1)),
    ).flatMap((folder) => [
      sized('log', join(folder, 'run.log')),
      sized('artifacts', join(folder, 'artifacts')),
      sized('artifacts', join(folder, 'score')),
    ]),
  );
}

/** Those that were cut off, and of old experiments those whose outcome the notebook has. */
async function rerunsOf(
  { root, experimentsDir }: Lab,
  state: State,
  keep: ReadonlySet<string>,
): Promise<readonly string[]> {
  // A record names the attempt's folder, which lies deep in the rerun's.
  const told = state.reruns.flatMap(({ folder }) => folder ?? []);
  const folders = (await entries(experimentsDir)).filter((path) => isExperimentId(basename(path)));
  const found = await Promise.all(
    folders.map(async (path) =>
      (await rerunFolders(path)).filter(({ folder, progress }) =>
        progress === 'over'
          ? !keep.has(basename(path)) &&
            told.some((each) => each.startsWith(`${relative(root, folder)}/`))
          : progress === 'cut_off',
      ),
    ),
  );
  return found.flat().map(({ folder }) => folder);
}

/** Where coding agents worked, and their answers; the last night may go on, and ask for those again. */
async function codingOf({ cacheDir }: Lab, state: State): Promise<readonly string[]> {
  const recent = [...state.hypotheses.values(), ...state.experiments.values()]
    .filter(({ night }) => night === state.night)
    .map(({ id }) => id as string);
  const needed = new Set(recent);
  return (await entries(join(cacheDir, 'coding'))).filter((folder) => {
    const [, id] = basename(folder).split(/^(?:write|repair)-([EH]-\d+)/);
    return id === undefined || !needed.has(id);
  });
}

const entries = async (folder: string): Promise<string[]> =>
  (await readdir(folder).catch(() => [])).map((name) => join(folder, name));

async function sized(kind: Waste['kind'], what: string): Promise<Waste> {
  return { kind, what, bytes: await bytesIn(what) };
}

/** Links are counted as links and never followed. */
async function bytesIn(path: string): Promise<number> {
  const found = await lstat(path).catch(() => null);
  if (found === null) return 0;
  if (!found.isDirectory()) return found.size;
  const sizes = await Promise.all((await entries(path)).map(bytesIn));
  return sizes.reduce((sum, size) => sum + size, found.size);
}
