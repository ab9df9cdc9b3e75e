import { constants } from 'node:fs';
import { copyFile, mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

import { PGlite } from '@electric-sql/pglite';
import { dataDir } from '@electric-sql/pglite-prepopulatedfs';
import { assertSchemaCompatibility, DEFAULT_SCHEMA, runMigrations } from 'bullmq';

import { PglitePool } from './pglite-pool.ts';
import { throwAwayFolder } from './throwaway.ts';

/** What a whole template holds: what a crash or a cleaner took away shows in these. */
interface Inventory {
  readonly files: number;
  readonly bytes: number;
}

/** The channels that an opened database listens on: all that BullMQ's queues use. */
export const CHANNELS: readonly string[] = ['bullmq_jobs', 'bullmq_events'];
const LISTEN = CHANNELS.map((channel) => `LISTEN "${channel}"`).join('; ');

/**
 * Opens a migrated, empty BullMQ database in `folder/data`, a copy of the template that is kept
 * in `cacheDir` (made on first use; made anew where it is damaged). Copying costs a third of
 * making one. Throws what the file system or PGlite threw, with nothing left open.
 */
export async function openDatabase(cacheDir: string, folder: string): Promise<PGlite> {
  const template = join(cacheDir, `queue-${versions()}`);
  const data = join(folder, 'data');
  for (let attempt = 1; ; attempt += 1) {
    const found = await identity(template);
    try {
      await copyTemplate(template, data);
      return await open(data);
    } catch (error) {
      // Missing, damaged, or just being replaced: all end in a new one. What outlasts that is the disk's.
      if (attempt === 3) throw error;
      await rm(data, { recursive: true, force: true });
      await replaceTemplate(template, found);
    }
  }
}

async function open(data: string): Promise<PGlite> {
  const database = await PGlite.create({ dataDir: data });
  try {
    // Where files are missing PGlite opens a new, empty database without a word.
    const pool = new PglitePool(database);
    await assertSchemaCompatibility(pool);
    await pool.end();
    // BullMQ leaves the search path to whoever made the pool.
    await database.exec(`SET search_path TO "${DEFAULT_SCHEMA}"; ${LISTEN}`);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/**
 * Puts a new template where there is none, or in the place of the one that was found bad. One that
 * another process put there meanwhile stays: it may be copying it. Nobody ever sees half of one.
 */
async function replaceTemplate(template: string, bad: string | null): Promise<void> {
  const building = await throwAwayFolder(dirname(template), 'queue-building');
  try {
    const data = join(building, 'new', 'data');
    await mkdir(dirname(data));
    await build(data);
    await writeFile(join(building, 'new', 'inventory.json'), JSON.stringify(await takeStock(data)));
    if (bad !== null && (await identity(template)) === bad) {
      await rename(template, join(building, 'old')).catch(ignore('ENOENT'));
    }
    await rename(join(building, 'new'), template).catch(ignore('ENOTEMPTY', 'EEXIST', 'EPERM'));
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

/** Tells a template from another one at the same path; null where there is none. */
async function identity(template: string): Promise<string | null> {
  try {
    const { ino, ctimeMs } = await stat(template);
    return `${ino} ${ctimeMs}`;
  } catch {
    return null;
  }
}

async function build(data: string): Promise<void> {
  const database = await PGlite.create({ dataDir: data, loadDataDir: await dataDir() });
  try {
    const client = await new PglitePool(database).connect();
    await runMigrations(client);
    client.release();
    await database.exec('CHECKPOINT');
  } finally {
    await database.close();
  }
}

async function copyTemplate(template: string, to: string): Promise<void> {
  const from = join(template, 'data');
  const entries = await readdir(from, { recursive: true, withFileTypes: true });
  const target = (entry: { parentPath: string; name: string }): string =>
    join(to, relative(from, join(entry.parentPath, entry.name)));
  await mkdir(to, { recursive: true });
  for (const folder of entries.filter((entry) => entry.isDirectory())) {
    await mkdir(target(folder), { recursive: true });
  }
  // All settled, so that a failed copy is not written to while it is being removed.
  const copies = await Promise.allSettled(
    entries
      .filter((entry) => entry.isFile())
      // Shares the blocks where the file system can.
      .map((file) =>
        copyFile(join(file.parentPath, file.name), target(file), constants.COPYFILE_FICLONE),
      ),
  );
  for (const copy of copies) if (copy.status === 'rejected') throw copy.reason;
  const expected = JSON.parse(
    await readFile(join(template, 'inventory.json'), 'utf8'),
  ) as Inventory;
  const found = await takeStock(to);
  if (found.files !== expected.files || found.bytes !== expected.bytes) {
    throw new Error(
      `expected ${expected.files} files of ${expected.bytes} bytes in ${from}, found ${found.files} of ${found.bytes}`,
    );
  }
}

async function takeStock(folder: string): Promise<Inventory> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async (file) => (await stat(join(file.parentPath, file.name))).size),
  );
  return { files: files.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
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

function ignore(...codes: readonly string[]): (error: NodeJS.ErrnoException) => void {
  return (error) => {
    if (!codes.includes(error.code ?? '')) throw error;
  };
}
