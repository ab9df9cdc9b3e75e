import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { measuringWorktrees } from '../../../workers/attempt.ts';
import type { Machine } from '../../../workers/local.ts';
import { manifestSchema, type Manifest } from '../../../workers/manifest.ts';
import { LabError } from '../../domain/errors.ts';
import { experimentOf } from '../../domain/ids.ts';
import { attemptDir, experimentDir } from '../../domain/layout.ts';
import type { RunOrder } from '../../domain/ports.ts';
import type { RunResult } from '../../domain/run.ts';
import { clock, type Lab } from '../lab.ts';
import { openExecutor } from '../executor.ts';
import { devicesFor } from './missing.ts';
import { takeFolder } from './owner.ts';
import { rerunSlot } from './slot.ts';
import type { Target } from './target.ts';

/** Where a rerun's own files are, both absolute. */
export interface Places {
  /** `experiments/E-0007/reruns/<time>`: no attempt's folder is ever written to. */
  readonly reruns: string;
  /** The attempt's folder within. */
  readonly attempt: string;
}

export interface CarriedOut {
  readonly result: RunResult;
  /** Null where the command was never run. */
  readonly manifest: Manifest | null;
}

/** Makes room for a rerun's files, this process' own; git does not see them, also where no night has run. */
export async function makePlaces(lab: Lab, { order }: Target): Promise<Places> {
  const top = join(lab.root, experimentDir(experimentOf(order.run)), 'reruns');
  await mkdir(top, { recursive: true });
  await writeFile(join(top, '.gitignore'), '*\n');
  const time = new Date(clock.now()).toISOString().replace(/[:.]/g, '-');
  for (let n = 1; ; n++) {
    const reruns = join(top, n === 1 ? time : `${time}-${n}`);
    const made = await mkdir(reruns).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') return false;
        throw error;
      },
    );
    if (!made) continue;
    await takeFolder(reruns);
    return { reruns, attempt: attemptIn(reruns, order) };
  }
}

const attemptIn = (reruns: string, { run, attempt }: Pick<RunOrder, 'run' | 'attempt'>): string =>
  join(reruns, attemptDir(run, attempt).slice('experiments/'.length));

/**
 * The same steps by the same Worker and executor as at night, in a worktree of this process' own
 * that is gone afterwards, whatever happens. When the signal fires, the result is `killed`.
 */
export async function carryOut(
  lab: Lab,
  target: Target,
  places: Places,
  machine: Machine,
  signal: AbortSignal,
): Promise<CarriedOut> {
  const { slot, worktree } = rerunSlot(lab.cacheDir);
  const order: RunOrder = { ...target.order, slot, gpus: devicesFor(target, machine) };
  const [executor, { createWorker }] = await Promise.all([
    openExecutor({ ...lab, experimentsDir: places.reruns }),
    import('../../../agents/worker.ts'),
  ]);
  const { run, attempt, commit } = order;
  try {
    await executor.endOrphans();
    await createWorker(executor)({ task: 'run', order }, { signal });
    const result = await executor.sealed(run, attempt, commit);
    if (result === null) throw new LabError('failed', `${run} left no result`, places.attempt);
    return { result, manifest: await manifestIn(places.attempt) };
  } finally {
    for (const folder of [worktree, ...measuringWorktrees(worktree)]) {
      await lab.repository.removeWorktree(folder);
      await rm(`${folder}.setup.json`, { force: true });
    }
  }
}

async function manifestIn(folder: string): Promise<Manifest | null> {
  const text = await readFile(join(folder, 'manifest.json'), 'utf8').catch(() => null);
  return text === null ? null : manifestSchema.parse(JSON.parse(text));
}
