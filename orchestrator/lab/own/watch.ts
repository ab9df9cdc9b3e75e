import type { Event } from '../../domain/event.ts';
import { putInInbox } from '../../../notebook/inbox.ts';
import type { OpenNotebook } from '../../../notebook/writer.ts';
import { clock, type Lab } from '../lab.ts';
import { noticeOwnRuns, ownRunsToNotice } from './notice.ts';

const EVERY_MS = 2000;

/** Notices runs of one's own while a night works, beside its work: no slot waits for it. */
export interface OwnWatch {
  /** `drainInbox` of the notebook, and takes the metrics in of runs that ended. */
  drainInbox(): Promise<readonly Event[]>;
  /** Resolves when nothing is under way any more. Never throws. */
  close(): Promise<void>;
}

/** `onRemark` hears each odd thing once. */
export function watchOwnRuns(
  lab: Lab,
  notebook: OpenNotebook,
  onRemark: (text: string) => void,
): OwnWatch {
  const told = new Set<string>();
  const tell = (text: string): void => {
    if (!told.has(text)) onRemark(text);
    told.add(text);
  };
  const failed = (error: unknown): void =>
    tell(`runs of your own could not be taken in: ${(error as Error).message}`);
  let closed = false;
  const goOn = (): boolean => !closed;
  let due = -Infinity;
  let looking: Promise<void> | null = null;
  // What an earlier launch, or no night, left behind.
  let taking: Promise<void> = notebook.takeInOwn(goOn).catch(failed);

  const look = async (): Promise<void> => {
    const runs = await ownRunsToNotice(lab, notebook.state());
    if (runs.length === 0) return;
    const { remarks } = await noticeOwnRuns(lab, notebook.state(), runs, {
      put: (id, body) => putInInbox(lab.notebookDir, body, clock.now(), id),
      goOn,
    });
    for (const remark of remarks) tell(remark);
  };

  return {
    async drainInbox() {
      if (looking === null && !closed && clock.monotonic() >= due) {
        due = clock.monotonic() + EVERY_MS;
        looking = look()
          .catch(failed)
          .finally(() => {
            looking = null;
          });
      }
      const events = await notebook.drainInbox();
      if (events.some(({ type }) => type === 'own_run_ended'))
        taking = taking.then(() => notebook.takeInOwn(goOn)).catch(failed);
      return events;
    },
    async close() {
      closed = true;
      await looking;
      await taking;
    },
  };
}
