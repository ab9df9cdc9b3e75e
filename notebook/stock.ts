import { LabError } from '../orchestrator/domain/errors.ts';
import type { State } from '../orchestrator/domain/state.ts';
import { emptyManifest, readManifest, type Manifest } from './manifest.ts';
import { mend, regather, unsealed } from './mend.ts';
import type { Problem } from './problem.ts';
import { migrationsFrom, type Schema } from './schema.ts';

export interface Found {
  readonly manifest: Manifest;
  /** It was there and could be read. */
  readonly whole: boolean;
  /** Why it could not be read. */
  readonly problem: string | null;
}

/** The manifest on disk, or an empty one. Throws LabError refused where a newer AutoLab wrote it. */
export async function findManifest(dir: string, schema: Schema): Promise<Found> {
  try {
    const manifest = await readManifest(dir);
    if (manifest) migrationsFrom(schema, manifest.schema, dir);
    return { manifest: manifest ?? emptyManifest(schema), whole: manifest !== null, problem: null };
  } catch (error) {
    if (!(error instanceof LabError) || error.code !== 'damaged') throw error;
    return { manifest: emptyManifest(schema), whole: false, problem: error.message };
  }
}

export interface Stock {
  readonly manifest: Manifest;
  /** Damage, to be raised as alerts. */
  readonly problems: readonly Problem[];
  /** What is merely worth knowing. */
  readonly remarks: readonly string[];
}

/** What of the sealed files can be used: all, all but the damaged, or none where the manifest is lost. */
export async function takeStock(
  dir: string,
  { manifest, whole, problem }: Found,
  state: State,
  runsDir: string,
  schema: Schema,
): Promise<Stock> {
  if (!whole) {
    const { manifest: gathered, lost } = await regather(dir, manifest, state, runsDir);
    const texts = problem === null ? [] : [problem];
    if (lost.length > 0) texts.push(`no manifest names the ${lost.join(', the ')}: they are lost`);
    return {
      manifest: gathered,
      problems: texts.map((text) => ({ text, run: null })),
      remarks: [],
    };
  }
  const mended = await mend(dir, manifest, state, runsDir);
  const steps = migrationsFrom(schema, manifest.schema, dir);
  if (steps.length === 0) return { ...mended, remarks: [] };
  return {
    manifest: { ...unsealed(mended.manifest), schema: schema.version },
    problems: mended.problems,
    remarks: steps.map(
      ({ from, what }) => `the notebook was brought from schema ${from} to ${from + 1}: ${what}`,
    ),
  };
}
