import { readLabState } from '../orchestrator/lab/lab.ts';
import { byNumber } from '../orchestrator/domain/ids.ts';
import { runRow } from '../notebook/rows.ts';
import { standing } from '../orchestrator/lab/standing.ts';
import { listed, type ListOptions } from './list.ts';
import { print, printJson } from './output.ts';
import { duration, short, table } from './table.ts';
import { endIn } from './words.ts';

/** `autolab runs`: every run in id order. */
export async function run(_args: readonly string[], options: ListOptions): Promise<number> {
  const { lab, state } = await readLabState(process.cwd());
  const { run: shown } = await standing(lab);
  const all = [...state.runs.keys()].toSorted(byNumber).map((id) => shown(runRow(state, id)));
  const rows = listed(all, options);
  if (options.json) printJson(rows);
  else
    print(
      table(
        [
          { title: 'id', cell: (row) => row.id },
          { title: 'status', cell: (row) => row.failure ?? endIn(row) },
          { title: 'seed', cell: (row) => String(row.seed ?? ''), right: true },
          { title: 'objective', cell: (row) => short(row.objective), right: true },
          { title: 'took', cell: (row) => duration(row.seconds), right: true },
          { title: 'name', cell: (row) => row.name, flexible: true },
        ],
        rows,
      ),
    );
  return 0;
}
