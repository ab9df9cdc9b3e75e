import { EXPERIMENTS_DIR, FINDINGS_FILE, NOTEBOOK_DIR } from '../../domain/layout.ts';
import type { Lab, LabPlan } from '../lab.ts';

const NETWORK = {
  off: 'none for runs',
  setup: 'for run.setup alone',
  on: 'not shut off',
} as const;

/** What a night may touch, a line each: what it writes, what it reads, what nobody shuts off. */
export async function touches(lab: Lab, { plan }: LabPlan): Promise<readonly string[]> {
  const { editable, link } = plan.workspace;
  const names = (paths: readonly string[]) =>
    paths.slice(0, 6).join(', ') + (paths.length > 6 ? ', …' : '');
  const seen = [...new Set([...Object.keys(plan.run.env), ...plan.run.env_from])];
  const { chooseSandbox } = await import('../../../workers/local.ts');
  const { sandbox } = await chooseSandbox(plan.sandbox);
  return [
    `branches ${await lab.repository.branchPrefix()}/E-…: one commit each, in ${names(editable)}; never your branch, index or files`,
    `${FINDINGS_FILE}, ${EXPERIMENTS_DIR}/ and ${NOTEBOOK_DIR}/ in your checkout; git does not see them`,
    `worktrees and caches in ${lab.cacheDir}`,
    ...(link.length > 0
      ? [`linked, to be read only, and compared before and after each run: ${names(link)}`]
      : []),
    ...(plan.evaluate === undefined
      ? []
      : ['a second worktree for each slot: base as committed, where `evaluate` runs']),
    ...(plan.score === undefined
      ? []
      : [
          `another one for each slot, where \`score\` runs; ${names(plan.score.labels)} is in no other`,
        ]),
    ...(plan.holdout === undefined
      ? []
      : ['one more at dawn, where `holdout` runs, for the baseline and what was confirmed']),
    `runs see PATH, HOME and the like of your environment${seen.length > 0 ? `, and ${names(seen)}` : ''}`,
    `network: ${NETWORK[sandbox === null ? 'on' : plan.sandbox.network]}; W&B is offline unless the plan says otherwise`,
    ...(plan.queue === 'embedded'
      ? []
      : ['the Redis of `queue`: keys of this launch, removed at its end']),
  ];
}
