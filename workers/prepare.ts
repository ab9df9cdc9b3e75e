import { fromTop, isEditable } from '../orchestrator/domain/editable.ts';
import { PLAN_FILE } from '../orchestrator/domain/layout.ts';
import type { Command } from '../orchestrator/domain/experiment.ts';
import type { SingleChange } from '../orchestrator/domain/hypothesis.ts';
import type {
  CommitOrder,
  PrepareOrder,
  Prepared,
  Repository,
} from '../orchestrator/domain/ports.ts';
import type { Knob, Plan } from '../orchestrator/domain/plan.ts';
import type { Failure, FailureClass } from '../orchestrator/domain/run.ts';
import { isTrouble } from './files.ts';
import { invalid, listed } from './protect.ts';

/** Where a knob, or a hard-coded seed, stands in its file. */
export type Place = Pick<Knob, 'match' | 'path'>;

/** How knobs are turned; whoever knows the plan's syntax hands it in. Both throw LabError where they cannot. */
export interface Rewriting {
  /** The text of `file` with the knob's literal in place of the present one. */
  rewriteKnob(text: string, file: string, knob: Place, literal: string): string;
  /** What every knob of the plan is set to at a commit; null where some can no longer be read. */
  readSettings(plan: Plan, commit: string): Promise<Readonly<Record<string, string>> | null>;
  /** The plan's text with its `run` changed, and the command and environment that it then says. */
  rewriteRun(
    planText: string,
    knob: Knob,
    literal: string,
  ): { readonly text: string; readonly command: Command };
}

/**
 * Makes the change one commit on its parent, on the experiment's branch. Never throws for what a
 * change does: one that does not apply is `idea`, one that touches what it may not is `invalid`.
 */
export async function prepare(
  repository: Repository,
  rewriting: Rewriting,
  order: PrepareOrder,
): Promise<Prepared> {
  const { change, parent, branch } = order;
  try {
    if (change.kind === 'none') {
      await repository.createBranch(branch, parent);
      return { commit: parent, command: order.parent_command, settings: null };
    }
    if (change.kind !== 'stack') return await committed(repository, rewriting, order, branch);
    return await stacked(repository, rewriting, order, change.changes);
  } catch (error) {
    if (!isTrouble(error)) throw error;
    return { failure: { class: classOf(error), message: error.message } };
  }
}

/** Several changes, a commit each, one on the other; the branch is brought to the last. */
async function stacked(
  repository: Repository,
  rewriting: Rewriting,
  order: PrepareOrder,
  changes: readonly SingleChange[],
): Promise<Prepared> {
  let { parent, parent_command } = order;
  let prepared: Prepared = { commit: parent, command: parent_command, settings: null };
  for (const [i, change] of changes.entries()) {
    const branch = i === changes.length - 1 ? order.branch : null;
    const next = { ...order, change, parent, parent_command };
    prepared = await committed(repository, rewriting, next, branch);
    if ('failure' in prepared) return prepared;
    ({ commit: parent, command: parent_command } = prepared);
  }
  // What several commits left the knobs at is read, not reckoned.
  return { ...prepared, settings: await rewriting.readSettings(order.plan, parent) };
}

/** One change as one commit on its parent, to which the branch, if one is given, is brought. */
async function committed(
  repository: Repository,
  rewriting: Rewriting,
  order: PrepareOrder,
  branch: string | null,
): Promise<Prepared> {
  const { change, parent, message, plan, replaces = null } = order;
  const made =
    change.kind === 'patch' ? patched(order) : await turned(repository, rewriting, order);
  if ('class' in made) return { failure: made };
  const commit = await repository.commit({
    ...{ branch, replaces, parent, message },
    change: made.change,
  });
  const offending = (await repository.changedPaths(parent, commit)).filter(
    (path) => !isEditable(plan, path) && !(made.plan && path === PLAN_FILE),
  );
  if (offending.length === 0) {
    const settings = change.kind === 'patch' ? await rewriting.readSettings(plan, commit) : null;
    return { commit, command: made.command, settings };
  }
  const allowed = plan.workspace.editable.join(', ');
  return {
    failure: invalid(`expected changes in ${allowed} only, found ${listed(offending)} changed`),
  };
}

interface Made {
  readonly change: CommitOrder['change'];
  readonly command: Command;
  /** AutoLab itself edits the plan's `run`: the one exemption from protection. */
  readonly plan: boolean;
}

const patched = (order: PrepareOrder): Made | Failure =>
  order.change.kind === 'patch'
    ? {
        change: { kind: 'patch', diff: order.change.diff },
        command: order.parent_command,
        plan: false,
      }
    : invalid('expected a patch');

/** Turns every knob of the change, files and plan as the parent has them. */
async function turned(
  repository: Repository,
  rewriting: Rewriting,
  order: PrepareOrder,
): Promise<Made | Failure> {
  const values = order.change.kind === 'knobs' ? order.change.values : {};
  const files = new Map<string, string>();
  let command = order.parent_command;
  for (const [name, literal] of Object.entries(values)) {
    const knob = order.plan.search_space[name];
    if (knob === undefined)
      return invalid(`expected a knob of the plan's search_space, found ${name}`);
    const path = knob.file === undefined ? PLAN_FILE : fromTop(order.plan, knob.file);
    const text = files.get(path) ?? (await repository.readFile(order.parent, path));
    if (text === null)
      return invalid(
        `knob ${name}: expected ${path} in the parent's commit, found none; commit it first`,
      );
    if (knob.file !== undefined) {
      files.set(path, rewriting.rewriteKnob(text, path, knob, literal));
      continue;
    }
    const rewritten = rewriting.rewriteRun(text, knob, literal);
    files.set(path, rewritten.text);
    command = rewritten.command;
  }
  return { change: { kind: 'files', files }, command, plan: files.has(PLAN_FILE) };
}

/** LabError says what went wrong; trouble without a code of ours is the machine's. */
function classOf(error: Error): FailureClass {
  const code = (error as { readonly code?: unknown }).code;
  if (code === 'conflict') return 'idea';
  return code === 'refused' || code === 'plan' || code === 'usage' || code === 'not_found'
    ? 'invalid'
    : 'infrastructure';
}
