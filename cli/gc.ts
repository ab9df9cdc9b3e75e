import { collect, waste } from '../orchestrator/lab/collect.ts';
import { openLabState } from '../orchestrator/lab/lab.ts';
import { print, printJson } from './output.ts';
import { table } from './table.ts';

/** `autolab gc`: says what old nights hold, and removes it unless --dry-run. */
export async function run(
  _args: readonly string[],
  { dryRun, json }: { dryRun?: boolean; json?: boolean },
): Promise<number> {
  const { lab, state } = await openLabState(process.cwd());
  const found = await waste(lab, state);
  if (!dryRun) await collect(lab, found);
  if (json) {
    printJson({ removed: !dryRun, found });
    return 0;
  }
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  const total = found.reduce((sum, { bytes }) => sum + bytes, 0);
  if (found.length > 0)
    print(
      table(
        [
          { title: 'kind', cell: (row) => row.kind },
          { title: 'size', cell: (row) => (row.bytes ? megabytes(row.bytes) : ''), right: true },
          { title: 'what', cell: (row) => row.what, flexible: true },
        ],
        found,
      ),
    );
  const word = dryRun ? 'would be removed' : 'removed';
  print(`${found.length} things ${word}, ${megabytes(total)}. Every record stays.`);
  return 0;
}
