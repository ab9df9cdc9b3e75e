import { setTimeout as pause } from 'node:timers/promises';
import { putInInbox, readInbox } from '../../notebook/inbox.ts';
import { holderOf } from '../../notebook/lock.ts';
import { readNotebook } from '../../notebook/reader.ts';
import { LabError } from '../domain/errors.ts';
import type { NightId } from '../domain/ids.ts';
import { experimentIn, type State } from '../domain/state.ts';
import type { LabPlace } from './place.ts';

export interface StopOptions {
  readonly how: 'drain' | 'now';
  /** Until the night's process is gone. */
  readonly wait: boolean;
  /** What is waited for, in words, each time that changes. */
  readonly onProgress: (text: string) => void;
}

export interface Stopped {
  readonly night: NightId;
  /** The process that ran it. */
  readonly pid: number;
  readonly how: 'drain' | 'now';
  /** Whether it is gone. */
  readonly over: boolean;
}

const LOOK_MS = 300;
/** A night looks at its inbox every second: after this something is odd. */
const PATIENCE_MS = 15_000;

/**
 * Asks the night that runs in this lab to stop, through the inbox: the wish is on disk, and works
 * from wherever the lab's folder is seen. Throws LabError failed where no night runs.
 */
export async function stopNight(
  lab: LabPlace,
  state: State,
  options: StopOptions,
): Promise<Stopped> {
  const { how, wait, onProgress } = options;
  const holder = await holderOf(lab.notebookDir);
  const { night } = state;
  if (holder === null || night === null)
    throw new LabError('failed', 'expected a night to be running in this lab, found none');
  await putInInbox(lab.notebookDir, { type: 'stopping', night, how, who: 'autolab stop' });
  const answer = { night, pid: holder.pid, how };
  if (!wait) return { ...answer, over: false };
  const notebook = await readNotebook(lab.notebookDir);
  const asked = performance.now();
  let said = '';
  let odd = false;
  for (;;) {
    const now = await holderOf(lab.notebookDir);
    if (now?.pid !== holder.pid || now.since !== holder.since) return { ...answer, over: true };
    await notebook.refresh();
    const text = waitsFor(notebook.state);
    if (text !== said) onProgress(text);
    said = text;
    if (!odd && performance.now() - asked > PATIENCE_MS && (await unheard(lab))) {
      odd = true;
      onProgress(
        `process ${holder.pid} on ${holder.host} has not heard of it yet: it may be suspended, or its disk full`,
      );
    }
    await pause(LOOK_MS);
  }
}

function waitsFor(state: State): string {
  const running = [...state.runs.values()].filter((run) => run.status === 'running');
  if (running.length === 0) return 'nothing runs any more; the night closes its notebook';
  const names = running.map(
    ({ id, experiment }) => `${id} (${experimentIn(state, experiment).title})`,
  );
  return `waiting for ${names.join(' and ')}; Ctrl-C leaves them to it`;
}

async function unheard(lab: LabPlace): Promise<boolean> {
  return (await readInbox(lab.notebookDir)).some(({ event }) => event?.type === 'stopping');
}
