import { experiments } from '../notebook/tables/experiments.ts';
import { experimentRow } from '../notebook/rows.ts';
import { byNumber } from '../orchestrator/domain/ids.ts';
import { readLabState } from '../orchestrator/lab/lab.ts';
import { standing } from '../orchestrator/lab/standing.ts';
import type { ListOptions } from './list.ts';
import { printList, type Shown } from './list/print.ts';
import { short, signed } from './table.ts';

/** `autolab experiments`: every experiment in id order, baselines included. */
export async function run(_args: readonly string[], options: ListOptions): Promise<number> {
  const { lab, state } = await readLabState(process.cwd());
  const { experiment: shown } = await standing(lab);
  const ids = [...state.experiments.keys()].toSorted(byNumber);
  const listing = {
    table: experiments,
    rows: ids.map((id) => () => shown(experimentRow(state, id))),
    statuses: ['preparing', 'prepared', 'running', 'finished', 'judged', 'failed'],
    facetsOf: ({ status, verdict, night, line, tags, opened }: Row) => ({
      ...{ statuses: [status], verdict, night, line, tags, began: opened },
    }),
  };
  printList(listing, COLUMNS, options, state);
  return 0;
}

type Row = ReturnType<typeof experimentRow>;

const COLUMNS: readonly Shown<Row>[] = [
  { name: 'id', title: 'id', cell: (row) => row.id, importance: 10 },
  { name: 'parent', title: 'parent', cell: (row) => row.parent ?? '', importance: 2 },
  {
    ...{ name: 'verdict', title: 'verdict', importance: 9 },
    cell: (row) =>
      row.left_out !== null
        ? `without ${row.left_out}`
        : (row.verdict ??
          row.outcome?.replaceAll('_', ' ') ??
          (row.parent || row.planned ? row.status : 'baseline')),
  },
  {
    ...{ name: 'objective', title: 'objective', right: true, importance: 8 },
    cell: (row) => short(row.objective),
  },
  { name: 'n', title: 'n', cell: (row) => String(row.n), right: true, importance: 6 },
  // The verdict is on the parent; the baseline is what the night is measured by.
  {
    ...{ name: 'effect_on_parent', title: 'on parent', right: true, importance: 3 },
    cell: (row) => signed(row.effect_on_parent),
  },
  {
    ...{ name: 'effect', title: 'on baseline', right: true, importance: 7 },
    cell: (row) => signed(row.effect),
  },
  {
    ...{ name: 'confidence', title: 'confidence', importance: 1 },
    cell: (row) => `${row.confidence ?? ''}${row.borderline ? ', borderline' : ''}`,
  },
  {
    ...{ name: 'flags', title: 'flags', importance: 4, unlessEmpty: true },
    cell: (row) => row.flags.join(' '),
  },
  {
    ...{ name: 'tags', title: 'tags', importance: 4, unlessEmpty: true },
    cell: (row) => row.tags.join(' '),
  },
  { name: 'title', title: 'title', cell: (row) => row.title, flexible: true, importance: 5 },
];
