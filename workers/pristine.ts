import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plan } from '../orchestrator/domain/plan.ts';
import type { Failure } from '../orchestrator/domain/run.ts';
import type { Attempt, MeasuringKey } from './attempt.ts';
import { watchCode } from './beside.ts';
import { invocation, type Invocation } from './command.ts';
import { execute, type Executed } from './execute.ts';
import { failureOf } from './failure.ts';
import { checkGuard, setGuard } from './guard.ts';
import { createMetricsReader, type MetricsReader } from './metrics.ts';
import { isFull } from './room.ts';
import { listed } from './protect.ts';
import { keptPaths, setUp } from './setup.ts';
import { stand } from './stand.ts';

/**
 * A command of the plan that measures, run from a checkout of base that no experiment's commit ever
 * touches. Where no sandbox shuts them in, runs that train beside it could write to that checkout,
 * which is why it is compared before and after: tracked files, links, and untracked code (beside.ts).
 */

/** The command was run, with what it said. */
export interface Measured {
  readonly by: MeasuringKey;
  readonly call: Invocation;
  readonly done: Executed;
  readonly metrics: MetricsReader;
  /** Why what it said cannot be used. */
  readonly failure: Failure | null;
  /** What is odd about its checkout, a sentence each. */
  readonly odd: readonly string[];
  /** Labels that could not be taken out of its checkout again. */
  readonly left?: readonly string[];
}

export interface Measuring {
  readonly by: MeasuringKey;
  readonly command: string;
  readonly timeout_seconds: number;
  /** The metric that it is to print. */
  readonly metric: string;
  /** What it sees besides the plan's own variables. */
  readonly variables: Readonly<Record<string, string>>;
  /** What it reads of the run, beside its folder. */
  readonly read?: readonly string[];
}

const logOf = (by: MeasuringKey): string => `${by}.log`;

/**
 * Stands the checkout on base and runs the command there. A failure means that it never ran; how it
 * ended is in `done`.
 */
export async function measureFromBase(
  pristine: Attempt,
  measuring: Measuring,
): Promise<Measured | Failure> {
  const { by, command } = measuring;
  const { plan } = pristine.order;
  const unready = await standOnBase(pristine, by);
  if (unready !== null) return { ...unready, message: `${by}: ${unready.message}` };
  const call = invocation(plan.run, command, null);
  if ('class' in call) return { ...call, message: `${by}: ${call.message}` };
  const guard = await setGuard(pristine, null);
  const lookBeside = await watchCode(pristine);
  const { done, metrics } = await carried(pristine, call, measuring);
  const beside = await lookBeside();
  const offence = (await checkGuard(pristine, guard)).failure ?? beside.failure;
  const failure =
    offence === null
      ? failureOfMeasuring(measuring, call, done)
      : { ...offence, message: `while ${by} ran: ${offence.message}` };
  const odd = beside.odd.map((text) => `while ${by} ran: ${text}`);
  return { by, call, done, metrics, failure, odd };
}

/** An attempt as what measures it sees it: base's commit, the plan's variables, all files protected. */
export function pristineOf(
  attempt: Attempt,
  plan: Plan,
  command: string,
  worktree: string,
): Attempt {
  const { order } = attempt;
  return {
    ...attempt,
    order: {
      ...order,
      commit: order.base,
      // A knob that is a variable sets the training, and could set what measures it.
      command: { command, env: plan.run.env },
      plan: { ...plan, workspace: { ...plan.workspace, editable: [] } },
    },
    worktree,
    cwd: join(worktree, plan.workspace.directory),
  };
}

async function standOnBase(pristine: Attempt, by: MeasuringKey): Promise<Failure | null> {
  const unready = await stand(pristine, await keptPaths(pristine));
  return unready ?? setUp(pristine, `${by}-setup.log`);
}

async function carried(
  pristine: Attempt,
  call: Invocation,
  { by, metric, timeout_seconds, variables, read = [] }: Measuring,
): Promise<Pick<Measured, 'done' | 'metrics'>> {
  const { order, workshop, folder } = pristine;
  const { limits, clock } = workshop;
  const metrics = createMetricsReader({
    objective: metric,
    // Its numbers are of the finished run: they belong to no curve.
    onPoint: () => undefined,
    maxKeys: limits.metric_keys,
    maxPoints: limits.metric_points,
  });
  // The run could write to this folder, and may have put a link there.
  await rm(join(folder, logOf(by)), { recursive: true, force: true });
  const done = await execute(pristine, {
    argv: call.argv,
    command: order.command,
    // Whatever bytecode comes to lie in the checkout is then somebody else's.
    seed: { PYTHONDONTWRITEBYTECODE: '1', ...variables },
    timeout_seconds,
    read,
    log: logOf(by),
    onLine: (line, time, stream) => {
      // Errors like to name what they stumbled over: a line of it is the run's own word.
      if (by === 'evaluate' || stream === 'stdout') metrics.line(line, time);
    },
  });
  metrics.end(Math.round(clock.now()));
  return { done, metrics };
}

/**
 * Whether the command is at fault or what the run left for it, its exit code cannot say: either
 * way there is no metric.
 */
function failureOfMeasuring(
  { by, metric, timeout_seconds }: Measuring,
  { argv }: Invocation,
  done: Executed,
): Failure | null {
  const ended = failureOf({ ...done, argv, timeout_seconds, unmodified: false });
  if (ended === null) return null;
  const message = `expected ${by} to measure ${metric}, found: ${ended.message}`;
  return { ...ended, class: isFull(done.log_error) ? 'infrastructure' : 'no_metric', message };
}

/** What is odd about how it went, a sentence each. */
export const oddInMeasuring = ({ by, done, odd, left = [] }: Measured): readonly string[] => [
  ...odd,
  ...(done.log_error === null ? [] : [`${logOf(by)} is not whole: ${done.log_error.message}`]),
  ...(left.length === 0
    ? []
    : [
        `labels stayed in the checkout of ${by}, where the next run could find them: ${listed(left)}`,
      ]),
];
