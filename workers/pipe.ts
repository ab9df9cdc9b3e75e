import { execFile } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

/** A pipe of the operating system: what is written to `input` comes out of `output`. */
export interface Pipe {
  /** For a child's stdio; to be closed here once the child has it. */
  readonly input: number;
  readonly output: Readable;
}

const run = promisify(execFile);

/**
 * Pipes for a child's output. Node's own are sockets, which cannot be opened again: under them
 * `tee /dev/stderr` and `open('/dev/stdout')` fail. Null where the system makes no FIFOs.
 */
export async function openPipes(count: number): Promise<readonly Pipe[] | null> {
  let folder: string | undefined;
  const made: Pipe[] = [];
  try {
    folder = await mkdtemp(join(tmpdir(), 'autolab-pipe-'));
    const paths = Array.from({ length: count }, (_, i) => join(folder ?? '', String(i)));
    await run('mkfifo', ['-m', '600', ...paths]);
    for (const path of paths) {
      // Opened without waiting for a writer, which then finds a reader.
      const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const output = new Socket({ fd, readable: true, writable: false });
      made.push({ input: openSync(path, constants.O_WRONLY), output });
    }
    return made;
  } catch {
    for (const { input, output } of made) {
      closeSync(input);
      output.destroy();
    }
    return null;
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}
