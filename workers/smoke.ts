import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { extended } from '../orchestrator/domain/command.ts';
import type { Failure } from '../orchestrator/domain/run.ts';
import type { Attempt } from './attempt.ts';
import { invocation } from './command.ts';
import { execute } from './execute.ts';
import { checkGuard, setGuard } from './guard.ts';
import { keptPaths } from './setup.ts';
import { stand } from './stand.ts';
import { seedFile, trainingFailure } from './train.ts';

/** The log of a smoke run, in the attempt's folder. */
const SMOKE_LOG = 'smoke.log';

/**
 * Runs the command cut to a moment by the plan's `run.smoke`, as a look at whether a new patch runs
 * at all: in the attempt's worktree, limits and environment, with a folder of its own, so that
 * nothing it prints or leaves counts. Null where it ended well, and the worktree stands as before.
 */
export async function smokeRun(attempt: Attempt): Promise<Failure | null> {
  const { order, folder } = attempt;
  const { run } = order.plan;
  if (order.smoke !== true || run.smoke === undefined) return null;
  const command = extended(order.command, run.smoke);
  const call = invocation(run, command.command, order.seed);
  if ('class' in call) return call;
  const seeded = await seedFile(attempt);
  if (seeded !== null && 'class' in seeded) return seeded;
  const guard = await setGuard(attempt, seeded);
  const inside = join(folder, 'smoke');
  await mkdir(join(inside, 'artifacts'), { recursive: true });
  try {
    const done = await execute(
      { ...attempt, folder: inside },
      {
        ...{ argv: call.argv, command, seed: call.env, log: SMOKE_LOG },
        timeout_seconds: run.timeout,
      },
    );
    await rename(join(inside, SMOKE_LOG), join(folder, SMOKE_LOG)).catch(() => undefined);
    if (done.ended_by === 'abort') return null;
    const ended = trainingFailure(attempt, { call, done });
    const failure = ended ?? (await checkGuard(attempt, guard)).failure;
    if (failure !== null) return { ...failure, message: `smoke: ${failure.message}` };
  } finally {
    await rm(inside, { recursive: true, force: true });
  }
  return stand(attempt, await keptPaths(attempt));
}
