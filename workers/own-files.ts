import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  readEnd,
  readStart,
  shortened,
  type EndFile,
  type OwnProcess,
} from '../orchestrator/domain/own-run-files.ts';
import { ORIGIN_FILE, readOrigin, type Origin } from '../orchestrator/domain/origin.ts';
import type { OwnStart } from '../orchestrator/domain/own-run.ts';
import type { Param } from '../orchestrator/domain/run.ts';
import { flatten, parseLiteral, type Literal, type Scalar } from './literal.ts';
import { paramsOf } from './params.ts';
import { openPlain } from './plain.ts';

/** The folder of a run of one's own, as whoever recorded it left it. Anybody may have written there. */

/** With the configuration that a logger was given. */
export interface OwnOpening {
  readonly start: OwnStart;
  readonly process: OwnProcess;
  readonly config: ReadonlyMap<string, Scalar>;
  readonly remarks: readonly string[];
}

/** A list of packages fits many times over. */
const MOST_BYTES = 16 << 20;
const MOST_PARAMS = 1000;

/** Null where there is no start.json. `fallback`, ISO 8601, is when it began where it does not say. */
export async function readOwnStart(folder: string, fallback: string): Promise<OwnOpening | null> {
  const found = await jsonIn(join(folder, 'start.json'));
  if (found === null) return null;
  const { params, ...rest } = readStart(found.value, fallback);
  const flat = flatten(params as Literal, MOST_PARAMS, true);
  const config = new Map(
    flat.map(([key, value]) => [key, typeof value === 'string' ? shortened(value) : value]),
  );
  return { ...rest, config };
}

/** Null where there is no end.json. */
export async function readOwnEnd(folder: string): Promise<EndFile | null> {
  const found = await jsonIn(join(folder, 'end.json'));
  return found && readEnd(found.value);
}

/** What an archive said of a run that was imported from one; null where it is of none, or of no use. */
export async function readOwnOrigin(folder: string): Promise<Origin | null> {
  const found = await jsonIn(join(folder, ORIGIN_FILE));
  try {
    return found && readOrigin(found.value);
  } catch {
    return null; // the import had read it: somebody changed it since, and the files say what they do
  }
}

/** What is known of its configuration before it says more. */
export const firstParams = ({ start, config }: OwnOpening): readonly Param[] =>
  paramsOf({ knobs: {}, words: start.command, env: {}, logged: config, printed: new Map() });

/** When anything was last written into the folder, milliseconds since 1970. */
export async function lastWritten(folder: string): Promise<number> {
  const names = await readdir(folder).catch((): string[] => []);
  const times = await Promise.all(
    ['.', ...names].map((name) =>
      lstat(join(folder, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.max(...times);
}

/** Null where there is no file; `value` undefined where it holds no JSON. */
async function jsonIn(file: string): Promise<{ readonly value: unknown } | null> {
  const handle = await openPlain(file);
  if (handle === null) return (await lstat(file).catch(() => null)) && { value: undefined };
  try {
    const { size } = await handle.stat();
    if (size > MOST_BYTES) return { value: undefined };
    return { value: parseLiteral(await handle.readFile('utf8')) };
  } catch {
    return { value: undefined };
  } finally {
    await handle.close();
  }
}
