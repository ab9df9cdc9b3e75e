import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from '../orchestrator/domain/experiment.ts';
import { attemptFolder, type Attempt } from './attempt.ts';
import { freePort, runEnvironment } from './environment.ts';
import { createRing, openLog } from './log.ts';
import { createLineSplitter } from './lines.ts';
import { MARKS } from './orphans.ts';
import { runProcess, type ProcessEnd, type Stream } from './process.ts';

export interface Execution {
  readonly argv: readonly string[];
  readonly command: Command;
  /** The seed's variable, or nothing. */
  readonly seed: Readonly<Record<string, string>>;
  readonly timeout_seconds: number;
  /** Name of the log in the attempt's folder. */
  readonly log: string;
  readonly onLine?: (line: string) => void;
  /** Awaited after each chunk of output, so that nothing piles up. */
  readonly onChunk?: () => Promise<void> | void;
}

export interface Executed extends ProcessEnd {
  /** The end of what it wrote. */
  readonly stdout: string;
  readonly stderr: string;
  /** What kept the log from being written. */
  readonly log_error: Error | null;
}

const TAIL_BYTES = 64 * 1024;

/** Runs one command of an attempt, in its worktree and environment, its output in a log. */
export async function execute(attempt: Attempt, execution: Execution): Promise<Executed> {
  const { workshop, folder } = attempt;
  const { limits } = workshop;
  const env = await environment(attempt, execution);
  const log = await openLog(
    join(folder, execution.log),
    limits.log_head_bytes,
    limits.log_tail_bytes,
  );
  const tails = { stdout: createRing(TAIL_BYTES), stderr: createRing(TAIL_BYTES) };
  const onLine = execution.onLine ?? (() => undefined);
  const lines = {
    stdout: createLineSplitter(limits.line_characters, onLine),
    stderr: createLineSplitter(limits.line_characters, onLine),
  };
  const onOutput = async (stream: Stream, chunk: Buffer): Promise<void> => {
    const written = log.write(chunk);
    tails[stream].push(chunk);
    lines[stream].push(chunk);
    await written;
    await execution.onChunk?.();
  };
  const end = await runProcess({
    argv: execution.argv,
    cwd: attempt.cwd,
    env,
    timeout_seconds: execution.timeout_seconds,
    signal: attempt.signal,
    clock: workshop.clock,
    grace_ms: limits.grace_ms,
    sample_ms: limits.sample_ms,
    mark: MARKS.folder,
    onOutput,
  });
  lines.stdout.end();
  lines.stderr.end();
  await log.close();
  const text = (stream: Stream): string => Buffer.concat(tails[stream].parts()).toString('utf8');
  return { ...end, stdout: text('stdout'), stderr: text('stderr'), log_error: log.error };
}

async function environment(
  attempt: Attempt,
  execution: Execution,
): Promise<Readonly<Record<string, string>>> {
  const { workshop, order, folder, worktree, cwd } = attempt;
  const before = attemptFolder(workshop.experimentsDir, order.run, order.attempt - 1);
  const previous = order.attempt > 1 && (await isThere(before)) ? before : null;
  return runEnvironment({
    order: { ...order, command: execution.command },
    folder,
    previous,
    worktree,
    cwd,
    lab: workshop.lab,
    launcher: workshop.launcher,
    port: await freePort(order.slot),
    user: workshop.user,
    seed: execution.seed,
  });
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
