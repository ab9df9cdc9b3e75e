import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { extract, list, type ReadEntry } from 'tar';
import { LabError } from '../../domain/errors.ts';
import { ORIGIN_FILE, readOrigin, type Origin } from '../../domain/origin.ts';
import type { Foreign } from '../../domain/own-run.ts';
import { writeWhole } from '../../../workers/files.ts';
import { parseLiteral } from '../../../workers/literal.ts';
import { RUN_FILES } from '../export.ts';
import type { Importer } from './foreign.ts';

/** Archives that `autolab export` wrote, and that anybody may have changed since. */

export interface Archive {
  readonly file: string;
  readonly origin: Origin;
  /** Of its origin.json. */
  readonly sha256: string;
}

const MOST_BYTES = 256 << 20;
const PLAIN: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile']);

/** What an archive says, without unpacking it. Throws LabError usage where it is none of ours. */
export async function readArchive(file: string): Promise<Archive> {
  const parts: Buffer[] = [];
  let size = 0;
  const onReadEntry = (entry: ReadEntry): void => {
    if (entry.path !== ORIGIN_FILE || !PLAIN.has(entry.type)) return entry.resume();
    entry.on('data', (part: Buffer) => {
      size += part.length;
      if (size <= MOST_BYTES) parts.push(part);
    });
  };
  try {
    await list({ file, strict: true, onReadEntry });
  } catch (error) {
    throw refused(file, 'an archive of autolab export (.tar.gz)', (error as Error).message);
  }
  if (parts.length === 0 || size > MOST_BYTES)
    throw refused(file, `${ORIGIN_FILE} in it, as autolab export writes it`, 'none');
  const text = Buffer.concat(parts);
  try {
    const origin = readOrigin(parseLiteral(text.toString('utf8')));
    return { file, origin, sha256: createHash('sha256').update(text).digest('hex') };
  } catch (error) {
    throw refused(file, 'what autolab export writes', (error as Error).message);
  }
}

/**
 * Unpacks it as a run of one's own. Only plain files and folders that a run has, whatever else the
 * archive holds; end.json is written last. Throws LabError damaged where an artifact is not what its record says.
 */
export async function unpackRun(
  folder: string,
  { file, origin }: Archive,
  foreign: Foreign,
  importer: Importer,
): Promise<readonly string[]> {
  const { start, end } = origin;
  const opened = { version: 1, ...start, untracked: [], packages: null, params: {} };
  const mine = { source: 'import', foreign };
  // While it is unpacked it is this process', and an import that is killed leaves a run that was.
  await writeWhole(join(folder, 'start.json'), pretty({ ...opened, ...importer, ...mine }));
  const left = await unpack(folder, file);
  for (const { name, sha256 } of origin.artifacts) {
    if (isAbsolute(name) || name.split('/').includes('..'))
      throw refused(file, 'artifacts below artifacts/', name);
    const found = await hashOf(join(folder, 'artifacts', name));
    if (found === null) left.push(`${name}: the archive does not hold this artifact`);
    else if (found !== sha256)
      throw new LabError(
        'damaged',
        `${file}: expected artifact ${name} with SHA-256 ${sha256}, found ${found}: export it again`,
        file,
      );
  }
  const { ended, exit_code, signal, seconds } = end;
  const nobody = { id: importer.id, pid: null, process_started: null };
  await writeWhole(join(folder, 'start.json'), pretty({ ...opened, ...nobody, ...mine }));
  await writeWhole(
    join(folder, 'end.json'),
    pretty({
      ...{ version: 1, ended, exit_code, signal, seconds },
      ...{ error: end.failure?.message ?? null, traceback: end.failure?.traceback ?? null },
    }),
  );
  return left;
}

/** Plain files and folders that a run has, whatever else there is. Returns what was left out. */
async function unpack(folder: string, file: string): Promise<string[]> {
  const left: string[] = [];
  try {
    await extract({
      ...{ file, cwd: folder, strict: true, noMtime: false, preserveOwner: false },
      filter: (path, entry) => {
        const type = 'type' in entry ? entry.type : '';
        const mine = [ORIGIN_FILE, ...RUN_FILES].includes(path.split('/', 1)[0] ?? '');
        const plain = PLAIN.has(type) || type === 'Directory';
        if (!mine || !plain) left.push(`${path} was left out: no run has such a file`);
        return mine && plain;
      },
    });
  } catch (error) {
    throw refused(file, 'an archive of autolab export', (error as Error).message);
  }
  return left;
}

/** Null where there is no such plain file. */
async function hashOf(path: string): Promise<string | null> {
  if (!(await lstat(path).catch(() => null))?.isFile()) return null;
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

const pretty = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const refused = (file: string, expected: string, found: string): LabError =>
  new LabError('usage', `${file}: expected ${expected}, found ${found}`, file);
