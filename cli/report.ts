import { readLab } from '../orchestrator/lab/lab.ts';
import { report } from '../orchestrator/lab/report.ts';
import { print, printJson } from './output.ts';

/** `autolab report`: the findings, written anew. */
export async function run(_args: readonly string[], { json }: { json?: boolean }): Promise<number> {
  const { lab, state, notebook } = await readLab(process.cwd());
  const written = await report(lab, state, notebook);
  if (json) printJson({ written });
  else print(`wrote FINDINGS.md and ${written.length - 1} more, below experiments/`);
  return 0;
}
