import { lstat, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { wordsOf } from '../domain/command.ts';
import { fromTop, isEditable, matchesGlob, tidyPath } from '../domain/editable.ts';
import { overlap } from '../domain/labels.ts';
import type { Plan } from '../domain/plan.ts';
import type { PlanChecking } from './check-context.ts';
import type { Problem } from './problems.ts';
import type { Positions } from './source.ts';

/** What measures a run besides its own script: the commands, the labels, and dawn's own training. */

const MEASURING = ['evaluate', 'score', 'holdout'] as const;
type MeasuringKey = (typeof MEASURING)[number];
const WORDS: Readonly<Record<MeasuringKey, string>> = {
  evaluate: 'an evaluator',
  score: 'a scorer',
  holdout: 'a command',
};

/** A remark for each file that such a command names and an experiment may change. */
export const measuringRemarks = (plan: Plan, positions: Positions): Problem[] =>
  MEASURING.flatMap((by) => {
    const within = filesOf(plan, by).find((file) => isEditable(plan, file));
    if (within === undefined) return [];
    const message = `expected ${WORDS[by]} that experiments may not change, found ${within}, which workspace.editable covers: base's own is run whatever they make of it, so take it out of editable`;
    return [{ ...positions([by, 'command']), message }];
  });

/** What of the command looks like a file in the repository, from its top. */
function filesOf(plan: Plan, by: MeasuringKey): readonly string[] {
  const { command } = plan[by] ?? {};
  if (command === undefined) return [];
  try {
    return wordsOf(command, plan.run.shell)
      .filter(({ value }) => /^[^-/].*\.\w+$/.test(value))
      .map(({ value }) => fromTop(plan, value));
  } catch {
    // A quote that is not closed is a problem of its own, see checkCommands.
    return [];
  }
}

export async function checkMeasuring(check: PlanChecking): Promise<void> {
  for (const by of MEASURING) await checkCommitted(check, by);
  for (const by of ['score', 'holdout'] as const) await checkLabels(check, by);
  checkPredictions(check);
  checkDawn(check);
}

/** It runs from a checkout of base: a file that was not committed is not there. */
async function checkCommitted(check: PlanChecking, by: MeasuringKey): Promise<void> {
  const { plan, files, repository, baseName, bad } = check;
  for (const file of filesOf(plan, by)) {
    if (files.includes(file)) continue;
    const there = await lstat(join(repository.root, file)).catch(() => null);
    if (there?.isFile() !== true) continue;
    const message = `expected ${file} on ${baseName}, found it in your checkout only: commit it first`;
    bad([by, 'command'], message);
  }
}

/** Labels that an experiment could change, or that every worktree is shown, are none. */
async function checkLabels(check: PlanChecking, by: 'score' | 'holdout'): Promise<void> {
  const { plan, files, repository, baseName, bad } = check;
  const paths = (plan[by]?.labels ?? []).map(tidyPath);
  for (const [i, path] of paths.entries()) {
    const again = paths.find(
      (other, j) => j !== i && (other === path ? j < i : path.startsWith(`${other}/`)),
    );
    const own = files.filter((file) => file === path || file.startsWith(`${path}/`));
    const open = [path, ...own].find(
      (file) =>
        isEditable(plan, file) ||
        plan.workspace.editable.some((glob) => matchesGlob(fromTop(plan, glob), file)),
    );
    const link = await linkAround(repository.root, plan, path);
    const there = own.length > 0 || (await lstat(join(repository.root, path)).catch(() => null));
    const fault =
      path === ''
        ? 'labels that are a part of the repository, found all of it'
        : open !== undefined
          ? `labels that no experiment may change, found ${open}, which workspace.editable covers`
          : again !== undefined
            ? `labels that lie apart, found ${path} in ${again}, which is named too: leave it out`
            : link !== null
              ? `labels that no worktree is shown, found them in what workspace.link brings into each: ${link}`
              : !there
                ? `files on ${baseName} or in your checkout, found none at ${path}`
                : null;
    if (fault !== null) bad([by, 'labels', i], `expected ${fault}`);
  }
}

/** The linked path that holds the labels or lies among them, by name or by where the two really are. */
async function linkAround(root: string, plan: Plan, path: string): Promise<string | null> {
  const real = (each: string) => realpath(join(root, each)).catch(() => null);
  const place = await real(path);
  for (const link of plan.workspace.link) {
    if (overlap(tidyPath(link), path)) return link;
    const other = await real(link);
    if (place !== null && other !== null && overlap(other, place)) return link;
  }
  return null;
}

/** What base or the user's own folders hold is nothing that a run has left. */
function checkPredictions({ plan, files, baseName, bad }: PlanChecking): void {
  if (plan.score === undefined) return;
  const path = fromTop(plan, plan.score.predictions);
  const link = plan.workspace.link.find((each) => overlap(tidyPath(each), path));
  const label = plan.score.labels.find((each) => overlap(tidyPath(each), path));
  const fault = files.includes(path)
    ? `a file that runs make, found ${path} in git on ${baseName}`
    : link !== undefined
      ? `a file of each run's own, found it in what every run shares: ${link}`
      : label !== undefined
        ? `a file apart from the labels, found it in ${label}`
        : null;
  if (fault !== null) bad(['score', 'predictions'], `expected ${fault}`);
}

/** A change that dawn's own command or variables undo would be confirmed without being there. */
function checkDawn(check: PlanChecking): void {
  const { dawn, search_space, run } = check.plan;
  if (dawn === undefined) return;
  const words = dawn.args === undefined ? [] : wordsIn(check, dawn.args);
  for (const [name, { arg, env }] of Object.entries(search_space)) {
    const undone = (what: string) => `expected dawn to leave the knob ${name} alone, found ${what}`;
    if (arg !== undefined && dawn.command !== undefined)
      check.bad(['dawn', 'command'], `${undone('another command')}: say args, which adds to it`);
    const flag = arg === undefined ? '' : (/^[^\s={]+/.exec(arg)?.[0] ?? '');
    const again = words.find((word) => flag !== '' && word.split('=')[0] === flag);
    if (again !== undefined) check.bad(['dawn', 'args'], undone(again));
    if (env !== undefined && dawn.env?.[env] !== undefined) check.bad(['dawn', 'env'], undone(env));
  }
  const { seed } = run;
  if (seed?.env !== undefined && dawn.env?.[seed.env] !== undefined)
    check.bad(['dawn', 'env'], `expected dawn to leave the seed alone, found ${seed.env}`);
}

const wordsIn = (check: PlanChecking, text: string): readonly string[] =>
  (check.attempt(['dawn', 'args'], () => wordsOf(text)) ?? []).map(({ value }) => value);
