import { fork, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';

import type { Asked, Told } from './database-process.ts';
import type { Result, Session } from './pglite-pool.ts';

/** Milliseconds: most between two tries to start it again, and that one which ends sooner is a failed try. */
const LONGEST_PAUSE = 5000;
const STABLE = 10_000;

/** Milliseconds that an answer is waited for where it may be stopped. */
const PATIENCE = 5000;

/** A session that outlives the process behind it: the next one's database is empty. */
export interface DistantDatabase extends Session {
  readonly up: boolean;
  /** Resolves when there is no process that answers; at once where that is so already. */
  down(): Promise<void>;
  /** Asks the process, which may be stopped or stuck. */
  answers(): Promise<boolean>;
  /** `listener` is called when the process has ended, and when the next one is there. */
  onChange(listener: () => void): void;
  /** What waits for an answer is refused. */
  close(): Promise<void>;
}

interface Waiting {
  readonly asked: Asked;
  readonly done: (results: readonly Result[]) => void;
  readonly failed: (error: Error) => void;
}

/**
 * Opens the queue's database in a process of its own: there its 270 MB make no process that the
 * launch starts slower to start (Linux copies the page tables of the one that forks), and its
 * queries do not hold up the launch's event loop.
 *
 * Should the process end, another takes its place, with an empty database: what was asked and not
 * answered is asked again, in order. That is safe of single statements alone, since the one that
 * ended took what they had done with it; BullMQ asks no others of an open queue. `onOutage` is
 * told of each end, and once of each reason why no other could be started; that is tried again.
 *
 * Throws where the first cannot be opened.
 */
export async function distantDatabase(
  cacheDir: string,
  onOutage: (error: Error) => void,
): Promise<DistantDatabase> {
  const waiting = new Map<number, Waiting>();
  const heard = new Set<(channel: string, payload: string) => void>();
  const changed: (() => void)[] = [];
  const stop = new AbortController();
  let lastId = 0;
  let fall = (): void => undefined;
  let down = new Promise<void>((resolve) => (fall = resolve));
  let child: ChildProcess | undefined;

  const take = (told: Told): void => {
    if (told.kind === 'notification')
      for (const listener of heard) listener(told.channel, told.payload);
    if (told.kind !== 'results' && told.kind !== 'error') return;
    const { done, failed } = waiting.get(told.id) ?? {};
    waiting.delete(told.id);
    if (told.kind === 'results') done?.(told.results);
    else failed?.(Object.assign(new Error(told.error.message), told.error));
  };
  const tellChange = (): void => {
    for (const listener of changed) listener();
  };
  const settle = (next: ChildProcess): void => {
    const since = performance.now();
    child = next.on('message', take);
    next.once('exit', (code, signal) => {
      child = undefined;
      fall();
      if (stop.signal.aborted) return;
      onOutage(
        new Error(
          `its process ended (${signal ?? `exit code ${code}`}); what runs goes on, and what waits is queued again`,
        ),
      );
      tellChange();
      void replace(performance.now() - since < STABLE ? 1 : 0);
    });
    for (const { asked } of waiting.values()) send(next, asked);
  };
  const replace = async (tries: number): Promise<void> => {
    let complaint = '';
    for (let n = tries; ; n += 1) {
      try {
        await pause(n === 0 ? 0 : Math.min(50 * 2 ** n, LONGEST_PAUSE), null, {
          signal: stop.signal,
        });
        const next = await start(cacheDir, stop.signal);
        down = new Promise((resolve) => (fall = resolve));
        settle(next);
        return tellChange();
      } catch (error) {
        if (stop.signal.aborted) return;
        const { message } = error as Error;
        if (message !== complaint)
          onOutage(new Error(`no other process could be started yet: ${message}`));
        complaint = message;
      }
    }
  };
  const ask = (text: string, params: unknown[] | null): Promise<readonly Result[]> =>
    new Promise((done, failed) => {
      if (stop.signal.aborted) return failed(new Error(CLOSED));
      const asked: Asked = { id: (lastId += 1), text, params };
      waiting.set(asked.id, { asked, done, failed });
      if (child !== undefined) send(child, asked);
    });

  settle(await startAtLast(cacheDir, stop.signal));
  return {
    query: async (text, params) => (await ask(text, params))[0] ?? { rows: [] },
    exec: (text) => ask(text, null),
    onNotification: (listener) => {
      heard.add(listener);
      return () => heard.delete(listener);
    },
    get up() {
      return child !== undefined;
    },
    down: () => down,
    answers: async () => {
      if (child === undefined) return false;
      const asked = ask('SELECT 1', null).then(
        () => true,
        () => false,
      );
      const patience = new AbortController();
      const late = pause(PATIENCE, false, { signal: patience.signal }).catch(() => false);
      return Promise.race([asked, down.then(() => false), late]).finally(() => patience.abort());
    },
    onChange: (listener) => void changed.push(listener),
    close: async () => {
      stop.abort();
      for (const { failed } of waiting.values()) failed(new Error(CLOSED));
      waiting.clear();
      if (child !== undefined) await end(child);
    },
  };
}

/** BullMQ knows a connection that ended by these words. */
const CLOSED = 'Connection is closed.';

/** Whether it arrives or not: where it does not, the process has ended, and the next one is asked. */
const send = (to: ChildProcess, asked: Asked): void => {
  if (to.connected) to.send(asked, () => undefined);
};

/** A process that somebody killed before it could say anything. */
class Killed extends Error {}
const MOST_STARTS = 4;

/** A kill is no reason of its own: it is started again, a few times. */
async function startAtLast(cacheDir: string, signal: AbortSignal): Promise<ChildProcess> {
  for (let starts = 1; ; starts++) {
    try {
      return await start(cacheDir, signal);
    } catch (error) {
      if (!(error instanceof Killed) || signal.aborted || starts === MOST_STARTS) throw error;
    }
  }
}

/** Started and open. Throws the reason where it is not, or `signal` says to stop. */
function start(cacheDir: string, signal: AbortSignal): Promise<ChildProcess> {
  const child = fork(program(), [cacheDir], {
    // Rows hold big integers.
    serialization: 'advanced',
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr
    ?.setEncoding('utf8')
    .on('data', (text: string) => (said = (said + text).slice(-500)));
  return new Promise((resolve, reject) => {
    const abort = (): void => void child.kill('SIGKILL');
    signal.addEventListener('abort', abort);
    const settle = (told: Told): void => {
      if (told.kind === 'unopened') said = told.reason;
      if (told.kind !== 'opened') return;
      child.off('message', settle);
      signal.removeEventListener('abort', abort);
      resolve(child);
    };
    child.on('message', settle);
    // One that could not be spawned; one that cannot be heard any more is of no use.
    child.on('error', reject).on('disconnect', () => child.kill('SIGKILL'));
    child.once('exit', (code, killer) => {
      signal.removeEventListener('abort', abort);
      const how = `its process ended (${killer ?? `exit code ${code}`})`;
      const words = said.trim();
      reject(words === '' && killer !== null ? new Killed(how) : new Error(words || how));
    });
  });
}

/** Resolves when it has ended. It holds nothing that anybody will miss. */
async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGKILL');
  await ended;
}

/** Built in any case: Node runs no TypeScript, and one file loads in less than many. */
function program(): string {
  try {
    return createRequire(import.meta.url).resolve('autolab/queue');
  } catch (error) {
    const { message } = error as Error;
    throw new Error(`expected AutoLab to be built: npm run build (${message})`, { cause: error });
  }
}
