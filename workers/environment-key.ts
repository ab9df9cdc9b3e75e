import { arch, hostname, platform, release } from 'node:os';
import type { DataIdentity } from '../orchestrator/domain/event.ts';
import type { Plan } from '../orchestrator/domain/plan.ts';
import type { Environment } from '../orchestrator/domain/run.ts';
import { hashOf } from './locks.ts';
import type { Machine } from './machine.ts';

/** Variables that set threads or determinism, where the plan gives them to runs. */
const THREADS_AND_DETERMINISM =
  /^(?:(?:OMP|MKL|OPENBLAS|NUMEXPR|VECLIB_MAXIMUM|TORCH|RAYON|TF_NUM_(?:INTRA|INTER)OP)_(?:NUM_)?THREADS|PYTHONHASHSEED|CUBLAS_WORKSPACE_CONFIG|TF_(?:CUDNN_)?DETERMINISTIC(?:_OPS)?|NVIDIA_TF32_OVERRIDE)$/;

/**
 * What surrounds every run of a night, in two hashes. Hard: devices by model and count, platform,
 * linked data, command, setup, evaluator, time limits, the promise of determinism, and variables of
 * threads and determinism; numbers of two hard keys are not compared. Soft: kernel, driver, host;
 * numbers are compared across them, and that is said. Nothing that an experiment's own commit sets
 * is in either: a change is what is compared.
 */
export function environmentOf(
  machine: Pick<Machine, 'cpu' | 'cores' | 'gpus' | 'driver'>,
  data: readonly DataIdentity[],
  plan: Plan,
  user: Readonly<Record<string, string | undefined>>,
): Environment {
  const { run, evaluate, compute } = plan;
  const passed = run.env_from.map((name) => [name, user[name]] as const);
  const variables = [...passed, ...Object.entries(run.env)]
    .filter(([name, value]) => THREADS_AND_DETERMINISM.test(name) && value !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const hard = [
    [platform(), arch(), machine.cpu, machine.cores, machine.gpus.map(({ name }) => name)],
    data.map(({ path, sha256 }) => [path, sha256]),
    [run.command, run.shell, run.setup ?? null, run.timeout, run.deterministic],
    [evaluate?.command ?? null, evaluate?.timeout ?? null, compute.gpus_per_run],
    plan.score ?? null,
    variables,
  ];
  const words: Record<string, string> = {
    kernel: release(),
    host: hostname(),
    ...(machine.driver === undefined ? {} : { driver: machine.driver }),
  };
  return { hard: keyOf(hard), soft: keyOf(words), words };
}

const keyOf = (parts: unknown): string => hashOf(JSON.stringify(parts)).slice(0, 16);
