import { execFile } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { temporaryFolder } from '../system/temporary.ts';
import { ownName } from './processes.ts';

/** A pipe of the operating system: what is written to `input` comes out of `output`. */
export interface Pipe {
  /** For a child's stdio; to be closed here once the child has it. */
  readonly input: number;
  readonly output: Readable;
}

/** Both ends, open. Nothing of it is in the file system. */
interface Ends {
  readonly input: number;
  readonly output: number;
}

/** A process makes so many at once, for as many runs as half of them: each is used once. */
const STOCK = 16;
const run = promisify(execFile);
const stock: Ends[] = [];
let coming: Promise<boolean> | null = null;

/**
 * Pipes for a child's output. Node's own are sockets, which cannot be opened again: under them
 * `tee /dev/stderr` and `open('/dev/stdout')` fail. Null where the system makes no FIFOs.
 */
export async function openPipes(count: number): Promise<readonly Pipe[] | null> {
  while (stock.length < count) if (!(await more())) return null;
  const taken = stock.splice(0, count);
  return taken.map(({ input, output }) => ({
    input,
    output: new Socket({ fd: output, readable: true, writable: false }),
  }));
}

/** To be called while nobody waits: the next run finds its pipes made. */
export function makePipesReady(): void {
  if (stock.length < STOCK / 4) void more();
}

const more = (): Promise<boolean> =>
  (coming ??= stockUp().finally(() => {
    coming = null;
  }));

/** Whoever sweeps up after a kill can see by the folder's name that its process is dead. */
/** False where not all could be made. Never throws. */
async function stockUp(): Promise<boolean> {
  let folder: string | undefined;
  try {
    folder = await mkdtemp(join(temporaryFolder(), `autolab-pipe-${ownName()}-`));
    const paths = Array.from({ length: STOCK }, (_, i) => join(folder ?? '', String(i)));
    await run('mkfifo', ['-m', '600', ...paths]);
    for (const path of paths) stock.push(opened(path));
    return true;
  } catch {
    return false;
  } finally {
    if (folder !== undefined)
      await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

function opened(path: string): Ends {
  // Opened without waiting for a writer, which then finds a reader.
  const output = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return { input: openSync(path, constants.O_WRONLY), output };
  } catch (error) {
    closeSync(output);
    throw error;
  }
}
