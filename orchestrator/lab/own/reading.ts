import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { State } from '../../domain/state.ts';
import { putInInbox } from '../../../notebook/inbox.ts';
import { holderOf } from '../../../notebook/lock.ts';
import { readManifest } from '../../../notebook/manifest.ts';
import { readState } from '../../../notebook/snapshot.ts';
import { untaken } from '../../../notebook/untaken.ts';
import { refuseOddFolders } from '../footprint.ts';
import { clock, readLabState } from '../lab.ts';
import type { LabPlace } from '../place.ts';
import { noticeOwnRuns, ownRunsToNotice, type Noticed } from './notice.ts';
import { takeInAll } from './take-in.ts';

/** What a verb that reads does about runs of one's own. None of it makes the verb fail. */

/** So many records, or runs with metrics, may wait before a verb takes them in. */
const MUCH = 64;
/** A verb looks at runs for so long before it answers; the rest is the next one's. */
const LONGEST_MS = 2000;

export interface OwnReading {
  readonly lab: LabPlace;
  readonly state: State;
  /** What is odd, a sentence each. */
  readonly remarks: readonly string[];
}

/**
 * The lab as it stands, runs of one's own as their folders say. `longest`: milliseconds that it looks at
 * them; by default what a reader has patience for. Throws LabError as readLabState does.
 */
export async function readNoticing(startDir: string, longest?: number): Promise<OwnReading> {
  const { lab, state } = await readLabState(startDir);
  const remarks: string[] = [];
  try {
    const noticed = await notice(lab, state, longest);
    remarks.push(...noticed.remarks);
    if (noticed.left > 0)
      remarks.push(`${noticed.left} more runs wait in experiments/: the next verb takes them in`);
    if (noticed.events > 0) return { lab, state: await readState(lab.notebookDir), remarks };
  } catch (error) {
    remarks.push(`runs of your own could not be taken in: ${(error as Error).message}`);
  }
  return { lab, state, remarks };
}

const NOTHING = { events: 0, left: 0, remarks: [] };

async function notice(lab: LabPlace, state: State, longest?: number): Promise<Noticed> {
  const runs = await ownRunsToNotice(lab, state);
  if (runs.length === 0) return NOTHING;
  await refuseOddFolders(lab.root);
  const odd: string[] = [];
  if (runs.length >= MUCH && (await holderOf(lab.notebookDir)) === null) {
    const taken = await takeInAll(lab, longest).catch((error: unknown) => {
      odd.push((error as Error).message);
      return null;
    });
    if (taken) return taken;
  }
  const end = clock.now() + (longest ?? LONGEST_MS);
  const noticed = await noticeOwnRuns(lab, state, runs, {
    put: (id, body) => putInInbox(lab.notebookDir, body, clock.now(), id),
    goOn: () => clock.now() < end,
  });
  return { ...noticed, remarks: [...odd, ...noticed.remarks] };
}

/**
 * Takes in what waits, where that is much and no night does it: after the verb's answer. `most`: so
 * much may wait; `longest`: milliseconds. Returns what is odd; never throws.
 */
export async function takeInWhatWaits(
  { lab, state }: Pick<OwnReading, 'lab' | 'state'>,
  most = MUCH,
  longest?: number,
): Promise<readonly string[]> {
  try {
    if ((await waiting(lab, state)) < most || (await holderOf(lab.notebookDir))) return [];
    return (await takeInAll(lab, longest))?.remarks ?? [];
  } catch (error) {
    return [`what waits in the inbox could not be taken in: ${(error as Error).message}`];
  }
}

async function waiting({ notebookDir }: LabPlace, state: State): Promise<number> {
  const inbox: string[] = await readdir(join(notebookDir, 'inbox')).catch(() => []);
  if (inbox.length >= MUCH || state.own.size === 0) return inbox.length;
  const manifest = await readManifest(notebookDir);
  return Math.max(inbox.length, untaken(state, manifest ?? { attempts: {} }).length);
}
