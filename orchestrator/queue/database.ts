import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

import { PGlite } from '@electric-sql/pglite';

import { CHANNELS, PglitePool } from './pglite-pool.ts';
import { throwAwayFolder } from './throwaway.ts';

const LISTEN = CHANNELS.map((channel) => `LISTEN "${channel}"`).join('; ');

/** Where BullMQ looks for its tables by default. Written here too, since loading BullMQ takes a third of an open. */
const SCHEMA = 'bullmq';

/**
 * Opens a migrated, empty BullMQ database in memory: no full disk, and nobody who clears temporary
 * folders, can take it from under a night. It is loaded from a template that is kept in `cacheDir`
 * (made on first use; made anew where it is damaged): a fraction of making one. Throws what the
 * file system or PGlite threw, with nothing left open.
 */
export async function openDatabase(cacheDir: string): Promise<PGlite> {
  const template = join(cacheDir, `queue-${versions()}-${BUILD}.tar.gz`);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await open(await readFile(template));
    } catch (error) {
      // Missing or damaged: both end in a new one. What outlasts that is the disk's.
      if (attempt === 3) throw error;
      await replaceTemplate(template);
    }
  }
}

/** Counts up when `build` makes something else of the same versions. */
const BUILD = 2;

/** One session, and some hundred small rows: PostgreSQL would clear 130 MB of memory for more. */
const SMALL = ['shared_buffers=8MB', 'max_connections=4'].flatMap((setting) => ['-c', setting]);

async function open(template: Buffer): Promise<PGlite> {
  // Here, for its checksum: a damaged template is to be seen.
  const tar = await promisify(gunzip)(template);
  const database = await PGlite.create({
    loadDataDir: new Blob([tar]),
    startParams: [...PGlite.defaultStartParams, ...SMALL],
  });
  try {
    // BullMQ leaves the search path to whoever made the pool. The SELECT: where files are missing
    // PGlite opens a new, empty database without a word.
    await database.exec(`SET search_path TO "${SCHEMA}"; SELECT FROM job LIMIT 0; ${LISTEN}`);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Whoever reads or replaces it meanwhile has a whole one: the old, or the new. */
async function replaceTemplate(template: string): Promise<void> {
  const building = await throwAwayFolder(dirname(template), 'queue-building');
  try {
    const file = join(building, 'template');
    await writeFile(file, await build());
    await rename(file, template);
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

/** Loads what only the first open of a machine needs. */
async function build(): Promise<Buffer> {
  const [{ dataDir }, { runMigrations }] = await Promise.all([
    import('@electric-sql/pglite-prepopulatedfs'),
    import('./bullmq.ts'),
  ]);
  const database = await PGlite.create({ loadDataDir: await dataDir() });
  try {
    const client = await new PglitePool(database).connect();
    await runMigrations(client, SCHEMA);
    client.release();
    // Nobody makes a database from them, and every open would unpack their six hundred files.
    await database.exec(
      `UPDATE pg_database SET datistemplate = false WHERE datname LIKE 'template_'`,
    );
    for (const name of ['template0', 'template1']) await database.exec(`DROP DATABASE ${name}`);
    await database.exec('CHECKPOINT');
    return Buffer.from(await (await database.dumpDataDir('gzip')).arrayBuffer());
  } finally {
    await database.close();
  }
}

/** The data of one version of either is nothing for another. */
function versions(): string {
  return ['bullmq', '@electric-sql/pglite']
    .map((name) => `${name.split('/').pop()}-${versionOf(name)}`)
    .join('-');
}

function versionOf(name: string): string {
  const require = createRequire(import.meta.url);
  // PGlite exports no package.json, so by way of the file it does export.
  for (
    let folder = dirname(require.resolve(name));
    folder !== dirname(folder);
    folder = dirname(folder)
  ) {
    try {
      const found = require(join(folder, 'package.json')) as { name?: string; version?: string };
      if (found.name === name && found.version !== undefined) return found.version;
    } catch {
      // Not the package's top yet.
    }
  }
  throw new Error(`expected a package.json of ${name} above ${require.resolve(name)}, found none`);
}
