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
export const matching =
  ({ verdict, status, night }: ListOptions) =>
  (row: Listed): boolean =>
    (verdict === undefined || row.verdict === verdict) &&
    (status === undefined || row.status === status) &&
    (night === undefined || row.night === night);

/** The newest `limit` rows, still in id order. */
export const limited = <Row>(rows: readonly Row[], { limit }: ListOptions): readonly Row[] =>
  limit === undefined ? rows : rows.slice(-limit);
