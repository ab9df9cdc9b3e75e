import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromTop } from '../orchestrator/domain/editable.ts';
import type { Failure, Pruning } from '../orchestrator/domain/run.ts';
import type { Attempt } from './attempt.ts';
import { invocation, type Invocation } from './command.ts';
import { execute, type Executed } from './execute.ts';
import { failureOf } from './failure.ts';
import { isTrouble } from './files.ts';
import { setGuard, type Guard } from './guard.ts';
import { readLogged, type LoggedFile } from './logged.ts';
import { createMetricsReader, type MetricsReader } from './metrics.ts';
import { METRICS_NDJSON, openPoints } from './points.ts';
import { invalid } from './protect.ts';
import { createPruner } from './pruner.ts';
import { followScriptMetrics } from './script-metrics.ts';
import { writeSeed } from './seed.ts';
import { followVitals } from './vitals.ts';

/** A command that was run, with what it said. */
export interface Trained {
  readonly call: Invocation;
  readonly done: Executed;
  readonly metrics: MetricsReader;
  /** What it said through a logger besides. */
  readonly logged: LoggedFile;
  readonly guard: Guard;
  /** What kept points from being written to metrics.ndjson. */
  readonly points_error: Error | null;
  /** Why `prune` would end it; null where it would not. */
  readonly pruning: Pruning | null;
  /** And it was ended for that. */
  readonly pruned: boolean;
}

const POLL_MS = 1000;
const FIRST_MS = 250;
/** Between two looks where the last one found much. */
const FLOOD_MS = 50;
const MUCH_BYTES = 256 * 1024;

/** Runs the training command to its end. A failure means that it never ran; how it ended is in `done`. */
export async function train(
  attempt: Attempt,
  onStart: (guard: Guard) => void = () => undefined,
): Promise<Trained | Failure> {
  const { order, folder } = attempt;
  const { run } = order.plan;
  const call = invocation(run, order.command.command, order.seed);
  if ('class' in call) return call;
  const seeded = await seedFile(attempt);
  if (seeded !== null && 'class' in seeded) return seeded;
  const guard = await setGuard(attempt, seeded);

  await mkdir(join(folder, 'artifacts'), { recursive: true });
  return { call, guard, ...(await carried(attempt, call, () => onStart(guard))) };
}

/** Runs the command and follows what it says, what it measures and whether it lives. */
async function carried(
  attempt: Attempt,
  call: Invocation,
  onStart: () => void,
): Promise<Omit<Trained, 'call' | 'guard'>> {
  const { order, workshop, folder } = attempt;
  const { clock, limits } = workshop;
  const points = await openPoints(join(folder, METRICS_NDJSON));
  const hopeless = new AbortController();
  const pruner = createPruner(attempt, () => hopeless.abort('pruned'));
  const vitals = followVitals({
    run: order.run,
    objective: order.plan.objective,
    now: () => clock.monotonic(),
    hung_ms: limits.hung_ms,
    onConcern: workshop.onConcern,
  });
  const metrics = createMetricsReader({
    objective: order.plan.objective.metric,
    onPoint: (point) => {
      points.add(point);
      vitals.point(point);
      pruner.point(point);
    },
    maxKeys: limits.metric_keys,
    maxPoints: limits.metric_points,
  });
  const now = (): number => Math.round(clock.now());
  const script = followScriptMetrics(
    join(folder, 'metrics.jsonl'),
    now,
    (value, time) => metrics.record(value, time),
    () => points.settled(),
  );
  let cpuSeconds = (): number | null => null;
  const polling = repeated(() => script.poll());
  const timers = [
    setInterval(() => vitals.look(cpuSeconds()), Math.min(POLL_MS, limits.hung_ms / 10)),
  ];
  try {
    const signal = AbortSignal.any([attempt.signal, hopeless.signal]);
    const done = await execute(
      { ...attempt, signal },
      {
        argv: call.argv,
        command: order.command,
        seed: call.env,
        timeout_seconds: order.plan.run.timeout,
        log: 'run.log',
        onLine: (line, time) => metrics.line(line, time),
        onChunk: () => vitals.output(),
        settled: () => points.settled(),
        onStart: (cpu) => {
          cpuSeconds = cpu;
          onStart();
        },
      },
    );
    polling.end();
    metrics.end(now());
    await script.poll();
    // Now, while nothing else may have written there: a command that measures has the same folder.
    const logged = await readLogged(folder);
    await points.close().catch(() => undefined);
    await pruner.settled();
    const pruned = done.ended_by === 'abort' && !attempt.signal.aborted;
    const { pruning } = pruner;
    return { done, metrics, logged, points_error: points.error, pruning, pruned };
  } finally {
    polling.end();
    for (const timer of timers) clearInterval(timer);
    await points.close().catch(() => undefined);
  }
}

/** Follows a file, soon again where much came: a flood is kept up with, and silence costs nothing. */
function repeated(poll: () => Promise<number>): { end(): void } {
  let over = false;
  let timer: NodeJS.Timeout;
  const wait = (milliseconds: number): void => {
    timer = setTimeout(() => void look(), milliseconds);
  };
  const look = async (): Promise<void> => {
    const bytes = await poll();
    if (!over) wait(bytes > MUCH_BYTES ? FLOOD_MS : POLL_MS);
  };
  wait(FIRST_MS);
  return {
    end() {
      over = true;
      clearTimeout(timer);
    },
  };
}

/** What is odd about how it went, a sentence each. */
export function oddities({ done, points_error, pruning, pruned }: Trained): readonly string[] {
  const { slept_seconds, stalled_seconds, log_error } = done;
  const odd: string[] = [];
  if (pruning !== null)
    odd.push(`${pruned ? 'ended early' : 'prune would have ended it'}: ${pruning.because}`);
  if (slept_seconds > 0)
    odd.push(
      `the machine was suspended for ${Math.round(slept_seconds)} s while it ran; its seconds do not count them`,
    );
  if (stalled_seconds > 0)
    odd.push(
      `AutoLab itself stood still for ${Math.round(stalled_seconds)} s while it ran; its seconds may be too many by so much`,
    );
  if (log_error !== null) odd.push(`run.log is not whole: ${log_error.message}`);
  if (points_error !== null)
    odd.push(`metrics.parquet does not hold every point: ${points_error.message}`);
  return odd;
}

/** What the end of a training command says; null where it ended well. */
export const trainingFailure = (
  { order }: Attempt,
  { call, done }: Pick<Trained, 'call' | 'done'>,
): Failure | null => {
  const { timeout } = order.plan.run;
  const unmodified = order.commit === order.base;
  return failureOf({ ...done, argv: call.argv, timeout_seconds: timeout, unmodified });
};

/** Writes a hard-coded seed into the worktree's file. Null where the plan seeds another way. */
export async function seedFile(attempt: Attempt): Promise<Guard['seeded'] | Failure> {
  const { plan, seed } = attempt.order;
  const { file, match } = plan.run.seed ?? {};
  if (file === undefined || match === undefined || seed === null) return null;
  const path = fromTop(plan, file);
  const place = join(attempt.worktree, path);
  const text = await readFile(place, 'utf8').catch(() => null);
  if (text === null) return invalid(`run.seed: expected the file ${path}, found none`);
  const seeded = rewritten(attempt, text, path, match, seed);
  if (typeof seeded !== 'string') return seeded;
  await writeFile(place, seeded);
  return { path, text: seeded };
}

/** By the rule of knobs, one whole line; else wherever the file says it, as in `torch.manual_seed(1337)`. */
function rewritten(
  attempt: Attempt,
  text: string,
  path: string,
  match: string,
  seed: number,
): string | Failure {
  try {
    return attempt.workshop.rewriteKnob(text, path, { match }, String(seed));
  } catch (error) {
    if (!isTrouble(error)) throw error;
    return writeSeed(text, match, seed) ?? invalid(`run.seed: ${error.message}`);
  }
}
