import { basename, join } from 'node:path';
import type { Failure } from '../orchestrator/domain/run.ts';
import type { Attempt } from './attempt.ts';
import { invalid, listed } from './protect.ts';
import { keptPaths } from './setup.ts';
import { differences, stamped, type Snapshot } from './walk.ts';

/**
 * Code that comes to lie in a measuring command's checkout while it runs, and that git does not
 * track: a `json.py` beside a scorer is imported in place of Python's own. Nothing tells the
 * command's own files from those of a run that trains beside it. So it may write what it likes there
 * but code, which it can as well write elsewhere or leave to setup. Below a folder whose name begins
 * with a dot no import looks of itself, and `uv run` makes a `.venv`: unless it is setup's, that is a
 * remark.
 *
 * Not seen: a file that is gone again at the end; one that came while setup ran, and is taken for
 * setup's; data that the command reads by name or pattern; code in other languages; and what lies
 * outside of the checkout, such as a linked `.venv` (links are compared by size and time).
 */

/** Names that Python or Node would load, compiled or not, or be steered by. */
const CODE = /\.(?:py[cdw]?|so|pth|dylib|[mc]?[jt]s|node)$|^(?:package\.json|pyvenv\.cfg)$/i;
const BELOW_A_DOT = /(?:^|\/)\.[^/]+\//;

/** Untracked code in the checkout, and untracked links, of which anything may be imported. */
async function codeIn({ order, workshop, worktree }: Attempt): Promise<Snapshot> {
  const { link } = order.plan.workspace;
  const linked = new Set(link.map((path) => join(worktree, path.replace(/\/+$/, ''))));
  const tracked = new Set(await workshop.repository.listFiles(order.commit));
  const seen = await stamped(worktree, true, linked);
  return new Map(
    [...seen].filter(
      ([path, state]) =>
        !tracked.has(path) && (CODE.test(basename(path)) || state.startsWith('->')),
    ),
  );
}

export interface Beside {
  readonly failure: Failure | null;
  /** What is odd about it, a sentence each. */
  readonly odd: readonly string[];
}

/**
 * To be called when the command is about to start; the answer, when it has ended, says what is wrong
 * or odd about the code that lies there then. Until then only setup's may.
 */
export async function watchCode(pristine: Attempt): Promise<() => Promise<Beside>> {
  const kept = await keptPaths(pristine);
  const ofSetup = (path: string): boolean =>
    kept.some((top) => path === top || path.startsWith(`${top}/`));
  const before = kept.length === 0 ? [] : [...(await codeIn(pristine))];
  const known = new Map(before.filter(([path]) => ofSetup(path)));
  return async () => {
    const came = differences(known, await codeIn(pristine));
    const isAside = (path: string): boolean => BELOW_A_DOT.test(path) && !ofSetup(path);
    const beside = came.filter((path) => !isAside(path));
    const aside = came.filter(isAside);
    return {
      failure: beside.length === 0 ? null : invalid(offence(beside)),
      odd: aside.length === 0 ? [] : [`${listed(aside)} came to lie in its checkout`],
    };
  };
}

const offence = (paths: readonly string[]): string =>
  `expected no code in its checkout but what git tracks and run.setup left, found ${listed(paths)} new or changed, which it may have loaded, and a run beside it may have written; what the command itself writes belongs in a temporary folder`;
