import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { BenchLab } from './lab.ts';

const call = promisify(execFile);

/** Milliseconds that node takes for these arguments, in the lab. */
export async function timed(lab: BenchLab, args: readonly string[]): Promise<number> {
  const begin = performance.now();
  await call(process.execPath, [...args], { cwd: lab.root, env: lab.env, maxBuffer: 1 << 28 });
  return performance.now() - begin;
}
