import { constants } from 'node:fs';
import { copyFile, readFile, realpath } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { splitCommand } from '../domain/command.ts';
import { LabError } from '../domain/errors.ts';
import { PLAN_FILE } from '../domain/layout.ts';
import { formatProblem, readPlan } from '../plan/file.ts';
import { openLab } from './lab.ts';
import { packageRoot } from './package.ts';

/** The loggers that come with AutoLab: a file each, to be copied beside the script that trains. */
const LOGGERS = {
  python: { file: 'autolab.py', script: /\.py$/ },
  javascript: { file: 'autolab.mjs', script: /\.[cm]?[jt]s$/ },
} as const;

export interface PlacedLogger {
  /** From the top of the lab. */
  readonly path: string;
  /** It was there already, the same to the last byte. */
  readonly present: boolean;
}

/**
 * Copies a logger beside the script that the lab's plan runs, or into the folder that commands run in
 * where it names none. Adds nothing to git. Throws LabError refused where another file of that name
 * is there, plan where the plan cannot be read, not_found where there is no lab.
 */
export async function placeLogger(
  folder: string,
  language: keyof typeof LOGGERS,
): Promise<PlacedLogger> {
  const { root } = await openLab(folder);
  const { file, script } = LOGGERS[language];
  const source = join(packageRoot(), 'loggers', file);
  const target = join(await besideScript(root, script), file);
  const path = relative(root, target);
  const there = await readFile(target).catch(() => null);
  if (there?.equals(await readFile(source))) return { path, present: true };
  try {
    await copyFile(source, target, constants.COPYFILE_EXCL);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new LabError(
      'refused',
      `expected no ${path}, or AutoLab's own, found another one, which stays as it is: move it away first, or copy ${source} yourself`,
      path,
      error,
    );
  }
  return { path, present: false };
}

/** The folder of the script that the plan's command names, absolute. */
async function besideScript(root: string, script: RegExp): Promise<string> {
  const text = await readFile(join(root, PLAN_FILE), 'utf8').catch((error: unknown) => {
    const message = `expected a lab at ${root}: autolab init writes its ${PLAN_FILE}`;
    throw new LabError('not_found', message, PLAN_FILE, error);
  });
  const reading = readPlan(text);
  if ('problems' in reading)
    throw new LabError('plan', reading.problems.map(formatProblem).join('\n'), PLAN_FILE);
  const { workspace, run } = reading.plan;
  const directory = resolve(root, workspace.directory);
  for (const word of splitCommand(run.command).filter((one) => script.test(one))) {
    const found = await realpath(resolve(directory, word)).catch(() => null);
    if (found?.startsWith(root + sep)) return dirname(found);
  }
  return directory;
}
