import { rm } from 'node:fs/promises';
import { relative } from 'node:path';
import { environmentDifferences, type Difference } from '../../workers/compare-environment.ts';
import { machine } from '../../workers/local.ts';
import { putInInbox } from '../../notebook/inbox.ts';
import type { RunId } from '../domain/ids.ts';
import type { Plan } from '../domain/plan.ts';
import type { RunResult } from '../domain/run.ts';
import type { State } from '../domain/state.ts';
import { systemUser } from './author.ts';
import type { Lab } from './lab.ts';
import { carryOut, makePlaces, type CarriedOut } from './rerun/carry-out.ts';
import { compareOutcomes, type Comparison } from './rerun/compare.ts';
import { missingFor, type Missing } from './rerun/missing.ts';
import { leaveFolder } from './rerun/owner.ts';
import { targetOf, type Came, type Target } from './rerun/target.ts';

/** A run once more: the same commit, command, seed and environment. Does the number come out the same? */

export type { Difference, Missing };

interface Asked {
  readonly run: RunId;
  readonly attempt: number;
  /** From the lab's top; null where none was found. */
  readonly manifest: string | null;
  readonly seed: number | null;
  readonly plan: Plan;
  readonly was: Came;
  /** What the run had and is not here; also what the rerun went without. */
  readonly missing: readonly Missing[];
}

export type Rerun =
  /** Something is missing without which there is nothing to run. */
  | (Asked & { readonly kind: 'missing' })
  /** The signal fired. */
  | (Asked & { readonly kind: 'stopped' })
  | (Asked &
      Comparison & {
        readonly kind: 'done';
        readonly now: RunResult;
        /** Null where the environments cannot be compared, for lack of a manifest. */
        readonly differences: readonly Difference[] | null;
        /** The rerun's own files, from the lab's top. */
        readonly folder: string;
        /** Whether the notebook recorded it. */
        readonly recorded: boolean;
      });

export interface RerunOptions {
  /** What relative paths are relative to. */
  readonly cwd: string;
  /** Stops the run, and takes its worktree away. */
  readonly signal: AbortSignal;
  /** Called before the run starts, with the folder of its log, from the lab's top. */
  readonly onStart: (target: Target, missing: readonly Missing[], folder: string) => void;
}

/**
 * Runs what `text` names (a run of this lab, or a manifest from anywhere) again, beside whatever
 * night is going on. The recorded run is never written to. Throws LabError usage where `text`
 * names nothing that can be run again.
 */
export async function rerun(
  lab: Lab,
  state: State,
  text: string,
  { cwd, signal, onStart }: RerunOptions,
): Promise<Rerun> {
  const target = await targetOf(lab, state, text, cwd);
  const here = await machine(process.env);
  const missing = await missingFor(lab, target, here, process.env);
  const { order, was, file } = target;
  const asked: Asked = {
    ...{ run: order.run, attempt: order.attempt, seed: order.seed, plan: order.plan },
    ...{ manifest: file === null ? null : relative(lab.root, file), was, missing },
  };
  if (missing.some((each) => each.needed)) return { ...asked, kind: 'missing' };
  if (signal.aborted) return { ...asked, kind: 'stopped' };
  const places = await makePlaces(lab, target);
  const folder = relative(lab.root, places.attempt);
  onStart(target, missing, folder);
  const done = await carryOut(lab, target, places, here, signal);
  const { result } = done;
  if (result.status === 'killed') {
    await rm(places.reruns, { recursive: true, force: true });
    return { ...asked, kind: 'stopped' };
  }
  const compared = compareOutcomes(was, result, order.plan.objective.metric);
  const differences = differencesOf(target, done, missing);
  const { known: recorded } = target;
  if (recorded) {
    await putInInbox(lab.notebookDir, {
      type: 'reran',
      ...{ run: order.run, objective: result.objective, same: compared.same },
      differences: (differences ?? []).map(inWords),
      ...{ folder, who: systemUser() },
    });
  }
  await leaveFolder(places.reruns);
  return { ...asked, ...compared, kind: 'done', now: result, differences, folder, recorded };
}

/** `package numpy: 1.26.4, now 2.0.1` */
const inWords = ({ what, was, now }: Difference): string =>
  `${what}: ${was ?? 'not there'}, now ${now ?? 'not there'}`;

function differencesOf(
  { manifest, order }: Target,
  done: CarriedOut,
  missing: readonly Missing[],
): readonly Difference[] | null {
  const environment =
    manifest === null || done.manifest === null
      ? null
      : environmentDifferences(manifest, done.manifest);
  // An attempt after a failed one finds that one's files, to resume from; a rerun has none.
  const resumed: readonly Difference[] =
    order.attempt === 1 ? [] : [{ what: 'files of the attempt before', was: 'at hand', now: null }];
  if (environment !== null) return [...environment, ...resumed];
  const variables = missing.filter(({ kind }) => kind === 'variable');
  const unset = variables.map(({ name }) => ({ what: `variable ${name}`, was: 'set', now: null }));
  return manifest === null ? null : [...unset, ...resumed];
}
