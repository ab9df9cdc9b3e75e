import { stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, relative } from 'node:path';
import { LabError } from '../../domain/errors.ts';
import type { OwnRunId } from '../../domain/ids.ts';
import { PLAN_FILE } from '../../domain/layout.ts';
import { EMPTY } from '../../domain/state.ts';
import { putInInbox } from '../../../notebook/inbox.ts';
import { startOf } from '../../../notebook/lock.ts';
import type { ForegroundEnd } from '../../../workers/foreground.ts';
import { refuseOddFolders } from '../footprint.ts';
import { systemUser } from '../author.ts';
import { clock, openLab, type Lab } from '../lab.ts';
import { claimOwnRun } from './claim.ts';
import { noticeOwnRuns, planObjective } from './notice.ts';

/** Records one command of the user's as a run of one's own. */

export interface OwnCommand {
  readonly argv: readonly string[];
  readonly cwd: string;
  /** The user's own, whole. */
  readonly env: NodeJS.ProcessEnv;
  readonly name?: string | undefined;
  readonly tags: readonly string[];
  readonly group?: string | undefined;
}

export interface Recorded extends ForegroundEnd {
  readonly id: OwnRunId;
  /** Seconds. */
  readonly seconds: number;
  readonly remarks: readonly string[];
}

/** The lab to record in. Throws LabError usage where the folder lies in none: nothing was run. */
export async function labToRecordIn(startDir: string): Promise<Lab> {
  const lab = await openLab(startDir).catch((error: unknown) => {
    const found = error instanceof LabError && error.code === 'not_found';
    throw found ? notHere(error.message, error) : error;
  });
  const plan = await stat(join(lab.root, PLAN_FILE)).catch(() => null);
  if (plan) return lab;
  throw notHere(`${lab.root} has no ${PLAN_FILE}. To make it a lab: autolab init`);
}

const notHere = (found: string, cause?: unknown): LabError =>
  new LabError(
    'usage',
    `expected to be in a lab, where the run can be recorded; nothing was run. Found: ${found}`,
    undefined,
    cause,
  );

/**
 * Runs the command in this terminal, recorded. Throws LabError, or what the file system does, before
 * the command was started; afterwards what goes wrong with its record is a remark.
 */
export async function recordOwnRun(lab: Lab, command: OwnCommand): Promise<Recorded> {
  await refuseOddFolders(lab.root);
  const { recordCommand } = await import('../../../workers/own-record.ts');
  const { repository, cacheDir } = lab;
  const { argv, cwd, env, name, tags, group } = command;
  const [base, { diff, untracked }] = await Promise.all([
    repository.resolveBase(undefined),
    repository.uncommitted(),
  ]);
  const { id, folder } = await claimOwnRun(lab);
  if (diff.length > 0) await writeFile(join(folder, 'change.diff'), diff);
  const begun = clock.monotonic();
  const start = {
    ...{ version: 1, id, name: name ?? '', command: argv, directory: directoryOf(lab, cwd) },
    ...{ pid: process.pid, process_started: await startOf(process.pid), host: hostname() },
    ...{ who: systemUser(), started: new Date(clock.now()).toISOString(), ...base },
    ...{ dirty: diff.length > 0 || untracked.length > 0, untracked: some(untracked) },
    ...{ params: {}, source: 'run' },
  };
  const ended = await recordCommand({
    ...{ folder, argv, cwd, start, cacheDir, now: () => clock.now() },
    env: { ...env, AUTOLAB_RUN_ID: id, AUTOLAB_RUN_DIR: folder },
    objective: (await planObjective(lab))?.metric ?? '',
    logged: [
      ...(tags.length > 0 ? [{ type: 'tag', tags }] : []),
      ...(group === undefined ? [] : [{ type: 'group', group }]),
    ],
  });
  const seconds = (clock.monotonic() - begun) / 1000;
  return { ...ended, id, seconds, remarks: [...ended.remarks, ...(await noticed(lab, id))] };
}

/** Whatever goes wrong here, the folder has it all, and the next verb notices it. */
async function noticed(lab: Lab, id: OwnRunId): Promise<readonly string[]> {
  try {
    const { remarks } = await noticeOwnRuns(lab, EMPTY, [id], {
      put: (record, body) => putInInbox(lab.notebookDir, body, clock.now(), record),
    });
    return remarks;
  } catch (error) {
    return [`${id} lies in its folder and is not in the notebook yet: ${(error as Error).message}`];
  }
}

/** From the lab's top, or absolute outside of it. */
function directoryOf({ root }: Lab, cwd: string): string {
  const path = relative(root, cwd);
  return path.startsWith('..') ? cwd : path || '.';
}

const MOST_NAMES = 1000;

const some = (names: readonly string[]): readonly string[] =>
  names.length <= MOST_NAMES
    ? names
    : [...names.slice(0, MOST_NAMES), `… and ${names.length - MOST_NAMES} more`];
