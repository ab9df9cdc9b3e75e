import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plan } from '../orchestrator/domain/plan.ts';
import type { Failure } from '../orchestrator/domain/run.ts';
import { evaluateWorktree, type Attempt } from './attempt.ts';
import { invocation, type Invocation } from './command.ts';
import { execute, type Executed } from './execute.ts';
import { failureOf } from './failure.ts';
import { checkGuard, setGuard } from './guard.ts';
import { placeLinks } from './links.ts';
import { createMetricsReader, type MetricsReader } from './metrics.ts';
import { isFull } from './room.ts';
import { keptPaths, setUp } from './setup.ts';
import type { Trained } from './train.ts';

/**
 * The plan's evaluator: measures what a run left, in a process of its own, from a checkout of base
 * that no experiment's commit ever touches. What it prints counts, and not what the script printed.
 *
 * It catches a script that prints a number which its model does not reach, and a patch of the
 * evaluator or of what that imports. It cannot catch a model that was trained on the held-out data,
 * nor an evaluator that hands control to what it measures, as one does that imports the run's code
 * or unpickles its weights. Nothing shuts a run in: while others train beside it, they could write
 * to its checkout, which is why that is compared before and after.
 */

/** The evaluator was run, with what it said. */
export interface Evaluated {
  readonly call: Invocation;
  readonly done: Executed;
  readonly metrics: MetricsReader;
  /** Why what it said cannot be used. */
  readonly failure: Failure | null;
}

/** Variable with the top of the worktree that was trained in, as the run left it. */
const LEFT = 'AUTOLAB_WORKTREE';
const LOG = 'evaluate.log';

/**
 * Runs the plan's evaluator on what a training that ended well left. A failure means that it never
 * ran; how it ended is in `done`. Null where the plan has none.
 */
export async function evaluate(
  attempt: Attempt,
  trained: Trained,
): Promise<Evaluated | Failure | null> {
  const { plan } = attempt.order;
  if (plan.evaluate === undefined) return null;
  const pristine = pristineOf(attempt, plan, plan.evaluate.command);
  const unready = await standOnBase(pristine);
  if (unready !== null) return { ...unready, message: `evaluate: ${unready.message}` };
  const call = invocation(plan.run, plan.evaluate.command, null);
  if ('class' in call) return { ...call, message: `evaluate: ${call.message}` };
  const guard = await setGuard(pristine, null);
  const { done, metrics } = await carried(pristine, call, {
    // An argument for the seed is the training command's; a variable is there for who asks.
    ...trained.call.env,
    [LEFT]: attempt.worktree,
  });
  const offence = (await checkGuard(pristine, guard)).failure;
  const failure =
    offence === null
      ? evaluatorFailure(plan, call, done)
      : { ...offence, message: `while evaluate ran: ${offence.message}` };
  return { call, done, metrics, failure };
}

/** The attempt as the evaluator sees it: base's commit, the plan's variables, all files protected. */
function pristineOf(attempt: Attempt, plan: Plan, command: string): Attempt {
  const { order } = attempt;
  const worktree = evaluateWorktree(attempt.worktree);
  return {
    ...attempt,
    order: {
      ...order,
      commit: order.base,
      // A knob that is a variable sets the training, and could set the evaluator.
      command: { command, env: plan.run.env },
      plan: { ...plan, workspace: { ...plan.workspace, editable: [] } },
    },
    worktree,
    cwd: join(worktree, plan.workspace.directory),
  };
}

async function standOnBase(pristine: Attempt): Promise<Failure | null> {
  const { order, workshop, worktree } = pristine;
  const { repository } = workshop;
  await repository.checkOut(worktree, order.base, await keptPaths(pristine));
  const tracked = await repository.listFiles(order.base);
  const unlinked = await placeLinks(workshop.root, worktree, order.plan.workspace.link, tracked);
  return unlinked ?? setUp(pristine, 'evaluate-setup.log');
}

async function carried(
  pristine: Attempt,
  call: Invocation,
  variables: Readonly<Record<string, string>>,
): Promise<Pick<Evaluated, 'done' | 'metrics'>> {
  const { order, workshop, folder } = pristine;
  const { limits, clock } = workshop;
  const metrics = createMetricsReader({
    objective: order.plan.objective.metric,
    // Its numbers are of the finished run: they belong to no curve.
    onPoint: () => undefined,
    maxKeys: limits.metric_keys,
    maxPoints: limits.metric_points,
  });
  // The run could write to this folder, and may have put a link there.
  await rm(join(folder, LOG), { recursive: true, force: true });
  const done = await execute(pristine, {
    argv: call.argv,
    command: order.command,
    seed: variables,
    timeout_seconds: timeoutOf(order.plan),
    log: LOG,
    onLine: (line, time) => metrics.line(line, time),
  });
  metrics.end(Math.round(clock.now()));
  return { done, metrics };
}

const timeoutOf = ({ evaluate, run }: Plan): number => evaluate?.timeout ?? run.timeout;

/**
 * Whether the evaluator is at fault or what the run left for it, its exit code cannot say: either
 * way there is no metric.
 */
function evaluatorFailure(plan: Plan, { argv }: Invocation, done: Executed): Failure | null {
  const ended = failureOf({ ...done, argv, timeout_seconds: timeoutOf(plan), unmodified: false });
  if (ended === null) return null;
  const message = `expected evaluate to measure ${plan.objective.metric}, found: ${ended.message}`;
  return { ...ended, class: isFull(done.log_error) ? 'infrastructure' : 'no_metric', message };
}

/** What is odd about how it went, a sentence each. */
export const evaluatorOddities = ({ done }: Evaluated): readonly string[] =>
  done.log_error === null ? [] : [`${LOG} is not whole: ${done.log_error.message}`];
