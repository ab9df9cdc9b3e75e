import { closeSync, lstatSync, openSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { wordsOf } from '../../orchestrator/domain/command.ts';
import type { Plan } from '../../orchestrator/domain/plan.ts';
import { measures, type Attempt } from '../attempt.ts';
import { reads, writes, type Confinement, type Mount } from './confinement.ts';
import { gitFacade } from './git-facade.ts';
import {
  activated,
  byAllNames,
  expanded,
  hidden,
  limitsOf,
  trustedOn,
  type Ground,
} from './ground.ts';
import { prefixesOf } from './prefixes.ts';

/** What one command of an attempt is to see, and what it may change: its worktree and its run's folder. */

export interface Wish {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly network: boolean;
  /** Seen besides, for reading. */
  readonly read: readonly string[];
  /** A question of AutoLab's own, which has nothing to write. */
  readonly asks?: boolean;
}

/** Of an attempt's folder: what AutoLab writes or believes. A run writes beside it. */
const OWN_FILES = ['result.json', 'run.log', 'metrics.ndjson'];

export async function confinementOf(
  attempt: Attempt,
  wish: Wish,
  scratch: string | null,
): Promise<Confinement> {
  const { order, workshop, worktree, folder } = attempt;
  const { sandbox } = order.plan;
  const writable = wish.asks === true ? [] : [worktree, folder];
  return {
    argv: wish.argv,
    env: wish.env,
    cwd: attempt.cwd,
    mounts: [
      ...hidden(groundOf(attempt), wish.env),
      ...reads(...(await readable(attempt, wish)).flatMap(byAllNames)),
      ...(wish.asks === true ? reads(worktree) : []),
      ...facade(attempt),
      ...writes(...writable.flatMap(byAllNames)),
    ],
    seals: wish.asks === true ? [] : seals(attempt),
    network: wish.network,
    gpus: (order.gpus?.length ?? 0) > 0,
    limits: limitsOf(sandbox),
    lab: workshop.lab,
    scratch,
  };
}

async function readable(attempt: Attempt, { env, argv, read }: Wish): Promise<readonly string[]> {
  const { order, workshop } = attempt;
  const { plan } = order;
  const previous = env['AUTOLAB_PREVIOUS_RUN_DIR'];
  const prefixes = await prefixesOf({
    words: programWords(plan, argv),
    env,
    cwd: join(workshop.root, plan.workspace.directory),
    isTrusted: trustedOn(groundOf(attempt)),
  });
  return [
    ...prefixes,
    ...plan.sandbox.read.map((path) => expanded(path, workshop.user['HOME'])),
    ...linksOf(attempt),
    ...(previous === undefined ? [] : [previous]),
    ...read,
  ];
}

const linksOf = ({ order, workshop }: Attempt): readonly string[] =>
  order.plan.workspace.link.map((path) => join(workshop.root, path.replace(/\/+$/, '')));

/** The lab of an attempt, with what of its checkout runs may see. */
export const groundOf = (attempt: Attempt): Ground => {
  const { root, cacheDir, repository, user } = attempt.workshop;
  const links = [...linksOf(attempt), ...activated({ root, user })];
  return { root, cacheDir, gitDir: repository.gitDir, user, links };
};

/** The words of what is run, and of a line that a shell is handed. */
export function programWords({ run }: Plan, argv: readonly string[]): readonly string[] {
  if (!run.shell) return argv;
  try {
    return wordsOf(argv.at(-1) ?? '', true).map(({ value }) => value);
  } catch {
    return argv;
  }
}

/** git's own place of the worktree shows the commit alone, and its pointer there stays as it is. */
function facade({ workshop, worktree, order }: Attempt): readonly Mount[] {
  const { cacheDir, repository } = workshop;
  const place = join(cacheDir, 'git', basename(worktree));
  const seen = { worktree, gitDir: repository.gitDir, commit: order.commit };
  const mount = gitFacade(place, seen);
  return mount === null ? [] : [mount];
}

function seals(attempt: Attempt): readonly string[] {
  const { worktree, folder } = attempt;
  const own = OWN_FILES.map((name) => join(folder, name));
  if (!measures(attempt)) for (const file of own) madeSure(file);
  return [...own, join(worktree, '.git')].filter(
    (file) => lstatSync(file, { throwIfNoEntry: false })?.isFile() === true,
  );
}

/** A seal lies on a plain file; what else bears the name, an earlier command has left. */
function madeSure(file: string): void {
  const there = lstatSync(file, { throwIfNoEntry: false });
  if (there?.isFile() === true) return;
  if (there !== undefined) rmSync(file, { recursive: true, force: true });
  closeSync(openSync(file, 'wx'));
}
