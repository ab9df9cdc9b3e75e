import type { Sourced } from './fact.ts';
import { fell } from './phrases.ts';
import type { ExperimentRow, NightRecord } from './records.ts';

/** Ideas and the experiments that tested them: one idea may have been put on several incumbents. */

/** Whether it tests an idea: neither a baseline nor an arm of dawn that leaves one out. */
export const testsAnIdea = ({ row }: Sourced<ExperimentRow>): boolean =>
  row.id !== row.baseline && row.left_out === null;

/** The night's experiments that test an idea, in order of opening. */
export const candidatesOf = ({ experiments }: NightRecord): readonly Sourced<ExperimentRow>[] =>
  [...experiments.values()].filter(testsAnIdea);

/** Whether it puts a change on an incumbent that fell: what was measured before is the last word on it. */
const isInVain = (record: NightRecord, { row }: Sourced<ExperimentRow>): boolean =>
  row.reapplies !== null && row.parent !== null && fell(record, row.parent);

/** What put its change on a newer incumbent that stands, where something did. */
export const appliedAgain = (
  record: NightRecord,
  { row: { id } }: Sourced<ExperimentRow>,
): Sourced<ExperimentRow> | undefined =>
  [...record.experiments.values()].find(
    (one) => one.row.reapplies === id && !isInVain(record, one),
  );

/** The last word on each idea: what was put on a newer incumbent since is not in it. */
export function lastWords(record: NightRecord): readonly Sourced<ExperimentRow>[] {
  const candidates = candidatesOf(record).filter((one) => !isInVain(record, one));
  const again = new Set(candidates.map(({ row }) => row.reapplies));
  return candidates.filter(({ row }) => !again.has(row.id));
}

/** Whether the same change was tried later, on something newer: that is what counts. */
export const triedAgain = (record: NightRecord, { id, change }: ExperimentRow): boolean => {
  const all = candidatesOf(record)
    .filter((one) => !isInVain(record, one))
    .map(({ row }) => row);
  const same = all.filter((row) => JSON.stringify(row.change) === JSON.stringify(change));
  return same.at(-1)?.id !== id;
};

/** An experiment and those whose change it put on a newer incumbent, oldest first. */
export function lineOf(
  record: NightRecord,
  last: Sourced<ExperimentRow>,
): readonly Sourced<ExperimentRow>[] {
  const line: Sourced<ExperimentRow>[] = [];
  for (let at: Sourced<ExperimentRow> | undefined = last; at;) {
    line.unshift(at);
    at = at.row.reapplies === null ? undefined : record.experiments.get(at.row.reapplies);
  }
  return line;
}
