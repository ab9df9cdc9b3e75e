import { readNoticing } from '../orchestrator/lab/own/reading.ts';
import { tag } from '../orchestrator/lab/words.ts';
import { print, printJson } from './output.ts';

/** `autolab tag ID TAG…` */
export async function run(
  [id = '', ...tags]: readonly string[],
  { json }: { json?: boolean },
): Promise<number> {
  const { lab, state } = await readNoticing(process.cwd());
  const tagged = await tag(lab, state, id, tags);
  if (json) printJson(tagged);
  else print(`${id} is tagged ${tagged.tags.join(', ')}`);
  return 0;
}
