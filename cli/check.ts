import { openLab, readLabPlan } from '../orchestrator/lab/lab.ts';
import { probes } from '../orchestrator/lab/probe.ts';
import { green, print, printJson, red, yellow } from './output.ts';

const MARKS = { ok: green('✓'), odd: yellow('!'), bad: red('✗') } as const;

/** `autolab check`: the plan, and whatever else a night needs, short of training. */
export async function run(_args: readonly string[], { json }: { json?: boolean }): Promise<number> {
  const lab = await openLab(process.cwd());
  const plan = await readLabPlan(lab);
  const found = await probes(lab, plan);
  const fine = found.every(({ result }) => result !== 'bad');
  if (json) printJson({ ok: fine, probes: found });
  else for (const { name, result, text } of found) print(`${MARKS[result]} ${name}: ${text}`);
  return fine ? 0 : 1;
}
