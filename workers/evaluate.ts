import type { Failure } from '../orchestrator/domain/run.ts';
import { measuringWorktree, type Attempt } from './attempt.ts';
import { measureFromBase, pristineOf, type Measured } from './pristine.ts';
import type { Trained } from './train.ts';

/**
 * The plan's evaluator: measures what a run left, in a process of its own. What it prints counts,
 * and not what the script printed.
 *
 * It catches a script that prints a number which its model does not reach, and a patch of the
 * evaluator or of what that imports. It cannot catch a model that was trained on the held-out data,
 * nor an evaluator that hands control to what it measures, as one does that imports the run's code
 * or unpickles its weights.
 */

/** Variable with the top of the worktree that was trained in, as the run left it. */
const LEFT = 'AUTOLAB_WORKTREE';

/**
 * Runs the plan's evaluator on what a training that ended well left. A failure means that it never
 * ran. Null where the plan has none.
 */
export async function evaluate(
  attempt: Attempt,
  trained: Trained,
): Promise<Measured | Failure | null> {
  const { plan } = attempt.order;
  if (plan.evaluate === undefined) return null;
  const { command, timeout } = plan.evaluate;
  const worktree = measuringWorktree(attempt.worktree, 'evaluate');
  return measureFromBase(pristineOf(attempt, plan, command, worktree), {
    ...{ by: 'evaluate', command, metric: plan.objective.metric },
    timeout_seconds: timeout ?? plan.run.timeout,
    // An argument for the seed is the training command's; a variable is there for who asks.
    variables: { ...trained.call.env, [LEFT]: attempt.worktree },
    read: [attempt.worktree],
  });
}
