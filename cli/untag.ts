import { readNoticing } from '../orchestrator/lab/own/reading.ts';
import { untag } from '../orchestrator/lab/words.ts';
import { print, printJson } from './output.ts';

/** `autolab untag ID TAG` */
export async function run(
  [id = '', tag = '']: readonly string[],
  { json }: { json?: boolean },
): Promise<number> {
  const { lab, state } = await readNoticing(process.cwd());
  const untagged = await untag(lab, state, id, tag);
  if (json) printJson(untagged);
  else print(`${id} is no longer tagged ${tag}`);
  return 0;
}
