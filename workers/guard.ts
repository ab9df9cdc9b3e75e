import { lstatSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { isEditable } from '../orchestrator/domain/editable.ts';
import { hiddenBy } from '../orchestrator/domain/labels.ts';
import type { Failure } from '../orchestrator/domain/run.ts';
import type { Attempt } from './attempt.ts';
import { lookAtLinks, writtenTo } from './links.ts';
import { invalid, listed } from './protect.ts';
import { isMissingLabel } from './stand.ts';
import type { Snapshot } from './walk.ts';

/** What may not change while a run goes on, as it was before. */
export interface Guard {
  /** Protected path → its inode's time of change, which a script cannot set back. */
  readonly stamps: ReadonlyMap<string, string>;
  readonly links: ReadonlyMap<string, Snapshot>;
  /** A file that carries the run's seed, and its text with it. */
  readonly seeded: { readonly path: string; readonly text: string } | null;
}

/** Files looked at between two turns of the event loop. */
const BATCH = 400;

export async function setGuard(attempt: Attempt, seeded: Guard['seeded']): Promise<Guard> {
  const { order, workshop, worktree } = attempt;
  const stamps = new Map<string, string>();
  for (const path of await workshop.repository.listFiles(order.commit)) {
    if (isEditable(order.plan, path)) continue;
    stamps.set(path, stampOf(join(worktree, path)));
    if (stamps.size % BATCH === 0) await setImmediate();
  }
  return { stamps, seeded, links: await lookAtLinks(workshop.root, order.plan.workspace.link) };
}

/**
 * `invalid` where a protected file or a linked path is not as it was. A script may write to its
 * worktree, and without a sandbox anywhere, and may have undone it since. The repository compares bytes where they are
 * few; where they are many it asks git, whose index a script can reach and have look away. The
 * stamps tell in either case. `edited` are editable files that the run itself wrote to, which is
 * no offence.
 */
export async function checkGuard(
  attempt: Attempt,
  guard: Guard,
): Promise<{ readonly failure: Failure | null; readonly edited: readonly string[] }> {
  const { order, workshop, worktree } = attempt;
  const { tracked } = await workshop.repository.worktreeChanges(worktree, order.commit);
  const isHidden = hiddenBy(order.plan);
  const changed = new Set<string>();
  const edited: string[] = [];
  for (const path of tracked) {
    if (await isMissingLabel(attempt, path)) continue;
    if (await carriesSeed(attempt, guard, path)) continue;
    if (isEditable(order.plan, path)) edited.push(path);
    else changed.add(path);
  }
  let looked = 0;
  for (const [path, stamp] of guard.stamps) {
    if (++looked % BATCH === 0) await setImmediate();
    if (changed.has(path) || stampOf(join(worktree, path)) === stamp) continue;
    if (await carriesSeed(attempt, guard, path)) continue;
    // A label that came back is as committed, and still no sight for a training.
    if (isHidden(path) || !(await isAsCommitted(attempt, path))) changed.add(path);
  }
  const links = await lookAtLinks(workshop.root, order.plan.workspace.link);
  const offences = [
    ...(changed.size > 0 ? [`the run changed protected files: ${listed([...changed])}`] : []),
    ...writtenTo(guard.links, links),
  ];
  return { failure: offences.length > 0 ? invalid(offences.join('; ')) : null, edited };
}

async function carriesSeed(attempt: Attempt, { seeded }: Guard, path: string): Promise<boolean> {
  return path === seeded?.path && (await textOf(join(attempt.worktree, path))) === seeded.text;
}

async function isAsCommitted(attempt: Attempt, path: string): Promise<boolean> {
  const committed = await attempt.workshop.repository.readFile(attempt.order.commit, path);
  // git may write other line ends, and large files from elsewhere: then it alone can tell.
  if (committed === null || committed.startsWith('version https://git-lfs')) return true;
  const found = await textOf(join(attempt.worktree, path));
  return found !== null && found.replaceAll('\r\n', '\n') === committed.replaceAll('\r\n', '\n');
}

const textOf = (file: string): Promise<string | null> => readFile(file, 'utf8').catch(() => null);

function stampOf(file: string): string {
  try {
    const { ino, ctimeNs } = lstatSync(file, { bigint: true });
    return `${ino}@${ctimeNs}`;
  } catch {
    return 'missing';
  }
}
