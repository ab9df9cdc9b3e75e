import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

const HOW = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Opens a file in a run's folder to read. Null where it is gone, may not be read, is a link, or is no
 * plain file: a script may have put a pipe in its place, and would hold up for ever who opens that.
 */
export async function openPlain(file: string): Promise<FileHandle | null> {
  const handle = await open(file, HOW).catch(() => null);
  if (handle === null) return null;
  const isFile = await handle.stat().then(
    (found) => found.isFile(),
    () => false,
  );
  if (isFile) return handle;
  await handle.close();
  return null;
}
