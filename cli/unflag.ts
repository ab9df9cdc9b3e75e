import { unflag } from '../orchestrator/lab/marks.ts';
import { readNoticing } from '../orchestrator/lab/own/reading.ts';
import { print, printJson } from './output.ts';

/** `autolab unflag ID LABEL` */
export async function run(
  [id = '', label = '']: readonly string[],
  { json }: { json?: boolean },
): Promise<number> {
  const { lab, state } = await readNoticing(process.cwd());
  const mark = await unflag(lab, state, id, label);
  if (json) printJson(mark);
  else print(`${id} is no longer flagged ${label}`);
  return 0;
}
