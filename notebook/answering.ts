import { LabError } from '../orchestrator/domain/errors.ts';
import type { Rows } from '../orchestrator/domain/ports.ts';
import { emptyManifest, readManifest, type Manifest } from './manifest.ts';
import type { Answer, Answerer, Limits } from './query.ts';
import { migrationsFrom, type Schema } from './schema.ts';
import { createVerifier } from './verify.ts';
import type { Source } from './warm.ts';

/** Questions to a notebook that another process may be writing. */

/** What of it is looked at before a question is answered. */
export type Seen = Pick<Source, 'contents' | 'events' | 'recorded'>;

/** Called before each try; `again`: the files have changed under the one before. */
export type Look = (again: boolean) => Promise<Seen>;

/** How often the files may change under a question before it is answered without those that are gone. */
const TRIES = 3;

export interface AnsweringOptions {
  readonly schema: Schema;
  readonly limits?: Limits | undefined;
  readonly runsDir: string;
  /** What could not be read and was left out of an answer comes in here, in words. */
  readonly warnings: Set<string>;
}

/**
 * Answers one SELECT about the notebook at `dir`. Loads no DuckDB before the first question. Throws
 * LabError usage for SQL that cannot be answered, refused for a newer AutoLab's notebook, and what
 * `look` throws.
 */
export function answering(
  dir: string,
  { schema, limits, runsDir, warnings }: AnsweringOptions,
): (sql: string, look: Look) => Promise<Rows> {
  const verify = createVerifier(dir);
  let answerer: Promise<Answerer> | undefined;

  async function manifestNow(): Promise<Manifest> {
    const manifest = await readManifest(dir).catch((error: unknown) => {
      if (!(error instanceof LabError)) throw error;
      warnings.add(error.message);
      return null;
    });
    if (manifest) migrationsFrom(schema, manifest.schema, dir);
    return manifest ?? emptyManifest(schema);
  }

  async function answered(sql: string, look: Look, tries: number): Promise<Answer> {
    const now = await look(tries < TRIES);
    const manifest = await manifestNow();
    const overtaken = async (): Promise<boolean> =>
      tries > 1 && (await manifestNow()).generation !== manifest.generation;
    try {
      // Verbs that ask nothing load nothing of this.
      answerer ??= import('./query.ts').then(({ createAnswerer }) => createAnswerer(dir));
      const source = { ...now, manifest, runsDir, verify };
      const found = await (await answerer).answer(sql, source, limits);
      if (found.warnings.length === 0 || !(await overtaken())) return found;
    } catch (error) {
      if (!(await overtaken())) throw error;
    }
    return answered(sql, look, tries - 1);
  }

  return async (sql, look) => {
    const found = await answered(sql, look, TRIES);
    for (const warning of found.warnings) warnings.add(warning);
    return found.rows;
  };
}
