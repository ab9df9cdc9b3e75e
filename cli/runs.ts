import { readLabState } from '../orchestrator/lab/lab.ts';
import { numberOf, experimentOf, runNumber } from '../orchestrator/domain/ids.ts';
import { runRow } from '../notebook/rows.ts';
import { listed, type ListOptions } from './list.ts';
import { print, printJson } from './output.ts';
import { duration, short, table } from './table.ts';

/** `autolab runs`: every run in id order. */
export async function run(_args: readonly string[], options: ListOptions): Promise<number> {
  const { state } = await readLabState(process.cwd());
  const ids = [...state.runs.keys()].toSorted(
    (a, b) => numberOf(experimentOf(a)) - numberOf(experimentOf(b)) || runNumber(a) - runNumber(b),
  );
  const rows = listed(
    ids.map((id) => runRow(state, id)),
    options,
  );
  if (options.json) printJson(rows);
  else
    print(
      table(
        [
          { title: 'id', cell: (row) => row.id },
          { title: 'status', cell: (row) => row.failure ?? row.status },
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
