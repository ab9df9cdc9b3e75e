import { readLabState } from '../orchestrator/lab/lab.ts';
import { byNumber } from '../orchestrator/domain/ids.ts';
import { hypothesisRow } from '../notebook/rows.ts';
import { listed, type ListOptions } from './list.ts';
import { print, printJson } from './output.ts';
import { table } from './table.ts';

/** `autolab hypotheses`: proposed, waiting, tested and rejected ones, with the reason. */
export async function run(_args: readonly string[], options: ListOptions): Promise<number> {
  const { state } = await readLabState(process.cwd());
  const all = [...state.hypotheses.keys()].toSorted(byNumber).map((id) => hypothesisRow(state, id));
  const rows = listed(all, options);
  if (options.json) printJson(rows);
  else
    print(
      table(
        [
          { title: 'id', cell: (row) => row.id },
          { title: 'status', cell: (row) => row.status },
          { title: 'experiment', cell: (row) => row.experiment ?? '' },
          { title: 'source', cell: (row) => row.source },
          { title: 'line', cell: (row) => row.line },
          { title: 'title', cell: (row) => row.title },
          {
            title: 'why, or why not',
            cell: (row) => row.rejected_because ?? row.because,
            flexible: true,
          },
        ],
        rows,
      ),
    );
  return 0;
}
