import { LabError } from '../orchestrator/domain/errors.ts';
import { readNoticing } from '../orchestrator/lab/own/reading.ts';
import { isSubject } from '../orchestrator/lab/subject.ts';
import { note } from '../orchestrator/lab/words.ts';
import { print, printJson } from './output.ts';
import { standardInput } from './stdin.ts';

/** `autolab note [ID] "…"`; `-` for the words reads standard input. */
export async function run(
  [first, second]: readonly string[],
  { json }: { json?: boolean },
): Promise<number> {
  const [id, words] = second === undefined ? [null, first] : [first ?? '', second];
  const { lab, state } = await readNoticing(process.cwd());
  if (words === undefined || (id === null && isSubject(state, words)))
    throw new LabError(
      'usage',
      `expected the words of a note${words === undefined ? '' : ` on ${words}`}, found none: ` +
        `autolab note ${words ?? '[ID]'} "…", or - to read them from standard input`,
    );
  const text = words === '-' ? await standardInput() : words;
  const noted = await note(lab, state, id, text);
  if (json) printJson(noted);
  else print(`${noted.id} is noted${noted.target === null ? '' : ` on ${noted.target}`}`);
  return 0;
}
