import { platform, arch } from 'node:os';
import { execa } from 'execa';
import type { DataIdentity } from '../orchestrator/domain/event.ts';
import type { Plan } from '../orchestrator/domain/plan.ts';
import type { Environment } from '../orchestrator/domain/run.ts';
import type { RunOrder } from '../orchestrator/domain/ports.ts';
import type { Workshop } from './attempt.ts';
import { dataIdentity } from './data.ts';
import { hashOf, lockHashes } from './locks.ts';
import { environmentOf } from './environment-key.ts';
import { machine } from './machine.ts';
import type { Manifest } from './manifest.ts';
import { installedPackages, interpretersOf, type Ask } from './packages.ts';
import type { Snapshot } from './walk.ts';

/** What surrounds a run and is the same for many: collected while it trains. */
export interface Facts extends Pick<
  Manifest,
  'environment_key' | 'hardware' | 'packages' | 'locks'
> {
  readonly versions: Manifest['versions'];
  readonly data: readonly DataIdentity[];
  readonly environment: Environment;
}

/** Answers once per executor; the machine does not change under it. */
interface Here extends Pick<Manifest, 'hardware'> {
  readonly git: string | null;
  readonly environmentWith: (data: readonly DataIdentity[], plan: Plan) => Environment;
}
const remembered = new WeakMap<Workshop, Promise<Here>>();

/**
 * The environment key is over the hard parts: hardware, interpreter versions, lock files, linked
 * data, the plan's command, setup, timeout and GPUs per run. An experiment that changes a lock
 * file has another one; an arg knob does not.
 */
export async function collectFacts(
  workshop: Workshop,
  order: RunOrder,
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
  ask: Ask,
  /** Linked paths as they were looked at before. */
  watched: ReadonlyMap<string, Snapshot> = new Map(),
): Promise<Facts> {
  const { plan, commit } = order;
  const [{ hardware, git, environmentWith }, locks, interpreters] = await Promise.all([
    machineOf(workshop),
    lockHashes(workshop.repository, plan, commit),
    interpretersOf(words, env, cwd, ask),
  ]);
  const data: DataIdentity[] = [];
  for (const path of plan.workspace.link)
    data.push(await dataIdentity(workshop.root, path, workshop.cacheDir, watched.get(path)));
  const packages = await installedPackages({
    ...{ words, env, cwd, locks, ask },
    cacheDir: workshop.cacheDir,
  });
  const { run, compute } = plan;
  const environment_key = hashOf(
    JSON.stringify([
      [hardware.platform, hardware.cpu, hardware.cores, hardware.gpus.map((gpu) => gpu.name)],
      interpreters,
      locks,
      data.map(({ path, sha256 }) => [path, sha256]),
      [run.command, run.shell, run.setup ?? null, run.timeout, compute.gpus_per_run],
    ]),
  ).slice(0, 16);
  return {
    environment_key,
    environment: environmentWith(data, plan),
    hardware,
    packages,
    locks,
    data,
    versions: { autolab: workshop.version, node: process.version, git, interpreters },
  };
}

function machineOf(workshop: Workshop): Promise<Here> {
  const known = remembered.get(workshop) ?? look(workshop);
  remembered.set(workshop, known);
  return known;
}

async function look(workshop: Workshop): Promise<Here> {
  const [here, git] = await Promise.all([
    machine(workshop.user),
    execa('git', ['--version'], { reject: false, timeout: 10_000, stdin: 'ignore' }),
  ]);
  return {
    hardware: {
      platform: `${platform()} ${arch()}`,
      cpu: here.cpu,
      cores: here.cores,
      memory_mb: here.memory_mb,
      gpus: [...here.gpus],
    },
    git: git.failed ? null : git.stdout.replace('git version ', '').trim(),
    environmentWith: (data, plan) => environmentOf(here, data, plan, workshop.user),
  };
}
