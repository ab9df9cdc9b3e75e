import { holderOf } from '../../notebook/lock.ts';
import type { Lab } from './lab.ts';

/**
 * How things stand beyond the journal's word: a launch that died could not record that its runs
 * ended. While nobody holds the lab nothing runs, whatever the last record says.
 */

type Shown = <Row extends { readonly status: string }>(
  row: Row,
) => Omit<Row, 'status'> & { readonly status: string };

/** Rows as they are to be shown now. */
export interface Standing {
  /** A run that was cut off is `queued`: the next launch closes the attempt and starts it again. */
  readonly run: Shown;
  /** An experiment whose run was cut off is `prepared`. */
  readonly experiment: Shown;
  /** A hypothesis whose experiment was begun waits for the next launch. */
  readonly hypothesis: <Row extends { readonly standing: string }>(row: Row) => Row;
}

/** Looks at the lab's lock; reads nothing else. */
export const standing = async ({ notebookDir }: Pick<Lab, 'notebookDir'>): Promise<Standing> =>
  standingWhere((await holderOf(notebookDir)) !== null);

/** `held`: whether a living process holds the lab. */
export const standingWhere = (held: boolean): Standing => ({
  run: instead('queued', held),
  experiment: instead('prepared', held),
  hypothesis: (row) => (held || row.standing !== 'running' ? row : { ...row, standing: 'queued' }),
});

const instead =
  (status: string, held: boolean): Shown =>
  (row) =>
    held || row.status !== 'running' ? row : { ...row, status };
