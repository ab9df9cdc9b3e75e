import { LabError } from '../../domain/errors.ts';
import { clock } from '../lab.ts';
import type { LabPlace } from '../place.ts';
import { noticeOwnRuns, ownRunsToNotice, type Noticed } from './notice.ts';

/** A verb is at it for so long at most, then comes the sealing; the rest is the next one's. */
const LONGEST_MS = 5000;

/**
 * Takes the notebook for a moment and brings everything in: what lies in the inbox, runs of one's
 * own, their metrics. Null where another process has it: a night takes these in itself. A kill at any
 * moment loses nothing: what is not in the journal still lies in its folder or the inbox, and metrics
 * that the manifest does not name are taken in again. `longest`: milliseconds. Throws LabError.
 */
export async function takeInAll(lab: LabPlace, longest = LONGEST_MS): Promise<Noticed | null> {
  const end = clock.now() + longest;
  const goOn = (): boolean => clock.now() < end;
  const { openNotebook } = await import('../../../notebook/writer.ts');
  const { notebookDir: dir, experimentsDir: runsDir } = lab;
  const notebook = await openNotebook({
    ...{ dir, runsDir, clock, purpose: 'take_in', sealAfter: 3_600_000 },
  }).catch((error: unknown) => {
    if (error instanceof LabError && error.code === 'busy') return null;
    throw error;
  });
  if (notebook === null) return null;
  try {
    await notebook.drainInbox();
    const runs = await ownRunsToNotice(lab, notebook.state());
    const noticed = await noticeOwnRuns(lab, notebook.state(), runs, {
      put: async (_, body) => void (await notebook.append(body)),
      goOn,
    });
    await notebook.takeInOwn(goOn);
    return { ...noticed, remarks: [...noticed.remarks, ...notebook.warnings] };
  } finally {
    await notebook.close();
  }
}
