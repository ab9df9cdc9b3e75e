import { readLab } from '../orchestrator/lab/lab.ts';
import { experimentRow } from '../notebook/rows.ts';
import { limited, matching, type ListOptions } from './list.ts';
import { print, printJson } from './output.ts';
import { short, signed, table } from './table.ts';

/** `autolab experiments`: every experiment in id order, baselines included. */
export async function run(_args: readonly string[], options: ListOptions): Promise<number> {
  const { state } = await readLab(process.cwd());
  const all = [...state.experiments.keys()].toSorted().map((id) => experimentRow(state, id));
  const rows = limited(all.filter(matching(options)), options);
  if (options.json) printJson(rows);
  else
    print(
      table(
        [
          { title: 'id', cell: (row) => row.id },
          { title: 'parent', cell: (row) => row.parent ?? '' },
          {
            title: 'verdict',
            cell: (row) => row.verdict ?? (row.parent ? row.status : 'baseline'),
          },
          { title: 'objective', cell: (row) => short(row.objective), right: true },
          { title: 'n', cell: (row) => String(row.n), right: true },
          { title: 'effect', cell: (row) => signed(row.effect), right: true },
          {
            title: '95% interval',
            cell: ({ interval }) => (interval ? interval.map(signed).join(' to ') : ''),
          },
          { title: 'flags', cell: (row) => row.flags.join(' ') },
          { title: 'title', cell: (row) => row.title, flexible: true },
        ],
        rows,
      ),
    );
  return 0;
}
