import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromTop } from '../orchestrator/domain/editable.ts';
import type { Failure } from '../orchestrator/domain/run.ts';
import type { Attempt } from './attempt.ts';
import { invocation, type Invocation } from './command.ts';
import { execute, type Executed } from './execute.ts';
import { failureOf } from './failure.ts';
import { isTrouble } from './files.ts';
import { setGuard, type Guard } from './guard.ts';
import { createMetricsReader, type MetricsReader } from './metrics.ts';
import { openPoints } from './points.ts';
import { invalid } from './protect.ts';
import { followScriptMetrics } from './script-metrics.ts';
import { writeSeed } from './seed.ts';

/** A command that was run, with what it said. */
export interface Trained {
  readonly call: Invocation;
  readonly done: Executed;
  readonly metrics: MetricsReader;
  readonly guard: Guard;
}

export const METRICS_NDJSON = 'metrics.ndjson';
const POLL_MS = 1000;

/** Runs the training command to its end. A failure means that it never ran; how it ended is in `done`. */
export async function train(attempt: Attempt): Promise<Trained | Failure> {
  const { order, workshop, folder } = attempt;
  const { run } = order.plan;
  const call = invocation(run, order.command.command, order.seed);
  if ('class' in call) return call;
  const seeded = await seedFile(attempt);
  if (seeded !== null && 'class' in seeded) return seeded;
  const guard = await setGuard(attempt, seeded);

  await mkdir(join(folder, 'artifacts'), { recursive: true });
  const points = await openPoints(join(folder, METRICS_NDJSON));
  const { clock, limits } = workshop;
  const metrics = createMetricsReader({
    objective: order.plan.objective.metric,
    onPoint: (point) => points.add(point),
    maxKeys: limits.metric_keys,
    maxPoints: limits.metric_points,
  });
  const now = (): number => Math.round(clock.now());
  const script = followScriptMetrics(join(folder, 'metrics.jsonl'), now, (value, time) =>
    metrics.record(value, time),
  );
  const timer = setInterval(() => void script.poll(), POLL_MS);
  try {
    const done = await execute(attempt, {
      argv: call.argv,
      command: order.command,
      seed: call.env,
      timeout_seconds: run.timeout,
      log: 'run.log',
      onLine: (line) => metrics.line(line, now()),
      onChunk: () => points.settled(),
    });
    metrics.end(now());
    await script.poll();
    return { call, done: { ...done, log_error: done.log_error ?? points.error }, metrics, guard };
  } finally {
    clearInterval(timer);
    await points.close();
  }
}

/** What the end of a training command says; null where it ended well. */
export const trainingFailure = (attempt: Attempt, { call, done }: Trained): Failure | null =>
  failureOf({
    ...done,
    argv: call.argv,
    timeout_seconds: attempt.order.plan.run.timeout,
    unmodified: attempt.order.commit === attempt.order.base,
  });

/** Writes a hard-coded seed into the worktree's file. Null where the plan seeds another way. */
async function seedFile(attempt: Attempt): Promise<Guard['seeded'] | Failure> {
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
