import type { PgPool } from 'bullmq';

import { createPostgresBackend } from './bullmq.ts';
import type { DistantDatabase } from './distant-database.ts';
import { CHANNELS, PglitePool } from './pglite-pool.ts';
import type { Remote, Store } from './store.ts';

/** BullMQ's PostgreSQL backend on a PGlite that belongs to this process alone, and lives in another. */
export function embeddedStore(database: DistantDatabase): Store<PgPool> {
  const remote: Remote = {
    get reachable() {
      return database.up;
    },
    answers: () => database.answers(),
    unreachable: () => database.down(),
    onChange: (listener) => database.onChange(listener),
    lockHolder: () => Promise.resolve(null),
    isOutage: () => !database.up,
  };
  const pool = new PglitePool(database, CHANNELS);
  const close = async (): Promise<void> => {
    await database.close();
    await pool.end();
  };
  return { connection: pool, backend: createPostgresBackend, exclusive: true, remote, close };
}
