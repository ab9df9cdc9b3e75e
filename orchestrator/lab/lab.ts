import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../domain/errors.ts';
import type { Base } from '../domain/event.ts';
import { PLAN_FILE } from '../domain/layout.ts';
import type { Plan } from '../domain/plan.ts';
import type { Clock, Repository } from '../domain/ports.ts';
import { systemClock } from './clock.ts';
import { knownPlace, placeOf, type LabPlace } from './place.ts';
import { readState } from '../../notebook/snapshot.ts';

/** A lab: a git repository with a research_plan.yaml at its top. */
export interface Lab extends LabPlace {
  readonly repository: Repository;
}

/** A plan that can be used, the text it was read from, and the base it was checked against. */
export interface LabPlan {
  readonly plan: Plan;
  readonly text: string;
  readonly base: Base;
  /** Odd, but no reason to refuse: formatted lines. */
  readonly remarks: readonly string[];
}

export const clock: Clock = systemClock();

/** Opens the lab that `startDir` lies in; the plan may still be missing. Throws LabError not_found. */
export async function openLab(startDir: string): Promise<Lab> {
  const { openRepository } = await import('../git.ts');
  const repository = await openRepository(startDir);
  return { ...placeOf(await realpath(repository.root)), repository };
}

/**
 * Reads and checks the plan. Throws LabError not_found where there is none, and plan with every
 * problem on a line of its own (`research_plan.yaml:LINE:COLUMN: expected …, found …`).
 */
export async function readLabPlan(lab: Lab): Promise<LabPlan> {
  const [{ readPlan, formatProblem }, { checkPlan, findBase, planRemarks }] = await Promise.all([
    import('../plan/file.ts'),
    import('../plan/check.ts'),
  ]);
  const text = await readFile(join(lab.root, PLAN_FILE), 'utf8').catch((error: unknown) => {
    throw noPlan(lab.root, error);
  });
  const refuse = (problems: readonly { line: number; column: number; message: string }[]) =>
    new LabError('plan', problems.map(formatProblem).join('\n'), PLAN_FILE);
  const reading = readPlan(text);
  if ('problems' in reading) throw refuse(reading.problems);
  const { plan, positions } = reading;
  const found = await findBase(plan, positions, lab.repository);
  if ('problems' in found) throw refuse(found.problems);
  const problems = await checkPlan(plan, positions, lab.repository, found.base);
  if (problems.length > 0) throw refuse(problems);
  const remarks = planRemarks(plan, positions, process.env).map(formatProblem);
  return { plan, text, base: found.base, remarks };
}

const noPlan = (root: string, error: unknown): LabError =>
  new LabError(
    'plan',
    `expected a ${PLAN_FILE} at ${root}, found none. Let autolab init write one, ` +
      'or start from an example: autolab init --example char-lm DIR',
    PLAN_FILE,
    error,
  );

/**
 * The lab as it stands, without its tables: quick also where years of nights are recorded. Throws
 * LabError as openLab does.
 */
export async function readLabState(startDir: string) {
  const lab: LabPlace = (await knownPlace(startDir)) ?? (await openLab(startDir));
  return { lab, state: await readState(lab.notebookDir) };
}

/** The same of a lab whose repository is asked for more. */
export async function openLabState(startDir: string) {
  const lab = await openLab(startDir);
  return { lab, state: await readState(lab.notebookDir) };
}

/** The lab's notebook as it stands, for reading, also while a night runs. */
export async function readLab(startDir: string) {
  const lab = await openLab(startDir);
  const { readNotebook } = await import('../../notebook/reader.ts');
  const notebook = await readNotebook(lab.notebookDir);
  return { lab, notebook, state: notebook.state };
}
