import type { Objective } from '../orchestrator/domain/plan.ts';
import type { Artifact } from '../orchestrator/domain/run.ts';
import type { LoggedArtifact } from './logged.ts';
import { keyMeant, type MetricsReader } from './metrics.ts';
import { readPoints } from './points.ts';

/** What a logger saved among a run's artifacts, and which checkpoint was the best. */

/**
 * Artifacts with how they were saved. Their own bytes count, whatever was logged of them: where
 * the two differ, that is said.
 */
export function withSaved(
  artifacts: readonly Artifact[],
  logged: readonly LoggedArtifact[],
  onRemark: (text: string) => void,
): readonly Artifact[] {
  const byPath = new Map(logged.map((one) => [one.path, one]));
  const found = new Set<string>();
  const known = artifacts.map((artifact): Artifact => {
    const one = above(`artifacts/${artifact.name}`)
      .map((path) => byPath.get(path))
      .find((each) => each !== undefined);
    if (one === undefined) return artifact;
    const { as, version, kind, step } = one;
    found.add(one.path);
    if (one.sha256 !== null && one.sha256 !== artifact.sha256)
      onRemark(`${artifact.name} is not what was saved as ${as}:v${version}: it was changed since`);
    return { ...artifact, saved: { as, version, kind, step } };
  });
  const gone = logged.filter(({ path }) => !found.has(path));
  if (gone.length > 0)
    onRemark(`saved, and no longer there: ${gone.map(({ path }) => path).join(', ')}`);
  return known;
}

/** The path and all folders above it: a folder may have been saved as a whole. */
const above = (path: string): readonly string[] =>
  path.split('/').map((_, i, segments) => segments.slice(0, segments.length - i).join('/'));

export interface BestCheckpoint {
  readonly step: number;
  /** The objective there. */
  readonly value: number;
  readonly artifacts: readonly Artifact[];
}

/**
 * A checkpoint is worth what the objective was when it was last logged at or before its step. The
 * best one by the plan's direction, the earlier where two are worth the same; null where no
 * checkpoint has a step, or the objective was logged at none. Later points of a step count.
 */
export async function bestCheckpoint(
  ndjson: string,
  series: MetricsReader['series'],
  { metric, direction }: Objective,
  artifacts: readonly Artifact[],
): Promise<BestCheckpoint | null> {
  const saved = artifacts.filter((one) => stepOf(one) !== null);
  const key = keyMeant(series, metric);
  if (saved.length === 0 || key === null) return null;
  const steps = [...new Set(saved.map((one) => stepOf(one) as number))].toSorted((a, b) => a - b);
  const values = await valuesAt(ndjson, key, steps);
  const sign = direction === 'minimize' ? 1 : -1;
  let best: { step: number; value: number } | null = null;
  for (const [i, value] of values.entries()) {
    if (value === null || !Number.isFinite(value)) continue;
    if (best === null || sign * value < sign * best.value)
      best = { step: steps[i] as number, value };
  }
  if (best === null) return null;
  const { step } = best;
  return { ...best, artifacts: saved.filter((one) => stepOf(one) === step) };
}

const stepOf = ({ saved }: Artifact): number | null =>
  saved?.kind === 'checkpoint' ? saved.step : null;

/** The value of a metric when it was last logged at or before each of some rising steps. */
async function valuesAt(
  ndjson: string,
  key: string,
  steps: readonly number[],
): Promise<readonly (number | null)[]> {
  const last = steps.map((): { at: number; value: number } | null => null);
  try {
    for await (const points of readPoints(ndjson))
      for (const point of points) {
        if (point.key !== key || point.step === null) continue;
        const i = firstFrom(steps, point.step);
        if (i < last.length && point.step >= (last[i]?.at ?? 0))
          last[i] = { at: point.step, value: point.value };
      }
  } catch {
    return []; // the script took the file away, which is said elsewhere
  }
  // Where nothing was logged since the last checkpoint, that one's value is the newest.
  for (const [i, found] of last.entries()) last[i] = found ?? last[i - 1] ?? null;
  return last.map((found) => found?.value ?? null);
}

/** Index of the first step that is not before `step`; their number where all are. */
function firstFrom(steps: readonly number[], step: number): number {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle] as number) < step) low = middle + 1;
    else high = middle;
  }
  return low;
}
