import { readFile, rm } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Failure } from '../orchestrator/domain/run.ts';
import { measures, type Attempt } from './attempt.ts';
import { invocation } from './command.ts';
import { execute } from './execute.ts';
import { refusedBySandbox } from './refused.ts';
import { failureOf } from './failure.ts';
import { writeWhole } from './files.ts';
import { setupKey } from './setup-key.ts';
import { stand } from './stand.ts';
import { fingerprint, stamped } from './walk.ts';

/** What setup left in a slot's worktree, and as which key's. */
const stateSchema = z.object({ key: z.string(), left: z.array(z.string()), print: z.string() });
type State = z.infer<typeof stateSchema>;

const fileOf = (worktree: string): string => `${worktree}.setup.json`;

async function stateOf(attempt: Attempt): Promise<State | null> {
  try {
    return stateSchema.parse(JSON.parse(await readFile(fileOf(attempt.worktree), 'utf8')));
  } catch {
    return null;
  }
}

/** Has the next setup in this worktree run, whatever the last one left. */
export const forgetSetup = (worktree: string): Promise<void> =>
  rm(fileOf(worktree), { force: true });

/** What setup left in the slot's worktree, which the next check-out leaves alone. */
export async function keptPaths(attempt: Attempt): Promise<readonly string[]> {
  const { plan } = attempt.order;
  return plan.run.setup === undefined ? [] : ((await stateOf(attempt))?.left ?? []);
}

/**
 * Runs the plan's setup unless the worktree holds what it left for the same key, untouched since: a
 * write shows that put size and time back, unless the file has several names (hard links), or the
 * writer changed AutoLab's record too, which lies beside the worktree. A run that is made anew
 * trusts neither. The files that git tracks are as committed afterwards, whatever setup did to
 * them: so they are for each later run. Its output is in `log`. A failure on what base has, too, is
 * the machine's.
 */
export async function setUp(attempt: Attempt, log = 'setup.log'): Promise<Failure | null> {
  const { order, workshop, worktree } = attempt;
  const { repository } = workshop;
  const { setup } = order.plan.run;
  if (setup === undefined) return null;
  const key = await setupKey(repository, order.plan, order.base, order.commit);
  const state = await stateOf(attempt);
  if (state?.key === key && state.print === (await printOf(attempt, state.left))) return null;

  await forgetSetup(attempt.worktree);
  const unready = await stand(attempt, []);
  if (unready !== null) return unready;
  const failed = await runSetup(attempt, setup, key, log);
  if (failed !== null) return failed;

  const tracked = await repository.listFiles(order.commit);
  const left = leftIn(worktree, tracked, order.plan.workspace.link);
  const unkept = await stand(attempt, left);
  if (unkept !== null) return unkept;
  await writeWhole(
    fileOf(attempt.worktree),
    JSON.stringify({ key, left, print: await printOf(attempt, left) }),
  );
  return null;
}

async function runSetup(
  attempt: Attempt,
  setup: string,
  key: string,
  log: string,
): Promise<Failure | null> {
  const { order, workshop } = attempt;
  const call = invocation(order.plan.run, setup, null);
  if ('class' in call) return call;
  const timeout_seconds = Math.max(order.plan.run.timeout, workshop.limits.setup_seconds);
  const done = await execute(attempt, {
    argv: call.argv,
    // Setup belongs to the plan, not to the experiment: an env knob is none of its business.
    command: { command: setup, env: order.plan.run.env },
    seed: {},
    isSetup: true,
    timeout_seconds,
    log,
  });
  if (attempt.signal.aborted) {
    return { class: 'infrastructure', message: 'stopped while setup ran' };
  }
  const base = await setupKey(workshop.repository, order.plan, order.base, order.base);
  const unmodified = base === key;
  const failure = failureOf({ ...done, argv: call.argv, timeout_seconds, unmodified });
  if (failure === null) return null;
  const message = `run.setup: ${failure.message}`;
  // Base's is the machine's, but for what the sandbox refuses at every try.
  const refused = refusedBySandbox(done, failure.traceback ?? '') !== null;
  return { ...failure, class: unmodified && !refused ? 'infrastructure' : failure.class, message };
}

/** Bytecode counts only where AutoLab has Python write none: a training leaves it wherever it imports. */
async function printOf(attempt: Attempt, left: readonly string[]): Promise<string> {
  const prints: string[] = [];
  for (const path of left)
    prints.push(path, fingerprint(await stamped(join(attempt.worktree, path), measures(attempt))));
  return prints.join('\n');
}

/**
 * What lies in a worktree and git does not track, ignored or not; a folder without tracked files
 * as one. `__pycache__` beside tracked files is left out: bytecode is matched to its source by
 * second and size, and two experiments can share both.
 */
export function leftIn(
  worktree: string,
  tracked: readonly string[],
  links: readonly string[],
): readonly string[] {
  const known = new Set(tracked);
  const folders = new Set<string>();
  for (const path of [...tracked, ...links]) {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
      folders.add(path.slice(0, at));
  }
  const linked = new Set(links.map((path) => path.replace(/\/+$/, '')));
  const left: string[] = [];
  const look = (folder: string): void => {
    for (const entry of readdirSync(join(worktree, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (known.has(path) || linked.has(path) || path === '.git' || entry.name === '__pycache__')
        continue;
      if (folders.has(path) && entry.isDirectory()) look(path);
      else left.push(path);
    }
  };
  look('');
  return left.toSorted();
}
