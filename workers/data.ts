import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { DataIdentity } from '../orchestrator/domain/event.ts';
import { remember } from './files.ts';
import { MOST_FILES, ownPlaces } from './links.ts';
import { fingerprint, snapshot, type Snapshot } from './walk.ts';

const cached = z.object({
  fingerprint: z.string(),
  identity: z.object({
    path: z.string(),
    files: z.number(),
    bytes: z.number(),
    sha256: z.string(),
  }),
});

/**
 * What a linked path (from the lab's top) holds, by content. Hashing is skipped where no name,
 * size or time of change moved since `cacheDir` last heard of it. A path that is not there has
 * no files. `looked` is what a look of just now found there.
 */
export async function dataIdentity(
  root: string,
  path: string,
  cacheDir: string,
  looked?: Snapshot,
): Promise<DataIdentity> {
  const top = await realpath(join(root, path)).catch(() => join(root, path));
  const whole = looked !== undefined && looked.size < MOST_FILES;
  const seen = whole ? looked : await snapshot(top, await ownPlaces(root));
  const print = fingerprint(seen);
  const folder = join(cacheDir, 'identities');
  const file = join(folder, `${createHash('sha256').update(top).digest('hex').slice(0, 24)}.json`);
  const known = cached.safeParse(await readJson(file));
  if (known.success && known.data.fingerprint === print) return { ...known.data.identity, path };
  const identity = { path, ...(await contentOf(top, seen)) };
  await remember(file, JSON.stringify({ fingerprint: print, identity }));
  return identity;
}

async function contentOf(top: string, seen: Snapshot): Promise<Omit<DataIdentity, 'path'>> {
  const whole = createHash('sha256');
  let files = 0;
  let bytes = 0;
  for (const [path, state] of seen) {
    const size = /^(\d+)@/.exec(state)?.[1];
    files++;
    bytes += Number(size ?? 0);
    const content =
      size === undefined
        ? `-> ${state}`
        : await sha256Of(join(top, path)).catch(() => 'unreadable');
    whole.update(`${path}\0${content}\0`);
  }
  return { files, bytes, sha256: whole.digest('hex') };
}

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }))
    hash.update(chunk as Buffer);
  return hash.digest('hex');
}

const readJson = async (file: string): Promise<unknown> => {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as unknown;
  } catch {
    return null;
  }
};
