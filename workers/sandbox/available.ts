import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SandboxSettings } from '../../orchestrator/domain/plan-sandbox.ts';
import { temporaryFolder } from '../../system/temporary.ts';
import { programOf } from '../programs.ts';
import { byAllNames, limitsOf } from './ground.ts';
import { bubblewrap, bubblewrapFeatures } from './bubblewrap.ts';
import { findCgroups } from './cgroup.ts';
import { writes, type Confinement, type Sandbox } from './confinement.ts';
import { container } from './container.ts';
import { createHolder } from './hold.ts';
import { sandboxExec } from './sandbox-exec.ts';

/** Which sandboxes work on this machine: each is found by running something in it. */

export interface Found {
  readonly kind: Sandbox['kind'];
  /** Null where it does not work. */
  readonly sandbox: Sandbox | null;
  /** Why it does not. */
  readonly because: string | null;
}

/** What runs are shut in, by the plan's settings on this machine; null with the reason for nothing. */
export type Choice =
  | { readonly sandbox: Sandbox }
  | { readonly sandbox: null; readonly because: string };

type Kind = Sandbox['kind'];

/** Those that need nothing but the machine. */
const ownKinds = (): readonly Kind[] =>
  process.platform === 'darwin' ? ['sandbox-exec'] : ['bubblewrap'];

export async function chooseSandbox(settings: SandboxSettings): Promise<Choice> {
  if (settings.mode === 'off') return { sandbox: null, because: 'the plan says sandbox: off' };
  const kinds = settings.with === 'auto' ? ownKinds() : [settings.with];
  const why: string[] = [];
  for (const kind of kinds) {
    const { sandbox, because } = await tried(kind, settings);
    if (sandbox !== null) return { sandbox };
    why.push(`${kind}: ${because}`);
  }
  return { sandbox: null, because: why.join('; ') };
}

const known = new Map<string, Promise<Found>>();

/** Tried once by a process: a machine does not change under a night. */
function tried(kind: Kind, settings: SandboxSettings): Promise<Found> {
  const key = `${kind} ${settings.image ?? ''}`;
  const found = known.get(key) ?? tryOut(kind, settings);
  known.set(key, found);
  return found;
}

async function tryOut(kind: Kind, settings: SandboxSettings): Promise<Found> {
  const program = programOf(kind === 'bubblewrap' ? 'bwrap' : kind, process.env, '/');
  if (program === null) return { kind, sandbox: null, because: 'it is not installed' };
  const sandbox = await open(kind, program, settings);
  if (sandbox === null) return { kind, sandbox, because: `${program} does not answer` };
  const because = await fault(sandbox, settings);
  return because === null ? { kind, sandbox, because } : { kind, sandbox: null, because };
}

async function open(
  kind: Kind,
  program: string,
  { image = '' }: SandboxSettings,
): Promise<Sandbox | null> {
  if (kind === 'docker' || kind === 'podman') return container(kind, program, image);
  if (kind === 'sandbox-exec') return sandboxExec(program);
  const features = await bubblewrapFeatures(program);
  return features === null ? null : bubblewrap(features, createHolder(findCgroups()));
}

const run = promisify(execFile);
const PATIENCE_MS = 20_000;
/** It writes where it may, and finds that it may nowhere else. */
const PROBE = `echo inside > "$1/inside" || exit 3
if (: > "$2/outside") 2>/dev/null && test -e "$2/inside"; then exit 4; fi
exit 0`;

/** Runs something in it; null where it came out as it should. */
async function fault(sandbox: Sandbox, settings: SandboxSettings): Promise<string | null> {
  const folder = await mkdtemp(join(temporaryFolder(), 'autolab-sandbox-'));
  const confinement: Confinement = {
    argv: ['/bin/sh', '-c', PROBE, 'sh', folder, homedir()],
    env: {},
    cwd: folder,
    mounts: [
      ...['/tmp', homedir()].map((at) => ({ kind: 'empty', at }) as const),
      ...writes(...byAllNames(folder)),
    ],
    seals: [],
    network: false,
    gpus: false,
    limits: limitsOf(settings),
    lab: 'probe',
    scratch: null,
  };
  const { argv, env, release } = await sandbox.shutIn(confinement);
  const [program = '', ...args] = argv;
  try {
    await run(program, args, { env, timeout: PATIENCE_MS });
    const wrote = await readFile(join(folder, 'inside'), 'utf8').catch(() => '');
    return wrote === 'inside\n' ? null : 'what ran in it could not write to its own folder';
  } catch (error) {
    const { stderr = '', message } = error as { stderr?: string; message: string };
    return (stderr.trim() || message).split('\n')[0]?.slice(0, 300) ?? 'it failed';
  } finally {
    await release();
    await rm(folder, { recursive: true, force: true });
  }
}
