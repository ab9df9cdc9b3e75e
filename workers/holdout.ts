import { lstat } from 'node:fs/promises';
import { delimiter } from 'node:path';
import type { HeldOutNumber, RunOrder } from '../orchestrator/domain/ports.ts';
import type { Failure } from '../orchestrator/domain/run.ts';
import { attemptOf, type Workshop } from './attempt.ts';
import { isTrouble } from './files.ts';
import { measureFromBase } from './pristine.ts';
import { objectiveOf } from './readings.ts';
import { LABELS, withLabels } from './score.ts';
import { withoutSecrets } from './secrets.ts';

/**
 * Looks at what the plan holds out: its command, from a checkout of base, on what a run of dawn left
 * in its own folder (`AUTOLAB_RUN_DIR`, artifacts included). The worktree is another run's by now.
 * A failure, also of the machine, is an answer.
 */
export async function holdOut(
  workshop: Workshop,
  order: RunOrder,
  signal: AbortSignal,
): Promise<HeldOutNumber> {
  const { plan } = order;
  const nothing = (message: string): HeldOutNumber => ({
    value: null,
    failure: { class: 'infrastructure', message },
  });
  if (plan.holdout === undefined) return nothing('the plan holds nothing out');
  const attempt = attemptOf(workshop, order, signal);
  const failed = (failure: Failure): HeldOutNumber => ({
    value: null,
    failure: withoutSecrets(failure, attempt),
  });
  const left = await lstat(attempt.folder).catch(() => null);
  if (left?.isDirectory() !== true) return nothing(`what ${order.run} left is not there any more`);
  const { command, metric, labels, timeout } = plan.holdout;
  try {
    const found = await withLabels(attempt, 'holdout', labels, (pristine, paths) =>
      measureFromBase(pristine, {
        ...{ by: 'holdout', command, metric, timeout_seconds: timeout ?? plan.run.timeout },
        variables: paths.length === 0 ? {} : { [LABELS]: paths.join(delimiter) },
      }),
    );
    if ('class' in found) return failed(found);
    if (found.failure !== null) return failed(found.failure);
    const asked = { ...plan.objective, metric, at: 'last' } as const;
    const { objective, failure } = objectiveOf(found.metrics, asked, null, 'holdout');
    return { value: objective, failure };
  } catch (error) {
    if (!isTrouble(error)) throw error;
    return nothing(error.message);
  }
}
