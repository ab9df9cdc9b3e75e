import { setTimeout as pause } from 'node:timers/promises';
import { putInInbox, readInbox } from '../../notebook/inbox.ts';
import { holderOf } from '../../notebook/lock.ts';
import { readNotebook } from '../../notebook/reader.ts';
import { systemTrouble } from '../domain/system-error.ts';
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

const EXPECTED = 'expected a night to be running in this lab';
const LOOK_MS = 300;
/** A night looks at its inbox every second: after this something is odd. */
const PATIENCE_MS = 15_000;

/**
 * Asks the night that runs in this lab to stop, through the inbox: the wish is on disk, and works
 * from wherever the lab's folder is seen. A launch that still gets ready is waited for; one whose
 * ended night lacks its last report is asked, too: the queue may be gone for good. Throws LabError
 * failed where no night runs.
 */
export async function stopNight(
  lab: LabPlace,
  { how, wait, onProgress }: StopOptions,
): Promise<Stopped> {
  const holder = await holderOf(lab.notebookDir);
  if (holder === null) throw new LabError('failed', `${EXPECTED}, found none`);
  const launch = `process ${holder.pid} on ${holder.host}`;
  const notebook = await readNotebook(lab.notebookDir);
  let asked: NightId | null = null;
  let since = 0;
  let said = '';
  const say = (text: string): void => {
    if (text !== said) onProgress(text);
    said = text;
  };
  for (;;) {
    const now = await holderOf(lab.notebookDir);
    const waiting = await wishWaits(lab);
    await notebook.refresh();
    const { state } = notebook;
    const over = now?.pid !== holder.pid || now.since !== holder.since;
    if (asked && (over || !wait)) return { night: asked, pid: holder.pid, how, over };
    if (over) throw new LabError('failed', `${EXPECTED}: the launch that was here has just ended`);
    const night = state.night === null ? undefined : state.nights.get(state.night);
    const isOver = !night || (night.ended && night.reported === night.revision);
    if (isOver && asked !== night?.id) {
      say(`${launch} has not begun its night yet, or closes the last one`);
    } else if (night && !isOver && (asked !== night.id || (!night.stopping && !waiting))) {
      // Once more where a launch that goes on with a night took back what it had found on its way.
      await ask(lab, night.id, how).catch((error: unknown) => {
        throw withOtherWays(error, launch, holder.pid);
      });
      [asked, since] = [night.id, performance.now()];
      continue;
    } else if (waiting && performance.now() - since > PATIENCE_MS) {
      say(`${launch} has not heard of it yet: it may be suspended, or its disk full`);
    } else say(waitsFor(state));
    await pause(LOOK_MS);
  }
}

const ask = (lab: LabPlace, night: NightId, how: StopOptions['how']): Promise<void> =>
  putInInbox(lab.notebookDir, { type: 'stopping', night, how, who: 'autolab stop' });

/** A notebook that takes no wish is no reason that a night cannot be stopped. */
function withOtherWays(error: unknown, launch: string, pid: number): unknown {
  const trouble = systemTrouble(error);
  if (trouble === null) return error;
  const ways = `Ctrl-C in its terminal, or kill ${pid}, also asks ${launch} to stop`;
  return new LabError(trouble.code, `${trouble.message}. ${ways}`, trouble.where, error);
}

function waitsFor(state: State): string {
  const running = [...state.runs.values()].filter((run) => run.status === 'running');
  if (running.length === 0) return 'nothing runs any more; the night closes its notebook';
  const names = running.map(
    ({ id, experiment }) => `${id} (${experimentIn(state, experiment).title})`,
  );
  return `waiting for ${names.join(' and ')}; Ctrl-C leaves them to it`;
}

const wishWaits = async (lab: LabPlace): Promise<boolean> =>
  (await readInbox(lab.notebookDir)).some(({ event }) => event?.type === 'stopping');
