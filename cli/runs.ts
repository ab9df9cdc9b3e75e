import { byNumber } from '../orchestrator/domain/ids.ts';
import { runRow } from '../notebook/rows.ts';
import { readNoticing, takeInWhatWaits } from '../orchestrator/lab/own/reading.ts';
import { standing } from '../orchestrator/lab/standing.ts';
import { listed, type ListOptions } from './list.ts';
import { print, printJson, remark } from './output.ts';
import { duration, short, table } from './table.ts';
import { endIn } from './words.ts';

/** `autolab runs`: every run of the nights in id order, then those of one's own. */
export async function run(_args: readonly string[], options: ListOptions): Promise<number> {
  const read = await readNoticing(process.cwd());
  const { lab, state } = read;
  read.remarks.forEach(remark);
  const { run: shown } = await standing(lab);
  const ofNights = [...state.runs.keys()].toSorted(byNumber);
  const own = [...state.own.keys()].toSorted(byNumber);
  const all = [
    ...ofNights.map((id) => shown(runRow(state, id))),
    ...own.map((id) => runRow(state, id)),
  ];
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
  (await takeInWhatWaits(read)).forEach(remark);
  return 0;
}
