import { groupsQuery } from '../notebook/groups.ts';
import { openQuestions } from '../notebook/questions.ts';
import { readNoticing, takeInWhatWaits } from '../orchestrator/lab/own/reading.ts';
import { dim, print, printJson, remark } from './output.ts';
import { short, table } from './table.ts';

/** `autolab groups [GROUP]`: what groups of runs came to, a line for each metric. */
export async function run(
  [group]: readonly string[],
  { json }: { json?: boolean },
): Promise<number> {
  const read = await readNoticing(process.cwd());
  const odd = [...read.remarks, ...(await takeInWhatWaits(read, 1))];
  odd.forEach(remark);
  const { notebookDir, experimentsDir: runsDir } = read.lab;
  const notebook = openQuestions(notebookDir, { runsDir });
  const { rows } = await notebook.query(groupsQuery(group));
  notebook.warnings.forEach(remark);
  if (json) {
    printJson(rows);
    return 0;
  }
  const column = (name: string, right = true) => ({
    ...{ title: name, right },
    cell: (row: (typeof rows)[number]) => short(row[name]),
  });
  print(
    table(
      [
        { ...column('group', false), flexible: true },
        column('metric', false),
        ...['tasks', 'runs', 'mean', 'weighted'].map((name) => column(name)),
      ],
      rows,
    ),
  );
  print(
    dim('of finished runs: over a task’s runs first, then over tasks; weighted by their samples'),
  );
  return 0;
}
