import { openQuestions } from '../notebook/questions.ts';
import { readNoticing, takeInWhatWaits } from '../orchestrator/lab/own/reading.ts';
import { print, printJson, remark } from './output.ts';
import { short, table } from './table.ts';

/** `autolab query SQL`: one SELECT over the notebook's tables. */
export async function run(args: readonly string[], options: { json?: boolean }): Promise<number> {
  const read = await readNoticing(process.cwd());
  // So that every number of a run that is over is there.
  const odd = [...read.remarks, ...(await takeInWhatWaits(read, 1))];
  odd.forEach(remark);
  const notebook = openQuestions(read.lab.notebookDir);
  const { columns, rows } = await notebook.query(args[0] ?? '');
  notebook.warnings.forEach(remark);
  if (options.json) printJson(rows);
  else
    print(
      table(
        columns.map((title: string) => ({
          title,
          cell: (row: (typeof rows)[number]) => {
            const value = row[title];
            return typeof value === 'object' && value !== null
              ? JSON.stringify(value)
              : short(value);
          },
        })),
        rows,
      ),
    );
  return 0;
}
