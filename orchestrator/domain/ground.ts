import type { DataIdentity } from './event.ts';
import type { Environment } from './run.ts';

/** What numbers are made under besides plan and commit. */
export interface Ground {
  readonly data: readonly DataIdentity[];
  readonly machine: string;
  /** Null or absent: nobody looked. */
  readonly environment?: Environment | null;
}

/** Whether what was measured there speaks of here. Where nobody looked, the machine's words have to do. */
export const sameGround = (a: Ground, b: Ground): boolean =>
  a.machine === b.machine &&
  (!a.environment || !b.environment || a.environment.hard === b.environment.hard) &&
  changedData(a.data, b.data).length === 0;

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
