import { setTimeout as pause } from 'node:timers/promises';
import { LabError } from '../orchestrator/domain/errors.ts';
import type { State } from '../orchestrator/domain/state.ts';
import { openLab } from '../orchestrator/lab/lab.ts';
import { commandIn } from '../orchestrator/lab/package.ts';
import { followNotebook } from '../notebook/follow.ts';
import { holderOf, type Holder } from '../notebook/lock.ts';
import { print, yellow } from './output.ts';
import { openView } from './view/view.ts';

/** Between two looks whether the night's process lives. */
const LOOK_MS = 500;

/** `autolab attach`: watches a night that another process runs. Ctrl-C leaves it to go on. */
export async function run(): Promise<number> {
  const lab = await openLab(process.cwd());
  const holder = await holderOf(lab.notebookDir);
  const command = await commandIn(lab);
  if (holder === null)
    throw new LabError(
      'failed',
      `expected a night to be running in this lab, found none; ${command} launch begins one`,
    );
  const [leave, end] = [new AbortController(), new AbortController()];
  const left = () => leave.abort();
  process.once('SIGINT', left).once('SIGTERM', left);
  const view = openView(lab, { hint: 'Ctrl-C leaves the view, the night goes on' });
  let state: State | null = null;
  try {
    const signal = AbortSignal.any([leave.signal, end.signal]);
    const gone = goneOf(lab.notebookDir, holder, signal).finally(() => end.abort());
    await followNotebook(lab.notebookDir, {
      signal,
      onState(now, latest) {
        state = now;
        view.begin(now, latest);
      },
      onEvent(now, event) {
        state = now;
        view.event(now, event);
      },
    }).finally(() => end.abort());
    await gone;
  } finally {
    view.close();
  }
  print(leave.signal.aborted ? 'left; the night goes on' : ending(state, command));
  return 0;
}

/** Resolves when the process that runs the night is gone, or nobody wants to know any more. */
async function goneOf(dir: string, holder: Holder, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const now = await holderOf(dir);
    if (now?.pid !== holder.pid || now.since !== holder.since) return;
    await pause(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** How the night that was watched came to its end. */
function ending(state: State | null, command: string): string {
  const night = state?.night ? state.nights.get(state.night) : undefined;
  if (!night) return yellow('it ended before a night had begun');
  if (night.ended)
    return night.reported === night.revision
      ? `${night.id} is over: read FINDINGS.md`
      : yellow(
          `${night.id} is over, but its process ended before FINDINGS.md was written; ${command} launch writes it`,
        );
  return night.stopping
    ? `${night.id} was stopped; ${command} launch goes on from there`
    : yellow(`${night.id} was cut off; ${command} launch goes on from there`);
}
