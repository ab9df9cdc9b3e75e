import { openLabState, readLab } from '../orchestrator/lab/lab.ts';
import { promote } from '../orchestrator/lab/promotion.ts';
import { report } from '../orchestrator/lab/report.ts';
import { bold, oneLine, print, printJson } from './output.ts';

/** `autolab promote [ID]`: the confirmed change becomes base. */
export async function run(
  [id]: readonly string[],
  { unconfirmed, json }: { unconfirmed?: boolean; json?: boolean },
): Promise<number> {
  const { lab, state } = await openLabState(process.cwd());
  const done = await promote(lab, state, id, { unconfirmed: unconfirmed ?? false });
  // What the findings say to merge is merged now.
  const after = await readLab(process.cwd());
  await report(after.lab, after.state, after.notebook);
  if (json) printJson(done);
  else {
    const already = done.already ? ' already; its record was missing, and is made now' : '';
    print(
      `${bold(done.experiment)} is merged into ${done.branch} as ${done.commit.slice(0, 10)}${already}`,
    );
    print(done.evidence);
    for (const mark of done.marks) print(oneLine(mark));
  }
  return 0;
}
