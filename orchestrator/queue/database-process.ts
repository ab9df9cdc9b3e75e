import { setFlagsFromString } from 'node:v8';

import type { PGlite } from '@electric-sql/pglite';

import type { Result } from './pglite-pool.ts';

/**
 * The process that holds the embedded queue's database, started by `distantDatabase` with the
 * folder of the template. It ends with its parent, however that ends.
 */

/** What the parent asks: `params` null, where the text holds many statements. */
export interface Asked {
  readonly id: number;
  readonly text: string;
  readonly params: unknown[] | null;
}

export type Told =
  | { readonly kind: 'opened' }
  | { readonly kind: 'unopened'; readonly reason: string }
  | { readonly kind: 'results'; readonly id: number; readonly results: readonly Result[] }
  | { readonly kind: 'error'; readonly id: number; readonly error: QueryError }
  | { readonly kind: 'notification'; readonly channel: string; readonly payload: string };

/** What BullMQ reads of an error of PostgreSQL. */
export interface QueryError {
  readonly message: string;
  readonly code?: string | undefined;
  readonly detail?: string | undefined;
}

process.title = 'autolab queue';
// PGlite's program is compiled fast, not well: a quarter of the CPU time and 100 MB less for a night's few queries.
setFlagsFromString('--liftoff-only');
// Ctrl-C and a service manager's signal reach the whole group; the night's end is the parent's to say.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit());
// The parent may have gone while this file was loaded.
if (!process.connected) process.exit();

const tell = (told: Told, then?: () => void): void =>
  void process.send?.(told, undefined, {}, then);

async function main(cacheDir: string): Promise<void> {
  const { openDatabase } = await import('./database.ts');
  const database = await openDatabase(cacheDir);
  database.onNotification((channel, payload) => tell({ kind: 'notification', channel, payload }));
  process.on('message', (asked: Asked) => void answer(database, asked));
  tell({ kind: 'opened' });
}

async function answer(database: PGlite, { id, text, params }: Asked): Promise<void> {
  try {
    const results =
      params === null ? await database.exec(text) : [await database.query(text, params)];
    // What else PGlite returns, nobody reads.
    const slim = results.map(({ rows, affectedRows }) => ({ rows, affectedRows }));
    tell({ kind: 'results', id, results: slim });
  } catch (thrown) {
    const { message, code, detail } = thrown as QueryError;
    tell({ kind: 'error', id, error: { message, code, detail } });
  }
}

main(process.argv[2] ?? '').catch((error: unknown) => {
  const reason = error instanceof Error ? error.message : String(error);
  tell({ kind: 'unopened', reason }, () => process.exit(1));
});
