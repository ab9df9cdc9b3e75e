import type { Redis } from 'ioredis';

/** A client and every copy that BullMQ makes of it. */
export interface Clients {
  readonly client: Redis;
  /** Hangs up all of them, for good. */
  leave(): void;
}

/**
 * Gives `client` and its copies what BullMQ needs of them and ioredis does not do: an error that
 * nobody listens for is not printed (BullMQ listens only while it is open), and one that is told to
 * stop between two tries to come back refuses what waits, rather than forget it (BullMQ would sit
 * the 10 s of its reads out). None connects again once they are left: BullMQ brings one back whose
 * read hung for the time of an outage, although it was closed meanwhile, and it would keep the
 * process alive.
 */
export function wellBehaved(client: Redis): Clients {
  const all = new Set<Redis>();
  let left = false;
  const adopt = (one: Redis): Redis => {
    const duplicate = one.duplicate.bind(one);
    const disconnect = one.disconnect.bind(one);
    const connect = one.connect.bind(one);
    all.add(one);
    one.on('error', () => undefined);
    one.duplicate = (options) => adopt(duplicate(options));
    one.connect = (done) =>
      left ? Promise.reject(new Error('Connection is closed.')) : connect(done);
    one.disconnect = (reconnect) => {
      if (reconnect !== true && one.status === 'reconnecting') connect().catch(() => undefined);
      disconnect(reconnect);
    };
    if (left) one.disconnect();
    return one;
  };
  return {
    client: adopt(client),
    leave: () => {
      left = true;
      for (const each of all) each.disconnect();
    },
  };
}
