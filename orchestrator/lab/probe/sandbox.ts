import { join } from 'node:path';
import type { Choice } from '../../../workers/local.ts';
import { activated } from '../../../workers/sandbox/ground.ts';
import { interpreterOutOfSight } from '../../../workers/sandbox/interpreter.ts';
import type { Plan } from '../../domain/plan.ts';
import { LabError } from '../../domain/errors.ts';
import type { Lab } from '../lab.ts';
import { commandWords } from './interpreter.ts';
import { bad, odd, ok, type Probe } from './probe.ts';

/** What runs are shut in on this machine, found by running something in it. */

type Sandboxed = Pick<Plan, 'sandbox' | 'run'>;

const OPEN =
  'a run has your rights: it can read your keys and write where you can. Its environment is cut to an allowlist; protected files and linked data are compared after it';

/** Who did not turn it off should know where there is none. */
export function sandboxProbes(
  { sandbox: settings, run }: Sandboxed,
  choice: Choice,
): readonly Probe[] {
  const { sandbox } = choice;
  if (sandbox === null) {
    const { because } = choice;
    if (settings.mode === 'off') return [ok('sandbox', `off, as the plan says: ${OPEN}`)];
    return settings.mode === 'required'
      ? [bad('sandbox', `${missing(because)}; docs/sandbox.md says what each needs`)]
      : [odd('sandbox', `none works here (${because}): ${OPEN}`)];
  }
  const held = (['memory', 'processes'] as const).map((what) =>
    sandbox.holds.includes(what) ? `${what} held by the kernel` : `${what} watched, best effort`,
  );
  const network = { off: 'no network', setup: 'network for run.setup alone', on: 'network' };
  const text = `${sandbox.kind} works here: a run writes to its worktree and its folder, sees no home and no other run; ${network[settings.network]}; ${held.join(', ')}`;
  return [ok('sandbox', text), ...setupProbe(settings, run)];
}

/** What the night would find at its first run, which it then refuses. */
export function interpreterProbe(
  { root, cacheDir, repository }: Pick<Lab, 'root' | 'cacheDir' | 'repository'>,
  { run, workspace }: Pick<Plan, 'run' | 'workspace'>,
  { sandbox }: Choice,
  user: Readonly<Record<string, string | undefined>>,
): readonly Probe[] {
  if (sandbox?.ownPrograms !== true) return [];
  const named = workspace.link.map((path) => join(root, path.replace(/\/+$/, '')));
  const links = [...named, ...activated({ root, user })];
  const ground = { root, cacheDir, gitDir: repository.gitDir, user, links };
  const unseen = interpreterOutOfSight(commandWords(run.command, run.shell), ground);
  return unseen === null ? [] : [bad('sandbox', unseen)];
}

/** What installs or downloads is likely to miss it, at midnight. */
function setupProbe(settings: Plan['sandbox'], { setup }: Plan['run']): readonly Probe[] {
  if (setup === undefined || settings.network !== 'off') return [];
  const wants = /\b(?:install|ci|sync|download|fetch|curl|wget|pull)\b/.test(setup);
  return wants
    ? [
        odd(
          'sandbox',
          `run.setup has no network (${setup}): if it needs one, sandbox: { network: setup }`,
        ),
      ]
    : [];
}

const missing = (because: string): string =>
  `expected a sandbox that works here (sandbox: required), found none (${because})`;

/** What a night should say of it first; throws LabError plan where the plan insists on one. */
export function sandboxRemarks({ sandbox, run }: Sandboxed, choice: Choice): readonly string[] {
  if (choice.sandbox !== null) return setupProbe(sandbox, run).map(({ text }) => text);
  if (sandbox.mode === 'off') return [];
  if (sandbox.mode === 'required') throw new LabError('plan', missing(choice.because));
  return [`no sandbox works here (${choice.because}): ${OPEN}`];
}
