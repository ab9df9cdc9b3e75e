import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { execa } from 'execa';
import type { Plan } from '../orchestrator/domain/plan.ts';

export interface Gpu {
  readonly index: number;
  readonly name: string;
  readonly memory_mb: number;
}

/** What the machine offers to runs. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  /** MB of 1024 × 1024 bytes; a container's limit where there is one. */
  readonly memory_mb: number;
  readonly gpus: readonly Gpu[];
  /** Of the GPUs, where there are any. */
  readonly driver?: string;
}

const NVIDIA_SMI = 'nvidia-smi';
const NVIDIA_SMI_MS = 10_000;

/** Looks at the machine. GPUs that CUDA_VISIBLE_DEVICES of `user` hides are not there. */
export async function machine(
  user: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Machine> {
  const [memory, { gpus, driver }] = await Promise.all([
    memoryLimit(),
    gpusOf(user['CUDA_VISIBLE_DEVICES']),
  ]);
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory_mb: Math.floor(Math.min(totalmem(), memory) / 2 ** 20),
    gpus,
    ...(driver === undefined ? {} : { driver }),
  };
}

/** `AMD EPYC 7763 (16 cores, 64 GB), 2 × NVIDIA H100`: the same hardware is the same words. */
export function machineInWords({ cpu, cores, memory_mb, gpus }: Machine): string {
  const kinds = [...new Set(gpus.map((gpu) => gpu.name))].toSorted();
  const counted = kinds.map(
    (kind) => `${gpus.filter((gpu) => gpu.name === kind).length} × ${kind}`,
  );
  const memory = Math.round(memory_mb / 1024);
  return [`${cpu} (${cores} cores, ${memory} GB)`, ...counted, `Node ${process.version}`].join(
    ', ',
  );
}

async function memoryLimit(): Promise<number> {
  const text = await readFile('/sys/fs/cgroup/memory.max', 'utf8').catch(() => 'max');
  const bytes = Number(text.trim());
  return Number.isFinite(bytes) && bytes > 0 ? bytes : Number.POSITIVE_INFINITY;
}

async function gpusOf(
  visible: string | undefined,
): Promise<{ readonly gpus: readonly Gpu[]; readonly driver: string | undefined }> {
  const { stdout, failed } = await execa(
    NVIDIA_SMI,
    ['--query-gpu=index,uuid,name,memory.total,driver_version', '--format=csv,noheader,nounits'],
    { reject: false, timeout: NVIDIA_SMI_MS, stdin: 'ignore' },
  );
  if (failed) return { gpus: [], driver: undefined };
  const all = stdout.split('\n').flatMap((line): readonly (Gpu & { uuid: string })[] => {
    const [index, uuid, name, memory] = line.split(',').map((part) => part.trim());
    if (uuid === undefined || name === undefined) return [];
    // Memory shared with the processor is `[N/A]`.
    return [{ index: Number(index), uuid, name, memory_mb: Number(memory) || 0 }];
  });
  const shown = visible?.split(',').map((part) => part.trim());
  const driver = stdout.split('\n')[0]?.split(',')[4]?.trim();
  const gpus = all
    .filter(({ index, uuid }) => {
      if (shown === undefined) return true;
      return shown.some((id) => id === String(index) || (id !== '' && uuid.startsWith(id)));
    })
    .map(({ index, name, memory_mb }) => ({ index, name, memory_mb }));
  return { gpus, driver };
}

/** More would have runs disturb each other on whatever is shared: disk, memory bandwidth, heat. */
const MOST_SLOTS = 8;
const MEMORY_PER_SLOT_MB = 1024;

/**
 * How many runs at once. `parallel: N` is taken at its word. `auto`: as many as there are whole
 * sets of `gpus_per_run` GPUs; without GPUs, as the cores allow with OMP_NUM_THREADS threads each
 * (unsaid: 1, but half the cores, 4 at most, for Python, whose libraries use them all). Either
 * way no more than cores, one per GB of memory (or per a peak_memory_mb constraint), and 8.
 */
export function slotsFor(plan: Plan, machine: Machine): number {
  if (plan.budget.parallel !== 'auto') return plan.budget.parallel;
  const each = gpusPerRun(plan, machine);
  const bound = plan.constraints.find(({ metric }) => metric === 'peak_memory_mb')?.max;
  const byMemory = machine.memory_mb / Math.max(bound ?? 0, MEMORY_PER_SLOT_MB);
  const byDevice = each > 0 ? machine.gpus.length / each : machine.cores / threadsOf(plan, machine);
  return Math.max(1, Math.floor(Math.min(byMemory, byDevice, machine.cores, MOST_SLOTS)));
}

function threadsOf(plan: Plan, machine: Machine): number {
  const said = Number(plan.run.env['OMP_NUM_THREADS']);
  if (Number.isInteger(said) && said > 0) return said;
  return /\b(?:python[\d.]*|torchrun|accelerate|uv|poetry)\b/.test(plan.run.command)
    ? Math.min(4, Math.max(1, Math.floor(machine.cores / 2)))
    : 1;
}

function gpusPerRun(plan: Plan, machine: Machine): number {
  const wanted = plan.compute.gpus_per_run;
  return machine.gpus.length === 0 ? 0 : wanted === 'auto' ? 1 : wanted;
}

/**
 * The devices of a slot (counted from 1) for CUDA_VISIBLE_DEVICES: its own set as long as there
 * are enough, shared in turn otherwise. Empty where the plan wants none, null on a machine
 * without GPUs.
 */
export function gpusFor(slot: number, plan: Plan, machine: Machine): readonly number[] | null {
  if (machine.gpus.length === 0) return null;
  const each = Math.min(gpusPerRun(plan, machine), machine.gpus.length);
  return Array.from({ length: each }, (_, i) => {
    const gpu = machine.gpus[((slot - 1) * each + i) % machine.gpus.length];
    return gpu?.index ?? 0;
  });
}
