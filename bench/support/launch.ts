import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { BenchLab } from './lab.ts';

/** One `autolab launch`, from outside. */
export interface Launched {
  /** Milliseconds since 1970, just before the process was started. */
  readonly began: number;
  readonly seconds: number;
  /** CPU of the launch, its git processes and its training scripts; null where /proc does not say. */
  readonly cpu_seconds: number | null;
  /** Resident memory of the launch's own process, MB, twice a second; empty where /proc does not say. */
  readonly memory_mb: readonly number[];
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

/** Runs a night to its end. Throws with what it said where it did not end well. */
export async function launch(
  cli: string,
  lab: BenchLab,
  args: readonly string[] = [],
): Promise<Launched> {
  const cpu = childrenCpu();
  const began = Date.now();
  const start = performance.now();
  const child = spawn(process.execPath, [cli, 'launch', ...args], {
    cwd: lab.root,
    env: lab.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)));
  const memory: number[] = [];
  const timer = setInterval(() => {
    const now = residentMb(child.pid ?? 0);
    if (now !== null) memory.push(now);
  }, 500);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(() => {
    clearInterval(timer);
    running.delete(child);
  });
  const seconds = (performance.now() - start) / 1000;
  if (code !== 0) throw new Error(`autolab launch ended with ${code}:\n${said}`);
  const after = childrenCpu();
  return {
    ...{ began, seconds, memory_mb: memory },
    cpu_seconds: cpu === null || after === null ? null : after - cpu,
  };
}

const read = (file: string): string | null => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
};

/** CPU seconds of all processes that this one has waited for, and those had waited for. */
function childrenCpu(): number | null {
  const stat = read('/proc/self/stat');
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

function residentMb(pid: number): number | null {
  const kb = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1];
  return kb === undefined ? null : Number(kb) / 1024;
}
