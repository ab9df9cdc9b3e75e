import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { LookUp, Paper, PaperSource } from './source.ts';
import type { Time } from './turns.ts';

/**
 * A source whose replies are kept on disk. What is a week old is asked for anew, and is still good
 * where nobody answers. That nobody answered is remembered too, for ten minutes: a machine without
 * a network does not wait for it again and again, and a round that is cut off and begun anew is
 * told the same.
 */
export function cached(
  source: PaperSource,
  name: string,
  folder: string,
  { now }: Pick<Time, 'now'>,
): PaperSource {
  const through = async <T>(
    question: readonly (string | number)[],
    kept: z.ZodType<T>,
    ask: () => Promise<LookUp<T>>,
    signal?: AbortSignal,
  ): Promise<LookUp<T>> => {
    const key = createHash('sha256')
      .update(JSON.stringify([name, ...question]))
      .digest('hex');
    const file = join(folder, `${key.slice(0, 32)}.json`);
    const known = await read(file, recordOf(kept));
    if (known?.reply && now() - known.reply.at < FRESH_MS) return { found: known.reply.found };
    const failing = known?.failed && now() - known.failed.at < QUIET_MS ? known.failed : null;
    const answer = failing ? { failure: failing.because } : await ask();
    if ('found' in answer) await write(file, { reply: { at: now(), ...answer } });
    else if (!failing && !signal?.aborted)
      await write(file, { ...known, failed: { at: now(), because: answer.failure } });
    return 'failure' in answer && known?.reply ? { found: known.reply.found } : answer;
  };
  return {
    search: (query, most, signal) => {
      const ask = () => source.search(query, most, signal);
      return through(['search', query, most], z.array(PAPER), ask, signal);
    },
    paper: (id, signal) =>
      through(['paper', id], PAPER.nullable(), () => source.paper(id, signal), signal),
  };
}

const FRESH_MS = 7 * 24 * 3_600_000;
const QUIET_MS = 10 * 60_000;

const PAPER: z.ZodType<Paper> = z.object({
  id: z.string(),
  title: z.string(),
  abstract: z.string(),
  link: z.string(),
  published: z.string().nullable(),
});

const recordOf = <T>(kept: z.ZodType<T>) =>
  z.object({
    reply: z.object({ at: z.number(), found: kept }).optional(),
    failed: z.object({ at: z.number(), because: z.string() }).optional(),
  });

/** Null where there is none, or none that can be used: it is only a cache. */
async function read<T>(file: string, schema: z.ZodType<T>): Promise<T | null> {
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  }
}

/** A cache that cannot be written is none, and no failure. */
async function write(file: string, record: unknown): Promise<void> {
  const beside = `${file}.${process.pid}`;
  try {
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(beside, JSON.stringify(record));
    await rename(beside, file);
  } catch {
    // The next look-up asks again.
  }
}
