import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { makeNotebookFolder } from '../../notebook/durable.ts';
import { holderOf } from '../../notebook/lock.ts';
import { readNotebook } from '../../notebook/reader.ts';
import { EXIT, LabError } from '../domain/errors.ts';
import { NOTEBOOK_DIR } from '../domain/layout.ts';
import type { Lab } from './lab.ts';

/** What a launch in the background says, from the lab's top. */
const LAUNCH_LOG = `${NOTEBOOK_DIR}/launch.log`;

export interface Detached {
  readonly pid: number;
  readonly night: string;
  readonly log: string;
}

const LOOK_MS = 100;

/**
 * Starts `argv` (a launch of this lab) as a process that outlives terminal and shell, and returns
 * when its night has begun. Throws LabError, with what it said, where it ends before that: a
 * night that cannot begin is heard of now.
 */
export async function detach(lab: Lab, argv: readonly string[]): Promise<Detached> {
  const holder = await holderOf(lab.notebookDir);
  if (holder)
    throw new LabError(
      'busy',
      `a night runs here already: process ${holder.pid} on ${holder.host}, since ${holder.since}. ` +
        'autolab attach shows it, autolab stop ends it',
    );
  await makeNotebookFolder(lab.notebookDir);
  const log = await open(join(lab.root, LAUNCH_LOG), 'w');
  const [file = process.execPath, ...args] = argv;
  const child = spawn(file, args, {
    ...{ cwd: lab.root, detached: true, stdio: ['ignore', log.fd, log.fd] },
  });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  await once(child, 'spawn').finally(() => log.close());
  child.unref();
  const { pid = 0 } = child;
  const over = new AbortController();
  const night = await Promise.race([nightOf(lab, pid, over.signal), ended.then(() => null)]);
  over.abort();
  // A night may be over before anybody looked.
  if (night !== null || (await ended) === EXIT.done) {
    const { state } = await readNotebook(lab.notebookDir);
    return { pid, night: night ?? state.night ?? '', log: LAUNCH_LOG };
  }
  const said = (await readFile(join(lab.root, LAUNCH_LOG), 'utf8')).trim();
  const code = (await ended) === EXIT.usage ? 'usage' : 'failed';
  throw new LabError(code, said.replace(/^autolab: /, ''), LAUNCH_LOG);
}

/** The night that the process has recorded the beginning of; null when nobody asks any more. */
async function nightOf(lab: Lab, pid: number, over: AbortSignal): Promise<string | null> {
  const notebook = await readNotebook(lab.notebookDir);
  const before = notebook.events.length;
  while (!over.aborted) {
    await notebook.refresh();
    const begun = notebook.events
      .slice(before)
      .some(({ type }) => type === 'night_started' || type === 'night_resumed');
    const { night } = notebook.state;
    if (begun && night !== null && (await holderOf(lab.notebookDir))?.pid === pid) return night;
    await pause(LOOK_MS);
  }
  return null;
}
