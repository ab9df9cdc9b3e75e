import { Redis } from 'ioredis';
import type { RedisOptions } from 'ioredis';

import { LabError } from '../domain/errors.ts';
import { createRedisBackend } from './bullmq.ts';
import { wellBehaved, type Clients } from './redis-clients.ts';
import type { Remote, Store } from './store.ts';

/** Milliseconds until a server that does not answer counts as not there, and most between two tries to come back to it. */
const PATIENCE = 5000;
const LONGEST_PAUSE = 1000;

/** Milliseconds without an answer until a connection is made anew: above the 10 s that BullMQ's reads may block. */
const SILENCE = 20_000;

/** The first major version that has what BullMQ needs: streams, and blocking reads of sorted sets. */
const OLDEST = 5;

const PLACE = 'research_plan.yaml: queue';

/** The queue's server by its address, the password left out: fit for a message. */
export function addressOf(url: string): string {
  try {
    const { protocol, username, password, host, pathname } = new URL(url);
    const user = password === '' ? username : `${username}:***`;
    return `${protocol}//${user === '' ? '' : `${user}@`}${host}${pathname}`;
  } catch {
    return 'an address that is no URL';
  }
}

/**
 * Goes to the server once and comes back with its version. Throws LabError failed where it is not
 * there, lets nobody in, or is no Redis that BullMQ can use.
 */
export async function reachRedis(url: string): Promise<string> {
  const { version, leave } = await connect(url, () => null);
  leave();
  return version;
}

/**
 * Connects to a Redis and removes there what begins with `leftovers`. Its close() removes what
 * begins with `prefix`, if the server is there. Throws as `reachRedis` does.
 *
 * `onOutage` is told once of each; the connections come back by themselves.
 */
export async function redisStore(
  url: string,
  {
    prefix,
    leftovers,
    onOutage,
  }: {
    readonly prefix: string;
    readonly leftovers: string;
    readonly onOutage: (error: Error) => void;
  },
): Promise<Store<Redis>> {
  let closing = false;
  const { client, leave } = await connect(url, (tries) =>
    closing ? null : Math.min(20 * 2 ** tries, LONGEST_PAUSE),
  );
  await remove(client, leftovers);
  const remote = remoteOf(client, () => {
    if (!closing) onOutage(outage(url));
  });
  return {
    connection: client,
    backend: createRedisBackend,
    exclusive: false,
    prefix,
    remote,
    close: async () => {
      closing = true;
      // An outage in the middle of it leaves the keys to the lab's next queue.
      if (await remote.answers())
        await within(SILENCE, remove(client, prefix)).catch(() => undefined);
      leave();
    },
  };
}

function outage(url: string): Error {
  return new Error(
    `lost the connection to ${addressOf(url)}; what runs goes on, and what waits goes on when the server is back`,
  );
}

function remoteOf(client: Redis, onOutage: () => void): Remote {
  const listeners: (() => void)[] = [];
  let fall: () => void = () => undefined;
  let down = new Promise<void>((resolve) => (fall = resolve));
  let up = true;
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  client.on('close', () => {
    if (!up) return;
    onOutage();
    up = false;
    fall();
    tell();
  });
  client.on('ready', () => {
    if (up) return;
    up = true;
    down = new Promise<void>((resolve) => (fall = resolve));
    tell();
  });
  return {
    get reachable() {
      return up;
    },
    answers: async () => {
      if (!up) return false;
      return within(PATIENCE, client.ping()).then(
        () => true,
        () => false,
      );
    },
    unreachable: () => down,
    onChange: (listener) => void listeners.push(listener),
    lockHolder: (key) => client.get(key),
    isOutage: (error) => !up || isOutage(error),
  };
}

/** Connected, of a version that will do; `pauses` says the milliseconds before each try to come back. */
async function connect(
  url: string,
  pauses: (tries: number) => number | null,
): Promise<Clients & { version: string }> {
  if (!(URL.canParse(url) && /^rediss?:$/.test(new URL(url).protocol)))
    throw new LabError(
      'failed',
      `expected queue to be embedded or an address such as redis://host:6379, found ${addressOf(url)}. Write it as redis://user:password@host:port/db, what is special in a password %-encoded.`,
      PLACE,
    );
  let begun = false;
  const clients = wellBehaved(
    new Redis(url, {
      // A command waits for the server to come back, however long.
      maxRetriesPerRequest: null,
      connectTimeout: PATIENCE,
      socketTimeout: SILENCE,
      retryStrategy: (tries) => (begun ? pauses(tries) : null),
    } satisfies RedisOptions),
  );
  try {
    const version = await within(PATIENCE, firstAnswer(clients.client));
    begun = true;
    return { ...clients, version };
  } catch (error) {
    clients.leave();
    throw new LabError(
      'failed',
      `expected a Redis ${OLDEST} or newer for the queue at ${addressOf(url)}, found: ${reason(error)}. Start it, correct queue in the plan, or write queue: embedded.`,
      PLACE,
      error,
    );
  }
}

/** Several addresses that all refused make one error without a message. */
const reason = (error: unknown): string =>
  error instanceof Error
    ? (error.message || String((error as { code?: unknown }).code)).replace(/\.+$/, '')
    : String(error);

/** The server's version, once it is ready and has the database that was asked for. */
async function firstAnswer(client: Redis): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    client.on('error', reject);
    client.once('ready', resolve);
    client.once('end', () => reject(new Error('it hung up')));
  });
  // The client itself goes on in database 0 where this one is missing.
  await client.select(client.options.db ?? 0);
  const [, version = ''] = /^redis_version:(\S+)/m.exec(await client.info('server')) ?? [];
  if (!(Number.parseInt(version, 10) >= OLDEST)) throw new Error(`version ${version || 'unknown'}`);
  return version;
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no answer within ${milliseconds / 1000} s`)),
      milliseconds,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

const OUTAGES = new Set(
  'ECONNREFUSED ECONNRESET EPIPE ETIMEDOUT ENOTFOUND EAI_AGAIN EHOSTUNREACH ENETUNREACH'.split(' '),
);
const isOutage = (error: Error & { code?: unknown }): boolean =>
  OUTAGES.has(String(error.code)) || error.message === 'Connection is closed.';

async function remove(client: Redis, prefix: string): Promise<void> {
  const pages = client.scanStream({
    match: `${prefix.replace(/[*?[\]\\]/g, '\\$&')}*`,
    count: 1000,
  });
  for await (const keys of pages as AsyncIterable<string[]>) {
    if (keys.length > 0) await client.unlink(...keys);
  }
}
