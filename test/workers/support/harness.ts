import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { RunOrder } from '../../../orchestrator/domain/ports.ts';
import type { TestLab } from './lab.ts';

/** A worker in a process of its own, that can be stopped and killed. */
export interface Harness {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Lines it said: a step's name once it is done, `result {…}` at the end. */
  readonly said: readonly string[];
  /** Resolves when a line begins so. */
  hears(beginning: string): Promise<string>;
}

/** Node 20 runs no TypeScript, and this needs a process of its own. `npm test` builds it first. */
const DIST = new URL('../../../dist/', import.meta.url).pathname;

/** Carries an attempt out up to `until` (a step's name), and then stands still for good. */
export function startHarness(lab: TestLab, order: RunOrder, until: string): Harness {
  const { root, cacheDir, experimentsDir } = lab;
  const code = `
    import { openLocalExecutor } from ${JSON.stringify(join(DIST, 'workers/local.js'))};
    import { openRepository } from ${JSON.stringify(join(DIST, 'orchestrator/git.js'))};
    import { systemClock } from ${JSON.stringify(join(DIST, 'orchestrator/lab/clock.js'))};
    const never = () => { throw new Error('not for this test'); };
    const given = ${JSON.stringify({ root, cacheDir, experimentsDir })};
    const executor = openLocalExecutor({
      ...given, repository: await openRepository(given.root), clock: systemClock(), version: 'test',
      rewriteKnob: never, rewriteRun: never, readSettings: async () => null,
    });
    const hands = executor.open(${JSON.stringify(order)}, new AbortController().signal);
    const forever = () => new Promise(() => setInterval(() => {}, 1e6));
    let failure = null;
    for (const step of ['checkOut', 'setUp', 'train', 'verify', 'measure']) {
      failure ??= await hands[step]();
      console.log(step);
      if (step === ${JSON.stringify(until)}) await forever();
    }
    console.log('result ' + JSON.stringify(await hands.seal(failure)));
    await forever();
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said: string[] = [];
  let partial = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    const lines = (partial + chunk.toString()).split('\n');
    partial = lines.pop() ?? '';
    said.push(...lines);
  });
  return {
    child,
    pid: child.pid ?? 0,
    said,
    async hears(beginning) {
      for (;;) {
        const line = said.find((text) => text.startsWith(beginning));
        if (line !== undefined) return line;
        await wait(10);
      }
    },
  };
}

/** Runs, and is not merely kept in the table. */
export function lives(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await wait(10);
}

export const appears = (file: string): Promise<void> => until(() => existsSync(file));

/** A small disk of its own at `folder`, until the test ends. Takes root. */
export function mountSmall(folder: string, size: string): void {
  mkdirSync(folder, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]);
  onTestFinished(() => void execFileSync('umount', ['--lazy', folder]));
}

/** May this process mount? Root in a container often may not. */
export function mayMount(): boolean {
  const folder = mkdtempSync('/tmp/autolab-mount-');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
