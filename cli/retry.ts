import { openLabState } from '../orchestrator/lab/lab.ts';
import { retry } from '../orchestrator/lab/retry.ts';
import { planToCheckAgainst, showProposal } from './propose.ts';

/** `autolab retry E-0007`, `autolab retry E-0007.2` */
export async function run(
  [id = '']: readonly string[],
  { json = false }: { json?: boolean },
): Promise<number> {
  const { lab, state } = await openLabState(process.cwd());
  showProposal(await retry(lab, state, await planToCheckAgainst(lab), id), json);
  return 0;
}
