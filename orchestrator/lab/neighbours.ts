import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { holderOf, nameOf, wayOfStopped, type Holder } from '../../notebook/lock.ts';
import { LabError } from '../domain/errors.ts';
import type { Lab } from './lab.ts';
import { placeOf } from './place.ts';

/**
 * Labs in other worktrees of this repository: a notebook and a lock each, but the branches of
 * experiments are one repository's, and each night would count them on as if it were alone.
 */

/** A launch of another worktree that lives. */
interface Neighbour {
  /** Its worktree's top level. */
  readonly root: string;
  readonly lock: string;
  readonly holder: Holder;
}

/** Long enough for a launch that is refused to let go of its lock. */
const PATIENCE_MS = 2_000;
const LOOK_MS = 50;

/** All of them now. */
export async function neighbours({ repository }: Lab): Promise<readonly Neighbour[]> {
  const roots = await repository.otherCheckouts();
  const found = roots.map(async (root): Promise<readonly Neighbour[]> => {
    const { notebookDir } = placeOf(root);
    // What may not be read there is no reason to refuse here.
    const holder = await holderOf(notebookDir).catch(() => null);
    return holder === null ? [] : [{ root, lock: join(notebookDir, 'lock'), holder }];
  });
  return (await Promise.all(found)).flat();
}

/**
 * Throws LabError busy where a night runs in another worktree. To be asked with this lab's own lock
 * in hand: of two launches at once, each then sees the other or is seen. Lest both give way, the one
 * whose folder comes first waits a moment for the other to.
 */
export async function refuseBesideNeighbours(lab: Lab): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await neighbours(lab);
    const [first] = found;
    if (first === undefined) return;
    const ahead = found.find(({ root }) => root < lab.root);
    if (ahead !== undefined || performance.now() > until) throw await busy(ahead ?? first);
    await pause(LOOK_MS);
  }
}

async function busy({ root, lock, holder }: Neighbour): Promise<LabError> {
  const way =
    (await wayOfStopped(holder)) ??
    `Wait for its end, or end it with autolab stop in ${root}; if it is certain that it no longer runs, delete ${lock}`;
  return new LabError(
    'busy',
    `a night of this repository runs in another worktree, ${root}: its notebook is held by ${nameOf(holder)}. ` +
      `Both would give their branches autolab/E-… the same names. ${way}. For two nights at once, launch one in a clone (git clone)`,
    lock,
  );
}
