import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { splitCommand } from '../domain/command.ts';
import { fromTop, tidyPath } from '../domain/editable.ts';
import type { Lab, LabPlan } from './lab.ts';

/**
 * Why the training command's program would not start in a worktree, or null. A worktree holds what
 * git tracks and what workspace.link names: an untracked `.venv` is in neither by itself.
 */
export async function missingProgram(
  lab: Lab,
  { plan, base }: LabPlan,
  path: string | undefined = process.env['PATH'],
): Promise<string | null> {
  const [program] = plan.run.shell ? [] : splitCommand(plan.run.command);
  if (program === undefined || program.startsWith('/')) return null;
  if (!program.includes('/')) {
    for (const folder of (path ?? '').split(delimiter))
      if (await runs(join(folder, program))) return null;
    return `expected a program called ${program} on your PATH, found none`;
  }
  const place = fromTop(plan, program);
  const linked = plan.workspace.link.map(tidyPath);
  if (linked.some((link) => place === link || place.startsWith(`${link}/`))) return null;
  // What setup makes can only be seen after it has run.
  if (plan.run.setup !== undefined) return null;
  if ((await lab.repository.listFiles(base.commit)).includes(place)) return null;
  const folder = place.split('/')[0] ?? place;
  return (await runs(join(lab.root, place)))
    ? `${place} is not in git, so no worktree has it: add ${folder} to workspace.link`
    : `expected the program ${place}, found none in git, in workspace.link or in your checkout`;
}

const runs = (file: string): Promise<boolean> =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
