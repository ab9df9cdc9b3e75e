import { readLab } from '../orchestrator/lab/lab.ts';
import { print, printJson } from './output.ts';
import { short, table } from './table.ts';

/** `autolab query SQL`: one SELECT over the notebook's tables. */
export async function run(args: readonly string[], options: { json?: boolean }): Promise<number> {
  const { notebook } = await readLab(process.cwd());
  const { columns, rows } = await notebook.query(args[0] ?? '');
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
