import { LabError } from '../orchestrator/domain/errors.ts';

/** What every list verb takes. */
export interface ListOptions {
  readonly json?: boolean;
  readonly verdict?: string;
  readonly status?: string;
  readonly night?: string;
  readonly limit?: number;
}

interface Listed {
  readonly night?: string | null;
  readonly verdict?: string | null;
  readonly status?: string | null;
}

/** Whether a row is one that the options ask for. */
const matching =
  ({ verdict, status, night }: ListOptions) =>
  (row: Listed): boolean =>
    (verdict === undefined || row.verdict === verdict) &&
    (status === undefined || row.status === status) &&
    (night === undefined || row.night === night);

/**
 * Filters a list. A filter whose value no row has is a mistake worth naming: throws LabError usage
 * with the values that there are.
 */
export function listed<Row extends Listed>(
  rows: readonly Row[],
  options: ListOptions,
): readonly Row[] {
  for (const key of ['verdict', 'status', 'night'] as const) {
    const wanted = options[key];
    const known = [...new Set(rows.map((row) => row[key]))].filter((value) => value !== null);
    if (wanted === undefined || rows.length === 0 || known.includes(wanted)) continue;
    const there = known.filter((value) => value !== undefined).join(', ') || 'none here';
    throw new LabError('usage', `expected --${key} to be one of: ${there}; found ${wanted}`);
  }
  const found = rows.filter(matching(options));
  return options.limit === undefined ? found : found.slice(-options.limit);
}
