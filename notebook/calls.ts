import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Called, CallId, CallRecord, Calls } from '../orchestrator/domain/call.ts';
import { ignoring, makeNotebookFolder, writeDurably } from './durable.ts';
import { putInInbox } from './inbox.ts';
import { checksummed, unchecked } from './lines.ts';

/**
 * Calls of models, one file each below `calls/`: `ID.json` is a call with its prompts and its reply,
 * sealed before anybody uses it; `ID.sent` says that one is under way, and what it counts for if
 * the process ends first.
 */

/** The folder, from the notebook's. */
export const CALLS_DIR = 'calls';

const fileOf = (dir: string, call: CallId): string => join(dir, CALLS_DIR, `${call}.json`);
const sentOf = (dir: string, call: CallId): string => join(dir, CALLS_DIR, `${call}.sent`);

/** A sealed call; null where it never was, or is not what was written: then it is asked again. */
export const readCall = (dir: string, call: CallId): Promise<CallRecord | null> =>
  readSealed<CallRecord>(fileOf(dir, call));

/** The calls of a notebook, for as many processes as want to; the events go through the inbox. */
export async function openCalls(dir: string, now: () => number): Promise<Calls> {
  await makeNotebookFolder(dir);
  await mkdir(join(dir, CALLS_DIR), { recursive: true });
  return {
    recall: (call) => readCall(dir, call),
    intend: (called) => writeDurably(sentOf(dir, called.call), sealed(called)),
    async end(called, kept) {
      if (kept) await writeDurably(fileOf(dir, called.call), sealed(kept));
      await put(dir, called, kept ? sealedId(called) : onceId(called), now());
      await rm(sentOf(dir, called.call), { force: true });
    },
  };
}

/**
 * Counts what was under way in a night when its process ended: where the answer was sealed, that
 * counts, once; where it was not, it may have been paid for, and is lost. For who holds the lab.
 */
export async function countLostCalls(dir: string, now: () => number): Promise<void> {
  const names = (await readdir(join(dir, CALLS_DIR)).catch(ignoring('ENOENT'))) ?? [];
  for (const name of names.filter((one) => one.endsWith('.sent'))) {
    const call = name.slice(0, -'.sent'.length);
    const lost = await readSealed<Called>(sentOf(dir, call));
    // Outside of all nights another process may be at it.
    if (lost?.night === null && now() - Date.parse(lost.started) < LONGEST_MS) continue;
    const answered = await readCall(dir, call);
    if (answered) await put(dir, answered.called, sealedId(answered.called), now());
    else if (lost) await put(dir, lost, onceId(lost), now());
    await rm(sentOf(dir, call), { force: true });
  }
}

/** Nobody waits for an answer so long: who asked outside of all nights a day ago is gone. */
const LONGEST_MS = 24 * 60 * 60 * 1000;

const put = (dir: string, called: Called, id: string, at: number): Promise<void> =>
  putInInbox(dir, { type: 'model_called', ...called }, at, id);

/** A sealed call counts once, however often it is recalled; one that was not may be made again. */
const sealedId = ({ call }: Called): string => `call-${call}`;
const onceId = ({ call, started }: Called): string => `call-${call}-${Date.parse(started)}`;

const sealed = (value: object): string => checksummed(JSON.stringify(value));

async function readSealed<T>(path: string): Promise<T | null> {
  const bytes = await readFile(path).catch(ignoring('ENOENT'));
  const newline = bytes?.indexOf(10) ?? -1;
  if (!bytes || newline !== bytes.length - 1) return null;
  const json = unchecked(bytes.subarray(0, newline));
  return json === null ? null : (JSON.parse(json) as T);
}
