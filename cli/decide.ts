import { readNoticing } from '../orchestrator/lab/own/reading.ts';
import { decide } from '../orchestrator/lab/words.ts';
import { oneLine, print, printJson } from './output.ts';

interface Options {
  readonly because?: string;
  readonly closes?: string;
  readonly opens?: string;
  readonly evidence?: string;
  readonly json?: boolean;
}

/** `autolab decide "…" --because "…" [--closes LINE] [--opens LINE] [--evidence ID,ID…]` */
export async function run(
  [text = '']: readonly string[],
  { because = '', closes, opens, evidence, json }: Options,
): Promise<number> {
  const { lab, state } = await readNoticing(process.cwd());
  const ids = evidence?.split(',').map((id) => id.trim()) ?? [];
  const decided = await decide(lab, state, { text, because, closes, opens, evidence: ids });
  if (json) printJson(decided);
  else {
    print(`${decided.id} is recorded`);
    if (decided.closes !== null)
      print(`nothing more is proposed on the line ${oneLine(decided.closes)}; --opens undoes it`);
    if (decided.opens !== null) print(`the line ${oneLine(decided.opens)} is open again`);
  }
  return 0;
}
