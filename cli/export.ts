import { LabError } from '../orchestrator/domain/errors.ts';
import { exportRun } from '../orchestrator/lab/export.ts';
import { readNoticing } from '../orchestrator/lab/own/reading.ts';
import { dim, print, printJson } from './output.ts';

/** `autolab export RUN`: one archive of all that is recorded of a run. */
export async function run(
  [id = '']: readonly string[],
  { output, json }: { output?: string; json?: boolean },
): Promise<number> {
  if (id === '') throw new LabError('usage', 'expected a run to export: autolab export E-0007.2');
  const { lab, state } = await readNoticing(process.cwd());
  const exported = await exportRun(lab, state, id, output);
  if (json) printJson(exported);
  else {
    print(`${exported.run} is in ${exported.archive}`);
    print(dim(`${exported.files.join(', ')}; autolab import brings it into any lab`));
  }
  return 0;
}
