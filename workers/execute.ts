import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from '../orchestrator/domain/experiment.ts';
import { attemptFolder, type Attempt } from './attempt.ts';
import { createBacklog } from './backlog.ts';
import { freePort, runEnvironment } from './environment.ts';
import { openLog } from './log.ts';
import { createLineSplitter } from './lines.ts';
import { MARKS } from './orphans.ts';
import { runProcess, type ProcessEnd, type ProcessOrder, type Stream } from './process.ts';
import { createRing } from './ring.ts';
import { shutIn, type Ready } from './sandbox/shut-in.ts';
import type { SandboxKind } from '../orchestrator/domain/plan-sandbox.ts';

export interface Execution {
  readonly argv: readonly string[];
  readonly command: Command;
  /** Variables of this execution alone, such as the seed's. */
  readonly seed: Readonly<Record<string, string>>;
  readonly timeout_seconds: number;
  /** Seen for reading, beside what each command of the attempt sees. */
  readonly read?: readonly string[];
  /** Setup: the plan may let it reach the network. */
  readonly isSetup?: boolean;
  /** Name of the log in the attempt's folder. */
  readonly log: string;
  /** With the milliseconds since 1970 at which it was read. */
  readonly onLine?: (line: string, time: number, stream: Stream) => void;
  /** Output came; its lines may follow a little later. */
  readonly onChunk?: () => void;
  /** Awaited between lines, so that nothing piles up of what they say. */
  readonly settled?: () => Promise<void> | void;
  readonly onStart?: ProcessOrder['onStart'];
}

export interface Executed extends ProcessEnd {
  /** What it was shut in. */
  readonly sandbox: SandboxKind;
  /** Shut in without a network. */
  readonly offline: boolean;
  /** False where what it was to be shut in could not be made: what was said then is not its own. */
  readonly began: boolean;
  /** The end of what it wrote. */
  readonly stdout: string;
  readonly stderr: string;
  /** What kept the log from being written. */
  readonly log_error: Error | null;
}

const TAIL_BYTES = 64 * 1024;
/** Of a log; a disk that is slower than what is printed slows it down. */
const UNWRITTEN_BYTES = 4 * 1024 * 1024;

/** Runs one command of an attempt, in its worktree and environment, its output in a log. */
export async function execute(attempt: Attempt, execution: Execution): Promise<Executed> {
  const { workshop, folder } = attempt;
  const { limits } = workshop;
  const ready = await made(attempt, execution);
  const log = await openLog(
    join(folder, execution.log),
    limits.log_head_bytes,
    limits.log_tail_bytes,
  );
  const tails = { stdout: createRing(TAIL_BYTES), stderr: createRing(TAIL_BYTES) };
  const reader = readerOf(execution, limits.line_characters);
  let unwritten = 0;
  const intoLog = async (chunk: Buffer): Promise<void> => {
    unwritten += chunk.length;
    await log.write(chunk);
    unwritten -= chunk.length;
  };
  const onOutput = async (stream: Stream, chunk: Buffer): Promise<void> => {
    const written = intoLog(chunk);
    tails[stream].push(chunk);
    execution.onChunk?.();
    reader.push({ stream, time: Math.round(workshop.clock.now()) }, chunk);
    if (unwritten > UNWRITTEN_BYTES) await written;
    await reader.room();
  };
  const end = await runProcess({
    argv: ready.argv,
    cwd: attempt.cwd,
    env: ready.env,
    timeout_seconds: execution.timeout_seconds,
    signal: attempt.signal,
    clock: workshop.clock,
    grace_ms: limits.grace_ms,
    sample_ms: limits.sample_ms,
    mark: MARKS.folder,
    keeper: ready.keeper,
    ...(ready.bounds === undefined ? {} : { bounds: ready.bounds }),
    onOutput,
    ...(execution.onStart === undefined ? {} : { onStart: execution.onStart }),
  });
  const began = ready.began();
  const failed = end.ended_by === 'itself' && end.exit_code !== 0;
  const passed = failed ? ready.passed() : end.passed;
  try {
    await reader.end(Math.round(workshop.clock.now()));
  } finally {
    await log.close();
    await ready.release();
  }
  const text = (stream: Stream): string => Buffer.concat(tails[stream].parts()).toString('utf8');
  const said = { stdout: text('stdout'), stderr: text('stderr'), log_error: log.error };
  return { ...end, ...said, passed, sandbox: ready.kind, offline: ready.offline, began };
}

/** Brings output to whoever reads its lines, behind its writing: a flood is not to hold up who prints. */
export function readerOf(
  { onLine, settled }: Pick<Execution, 'onLine' | 'settled'>,
  longest: number,
) {
  let time = 0;
  const hear = (stream: Stream) =>
    createLineSplitter(longest, (line) => onLine?.(line, time, stream));
  const lines = { stdout: hear('stdout'), stderr: hear('stderr') };
  const backlog = createBacklog<{ readonly stream: Stream; readonly time: number }>(
    (chunk, piece) => {
      time = chunk.time;
      lines[chunk.stream].push(piece);
    },
    settled ?? (() => undefined),
  );
  return {
    ...backlog,
    async end(now: number): Promise<void> {
      await backlog.done();
      time = now;
      lines.stdout.end();
      lines.stderr.end();
    },
  };
}

async function made(attempt: Attempt, execution: Execution): Promise<Ready> {
  const { network } = attempt.order.plan.sandbox;
  return shutIn(attempt, {
    argv: execution.argv,
    env: await environment(attempt, execution),
    network: network === 'on' || (network === 'setup' && execution.isSetup === true),
    read: execution.read ?? [],
  });
}

async function environment(
  attempt: Attempt,
  execution: Execution,
): Promise<Readonly<Record<string, string>>> {
  const { workshop, order, folder, worktree, cwd } = attempt;
  const before = attemptFolder(workshop.experimentsDir, order.run, order.attempt - 1);
  const goesOn = order.attempt > 1 && !order.repaired;
  const previous = goesOn && (await isThere(before)) ? before : null;
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
