import type { DawnJudgement, Judgement } from './domain/experiment.ts';
import type { ExperimentId } from './domain/ids.ts';
import type { Objective } from './domain/plan.ts';
import { LEAST_DAWN_SEEDS, type Lack } from './statistics/dawn.ts';

/** Dawn's word on the tip as it is recorded, where nothing but its numbers decides. Pure. */

type Word = Pick<Judgement, 'verdict' | 'because'>;

export const confirmed = ({ n, n_baseline }: DawnJudgement): Word => ({
  verdict: 'improved',
  because: `confirmed at dawn on ${n} fresh seeds against ${n_baseline} of the baseline`,
});

/** Says what is lacking, so that its reader knows whether more seeds or another change would help. */
export const unconfirmed = (objective: Objective, lack: Lack | null, arms: Arms): Word => ({
  verdict: 'inconclusive',
  because: `looked promising at night; ${lackInWords(objective, lack, arms)}`,
});

interface Arms {
  readonly tip: ExperimentId;
  readonly base: ExperimentId;
}

function lackInWords({ min_effect }: Objective, lack: Lack | null, { tip, base }: Arms): string {
  const only = (n: number) => `only ${n} fresh ${n === 1 ? 'seed' : 'seeds'} of`;
  const needed = `finished at dawn, and a claim needs ${LEAST_DAWN_SEEDS}`;
  switch (lack?.of) {
    case 'seeds':
      return `${only(lack.n)} ${lack.arm === 'tip' ? tip : `the baseline ${base}`} ${needed}`;
    case 'pairs':
      return `${only(lack.n)} both ${tip} and the baseline ${base}, which are compared seed by seed, ${needed}`;
    case 'size':
      return `the gain on fresh seeds is below min_effect ${min_effect}`;
    case 'spread':
      return 'on every fresh seed each arm gave one and the same number, which does not tell how much of the gain is chance';
    default:
      return 'fresh seeds at dawn did not confirm it';
  }
}
