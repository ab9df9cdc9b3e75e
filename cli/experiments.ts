import { readLabState } from '../orchestrator/lab/lab.ts';
import { standing } from '../orchestrator/lab/standing.ts';
import { byNumber } from '../orchestrator/domain/ids.ts';
import { experimentRow } from '../notebook/rows.ts';
import { listed, type ListOptions } from './list.ts';
import { print, printJson } from './output.ts';
import { short, signed, table } from './table.ts';

/** `autolab experiments`: every experiment in id order, baselines included. */
export async function run(_args: readonly string[], options: ListOptions): Promise<number> {
  const { lab, state } = await readLabState(process.cwd());
  const { experiment: shown } = await standing(lab);
  const ids = [...state.experiments.keys()].toSorted(byNumber);
  const all = ids.map((id) => shown(experimentRow(state, id)));
  const rows = listed(all, options);
  if (options.json) printJson(rows);
  else
    print(
      table(
        [
          { title: 'id', cell: (row) => row.id },
          { title: 'parent', cell: (row) => row.parent ?? '' },
          {
            title: 'verdict',
            cell: (row) =>
              row.left_out !== null
                ? `without ${row.left_out}`
                : (row.verdict ?? (row.parent ? row.status : 'baseline')),
          },
          { title: 'objective', cell: (row) => short(row.objective), right: true },
          { title: 'n', cell: (row) => String(row.n), right: true },
          // The verdict is on the parent; the baseline is what the night is measured by.
          { title: 'on parent', cell: (row) => signed(row.effect_on_parent), right: true },
          { title: 'on baseline', cell: (row) => signed(row.effect), right: true },
          {
            title: 'confidence',
            cell: (row) => `${row.confidence ?? ''}${row.borderline ? ', borderline' : ''}`,
          },
          { title: 'flags', cell: (row) => row.flags.join(' ') },
          { title: 'title', cell: (row) => row.title, flexible: true },
        ],
        rows,
      ),
    );
  return 0;
}
