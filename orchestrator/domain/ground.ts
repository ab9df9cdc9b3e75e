import type { DataIdentity } from './event.ts';
import type { Environment } from './run.ts';

/** What numbers are made under besides plan and commit. */
export interface Ground {
  readonly data: readonly DataIdentity[];
  readonly machine: string;
  /** Null or absent: nobody looked. */
  readonly environment?: Environment | null;
}

/** Whether numbers compare as far as devices, limits and threads go; where nobody looked, they do. */
export const sameHard = (a: Pick<Ground, 'environment'>, b: Pick<Ground, 'environment'>): boolean =>
  !a.environment || !b.environment || a.environment.hard === b.environment.hard;

/** Whether what was measured there speaks of here. Where nobody looked, the machine's words have to do. */
export const sameGround = (a: Ground, b: Ground): boolean =>
  a.machine === b.machine && sameHard(a, b) && changedData(a.data, b.data).length === 0;

/** Paths of which only one knows, or whose contents differ. */
export function changedData(
  before: readonly DataIdentity[],
  now: readonly DataIdentity[],
): readonly string[] {
  const known = new Map(before.map((data) => [data.path, data.sha256]));
  const changed = now.filter((data) => known.get(data.path) !== data.sha256);
  const gone = before.filter((data) => !now.some((other) => other.path === data.path));
  return [...changed, ...gone].map((data) => data.path);
}
