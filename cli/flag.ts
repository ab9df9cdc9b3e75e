import { flag } from '../orchestrator/lab/marks.ts';
import { readNoticing } from '../orchestrator/lab/own/reading.ts';
import { print, printJson } from './output.ts';

/** `autolab flag ID LABEL --because …` */
export async function run(
  [id = '', label = '']: readonly string[],
  { because, json }: { because?: string; json?: boolean },
): Promise<number> {
  const { lab, state } = await readNoticing(process.cwd());
  const mark = await flag(lab, state, id, label, because ?? '');
  if (json) printJson(mark);
  else print(`${id} is flagged ${label}`);
  return 0;
}
