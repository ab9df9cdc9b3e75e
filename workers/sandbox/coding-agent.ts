import { LabError } from '../../orchestrator/domain/errors.ts';
import type { Plan } from '../../orchestrator/domain/plan.ts';
import { ranOutOfMemory } from '../bounds.ts';
import { ownMarks } from '../orphans.ts';
import { chooseSandbox, type Choice } from './available.ts';
import { reads, writes } from './confinement.ts';
import { byAllNames, hidden, limitsOf, trustedOn, type Ground } from './ground.ts';
import { prefixesOf } from './prefixes.ts';
import type { Ready } from './shut-in.ts';

/**
 * The second profile, for a coding agent: it needs the network to think, so what it can see is all
 * the more to be little. It has a home that is thrown away (HOME of `env`, among `writes`), with
 * copies of the files that the plan names, and the copy of the lab that it works on.
 */

export interface AgentWish {
  readonly plan: Pick<Plan, 'sandbox'>;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Folders that it may write to, absolute. */
  readonly writes: readonly string[];
  /** What it sees besides the system's programs and its own, absolute. */
  readonly reads: readonly string[];
}

/** As a command of an attempt is made ready. Throws LabError failed where the plan insists on what cannot be had. */
export async function shutInAgent(
  ground: Ground,
  wish: AgentWish,
  choose: (settings: Plan['sandbox']) => Promise<Choice> = chooseSandbox,
): Promise<Ready> {
  const { argv, env, cwd } = wish;
  const settings = wish.plan.sandbox;
  const choice = await choose(settings);
  const { sandbox } = choice;
  if (sandbox === null) {
    if (settings.mode === 'required')
      throw new LabError(
        'failed',
        `expected a sandbox (sandbox: required), found ${choice.because}`,
      );
    return {
      ...{ kind: 'none', offline: false, argv, env, keeper: false },
      bounds: undefined,
      began: () => true,
      passed: () => null,
      release,
    };
  }
  const limits = limitsOf(settings);
  const isTrusted = trustedOn(ground);
  // Where it looks for its own programs is the user's home, not the one that it is given.
  const its = {
    words: argv,
    env: { ...env, HOME: ground.user['HOME'] ?? '/' },
    cwd: '/',
    isTrusted,
  };
  const seen = [...(await prefixesOf(its)), ...wish.reads];
  const { held, ranOut, ...rest } = await sandbox.shutIn({
    ...{
      argv,
      env,
      cwd,
      limits,
      lab: ownMarks(ground.cacheDir).lab,
      seals: [],
      scratch: null,
      network: true,
      gpus: false,
    },
    mounts: [
      ...hidden(ground, env),
      ...reads(...seen.flatMap(byAllNames)),
      ...writes(...wish.writes.flatMap(byAllNames)),
    ],
  });
  const bounds = {
    memory: held.memory ? null : limits.memory,
    processes: held.processes ? null : limits.processes,
    disk: { bytes: limits.disk, folders: wish.writes },
  };
  const passed = () => (ranOut() ? ranOutOfMemory(limits.memory) : null);
  return { ...rest, kind: sandbox.kind, bounds, offline: false, passed };
}

const release = async (): Promise<void> => undefined;
