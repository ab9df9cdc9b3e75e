import { runs } from '../notebook/tables/runs.ts';
import { runRow } from '../notebook/rows.ts';
import { byNumber } from '../orchestrator/domain/ids.ts';
import { experimentIn } from '../orchestrator/domain/state.ts';
import { readNoticing, takeInWhatWaits } from '../orchestrator/lab/own/reading.ts';
import { standing } from '../orchestrator/lab/standing.ts';
import { endIn, failureIn } from './ends.ts';
import type { ListOptions } from './list.ts';
import { printList, type Shown } from './list/print.ts';
import { remark } from './output.ts';
import { duration, short } from './table.ts';

/** `autolab runs`: every run of the nights in id order, then those of one's own. */
export async function run(_args: readonly string[], options: ListOptions): Promise<number> {
  const read = await readNoticing(process.cwd());
  const { lab, state } = read;
  read.remarks.forEach(remark);
  const { run: shown } = await standing(lab);
  const ofNights = [...state.runs.keys()].toSorted(byNumber);
  const own = [...state.own.keys()].toSorted(byNumber);
  const listing = {
    table: runs,
    rows: [
      ...ofNights.map((id) => () => shown(runRow(state, id))),
      ...own.map((id) => () => runRow(state, id)),
    ],
    statuses: STATUSES,
    facetsOf: (row: Row) => {
      // A run of one's own belongs to none, and to no line or night.
      const of = row.experiment === null ? null : experimentIn(state, row.experiment as 'E-0000');
      // As it stands in the list, too: `pruned`, or the class of its failure.
      const statuses = [row.status, endIn(row), row.failure ?? row.status];
      const { night, tags, started: began } = row;
      const verdict = of?.judgement?.verdict ?? null;
      return { statuses, verdict, night, line: of?.line ?? null, tags, began };
    },
  };
  printList(listing, COLUMNS, options, state);
  (await takeInWhatWaits(read)).forEach(remark);
  return 0;
}

type Row = ReturnType<typeof runRow>;

const STATUSES = [
  ...['queued', 'running', 'finished', 'failed', 'killed', 'pruned'],
  ...['idea', 'infrastructure', 'timeout', 'out_of_memory', 'not_a_number', 'no_metric', 'invalid'],
];

const COLUMNS: readonly Shown<Row>[] = [
  { name: 'id', title: 'id', cell: (row) => row.id, importance: 10 },
  {
    ...{ name: 'status', title: 'status', importance: 9 },
    cell: (row) => failureIn(row) ?? endIn(row),
  },
  {
    ...{ name: 'seed', title: 'seed', right: true, importance: 6 },
    cell: (row) => String(row.seed ?? ''),
  },
  {
    ...{ name: 'objective', title: 'objective', right: true, importance: 8 },
    cell: (row) => short(row.objective),
  },
  {
    ...{ name: 'seconds', title: 'took', right: true, importance: 5 },
    cell: (row) => duration(row.seconds),
  },
  {
    ...{ name: 'tags', title: 'tags', importance: 4, unlessEmpty: true },
    cell: (row) => row.tags.join(' '),
  },
  { name: 'name', title: 'name', cell: (row) => row.name, flexible: true, importance: 7 },
];
