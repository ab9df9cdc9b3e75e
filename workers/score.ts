import { lstat, mkdir, rm } from 'node:fs/promises';
import { delimiter, extname, join } from 'node:path';
import { tidyPath } from '../orchestrator/domain/editable.ts';
import { labelsOf, showing } from '../orchestrator/domain/labels.ts';
import type { Failure } from '../orchestrator/domain/run.ts';
import { measuringWorktree, type Attempt } from './attempt.ts';
import { checkCopy, takePredictions } from './predictions.ts';
import { measureFromBase, pristineOf, type Measured } from './pristine.ts';
import { invalid } from './protect.ts';
import { labelFiles, removeFrom } from './stand.ts';

/**
 * The plan's scorer: measures a run by its predictions alone, with labels that no training saw. It
 * is told of a copy that AutoLab has read, and of the labels; of the worktree, the seed and the
 * run's own folder it is told nothing.
 *
 * No patch reaches it, and data cannot talk to it. What is left: labels that training reads where
 * they lie, in the user's checkout or in git's objects, where no sandbox shuts a run in; and a
 * scorer that runs what it should read.
 */

/** The copy of the run's predictions. */
const PREDICTIONS = 'AUTOLAB_PREDICTIONS';
/** The labels in the order of the plan, absolute, with the system's path delimiter between them. */
export const LABELS = 'AUTOLAB_LABELS';
/** What a scorer has of an attempt's folder. */
export const SCORE_FOLDER = 'score';

/**
 * Scores what a training that ended well left. A failure means that the scorer never ran. Null
 * where the plan has none.
 */
export async function score(attempt: Attempt): Promise<Measured | Failure | null> {
  const { plan } = attempt.order;
  if (plan.score === undefined) return null;
  const { command, timeout } = plan.score;
  const folder = join(attempt.folder, SCORE_FOLDER);
  // The run could write here, and may have put a link there.
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  const copy = join(folder, `predictions${extname(plan.score.predictions).toLowerCase()}`);
  const taken = await takePredictions(attempt.cwd, plan.score, copy);
  if ('class' in taken) return { ...taken, message: `score: ${taken.message}` };
  const measured = await withLabels(attempt, 'score', plan.score.labels, (pristine, labels) =>
    measureFromBase(
      // As of a first attempt: it is not told of the run's others either.
      { ...pristine, folder, order: { ...pristine.order, attempt: 1 } },
      {
        ...{ by: 'score', command, metric: plan.objective.metric },
        timeout_seconds: timeout ?? plan.run.timeout,
        variables: { [PREDICTIONS]: copy, [LABELS]: labels.join(delimiter) },
      },
    ),
  );
  if ('class' in measured || measured.failure?.class === 'invalid') return measured;
  const changed = await checkCopy(copy, taken);
  if (changed === null) return measured;
  return { ...measured, failure: { ...changed, message: `while score ran: ${changed.message}` } };
}

/**
 * Has a command measure in a checkout of base that has these labels; afterwards they are gone from
 * it. `work` gets the attempt as the command sees it, and the labels' absolute paths.
 */
export async function withLabels(
  attempt: Attempt,
  by: 'score' | 'holdout',
  given: readonly string[],
  work: (pristine: Attempt, labels: readonly string[]) => Promise<Measured | Failure>,
): Promise<Measured | Failure> {
  const { plan, base } = attempt.order;
  const { root, repository } = attempt.workshop;
  const tracked = await repository.listFiles(base);
  const paths = given.map(tidyPath);
  const linked = paths.filter(
    (path) => !tracked.some((file) => file === path || file.startsWith(`${path}/`)),
  );
  for (const path of linked) {
    if (await lstat(join(root, path)).catch(() => null)) continue;
    return invalid(`${by}.labels: expected ${path} in ${root}, found nothing there`);
  }
  const shown = showing(plan, paths);
  const { workspace } = shown;
  const seeing = { ...shown, workspace: { ...workspace, link: [...workspace.link, ...linked] } };
  const worktree = measuringWorktree(attempt.worktree, by);
  const command = plan[by]?.command ?? '';
  let left: readonly string[] = [];
  let outcome: Measured | Failure;
  try {
    outcome = await work(
      pristineOf(attempt, seeing, command, worktree),
      paths.map((path) => join(worktree, path)),
    );
  } finally {
    left = await removeFrom(worktree, labelFiles(labelsOf(plan), tracked));
  }
  // What stays, the next run's stand removes, or has that run fail.
  return left.length === 0 || 'class' in outcome ? outcome : { ...outcome, left };
}
