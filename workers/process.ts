import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { closeSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Clock } from '../orchestrator/domain/ports.ts';
import { followDisk, overBounds, type Bounds, type Passed } from './bounds.ts';
import { openPipes } from './pipe.ts';
import { processRow } from './processes.ts';
import { startSampler, type Usage } from './sampler.ts';
import { killFamily, signalFamily, type Family } from './survivors.ts';

export type Stream = 'stdout' | 'stderr';

export interface ProcessOrder {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeout_seconds: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Between SIGTERM and SIGKILL, milliseconds. */
  readonly grace_ms: number;
  readonly sample_ms: number;
  /** Variable of `env` that marks this attempt's processes and no others. */
  readonly mark: string;
  /** The process that is spawned keeps a sandbox: to stop is what runs in it asked, see survivors.ts. */
  readonly keeper?: boolean;
  /** What is over them is ended. */
  readonly bounds?: Bounds;
  /** The stream waits for what this returns, so that nothing piles up. Must not throw. */
  readonly onOutput: (stream: Stream, chunk: Buffer) => Promise<void> | void;
  /** Called once it runs, with the processor seconds of its tree as it is by then; null where unknown. */
  readonly onStart?: (cpuSeconds: () => number | null) => void;
}

export interface ProcessEnd extends Usage {
  /** Milliseconds since 1970. */
  readonly started: number;
  readonly seconds: number;
  /** Seconds that the machine was suspended meanwhile; not among `seconds`. */
  readonly slept_seconds: number;
  /** Seconds that we ourselves stood still meanwhile, such as by Ctrl-Z; among `seconds`. */
  readonly stalled_seconds: number;
  /** Null where a signal ended it, or we did. */
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly ended_by: EndedBy | 'never_started';
  /** The bound that ended it. */
  readonly passed: Passed | null;
  /** Why it never started. */
  readonly error: NodeJS.ErrnoException | null;
  /** Processes that outlived the command and were killed. */
  readonly left_behind: number;
}

type EndedBy = 'itself' | 'timeout' | 'abort' | 'bound';
type Exit = Pick<ProcessEnd, 'exit_code' | 'signal' | 'error'>;

/**
 * Runs a command in its own process group to its end, its timeout or the abort of the signal, and
 * leaves no process of it behind. Never throws for what the command does.
 */
export async function runProcess(order: ProcessOrder): Promise<ProcessEnd> {
  const { clock } = order;
  const started = clock.now();
  const begin = clock.monotonic();
  const slept = clock.asleep();
  const spawned = await start(order);
  if (spawned instanceof Error) return { ...NEVER, started, error: spawned };
  const { child, pid, streams } = spawned;
  const exit = exitOf(child);
  const { bounds } = order;
  let watch: Watch | null = null;
  const sampler = startSampler(pid, order.sample_ms, {
    keeper: order.keeper === true,
    onLook(holdings) {
      const passed = bounds === undefined ? null : overBounds(bounds, holdings);
      if (passed !== null) watch?.over(passed);
    },
  });
  const family: Family = {
    root: pid,
    start: processRow(pid)?.start ?? null,
    variable: order.mark,
    value: order.env[order.mark] ?? '',
    seen: sampler.seen,
    keeper: order.keeper === true,
  };
  const pumps = Promise.all([pump(streams[0], 'stdout', order), pump(streams[1], 'stderr', order)]);

  watch = watchOver(order, family, begin);
  order.onStart?.(sampler.cpuNow);
  const { exit_code, signal, error } = await exit;
  const { ended_by, stalled_seconds, passed } = (watch as Watch).end();
  const seconds = (clock.monotonic() - begin) / 1000;
  const slept_seconds = (clock.asleep() - slept) / 1000;
  const usage = sampler.stop();
  const left_behind = await killFamily(family);
  await drained(pumps, streams);
  const ours = ended_by !== 'itself';
  return {
    started,
    seconds,
    slept_seconds,
    stalled_seconds,
    exit_code: ours ? null : exit_code,
    signal,
    ended_by,
    passed,
    error,
    left_behind,
    ...usage,
  };
}

const NEVER = {
  seconds: 0,
  slept_seconds: 0,
  stalled_seconds: 0,
  exit_code: null,
  signal: null,
  ended_by: 'never_started',
  passed: null,
  left_behind: 0,
  peak_memory_mb: null,
  cpu_seconds: null,
} as const;

interface Started {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Standard output, standard error. */
  readonly streams: readonly [Readable, Readable];
}

async function start(order: ProcessOrder): Promise<Started | NodeJS.ErrnoException> {
  const [file = '', ...args] = order.argv;
  const pipes = await openPipes(2);
  const [out = 'pipe', err = 'pipe'] = pipes?.map((pipe) => pipe.input) ?? [];
  const stdio: StdioOptions = ['ignore', out, err];
  let child: ChildProcess;
  try {
    const options = { cwd: order.cwd, env: order.env, detached: true };
    child = spawn(file, args, { ...options, stdio });
  } catch (error) {
    // An argument with a NUL byte, or too many of them.
    for (const pipe of pipes ?? []) pipe.output.destroy();
    return error as NodeJS.ErrnoException;
  } finally {
    for (const pipe of pipes ?? []) closeSync(pipe.input);
  }
  const [stdout = child.stdout, stderr = child.stderr] = pipes?.map((pipe) => pipe.output) ?? [];
  if (child.pid !== undefined && stdout !== null && stderr !== null) {
    return { child, pid: child.pid, streams: [stdout, stderr] };
  }
  const { error } = await exitOf(child);
  for (const stream of [stdout, stderr]) stream?.destroy();
  return error ?? new Error('it did not start');
}

const exitOf = (child: ChildProcess): Promise<Exit> =>
  new Promise((resolve) => {
    child.once('error', (error) => {
      if (child.pid === undefined) resolve({ exit_code: null, signal: null, error });
    });
    child.once('exit', (exit_code, signal) => resolve({ exit_code, signal, error: null }));
  });

async function pump(stream: Readable, name: Stream, order: ProcessOrder): Promise<void> {
  try {
    for await (const chunk of stream) await order.onOutput(name, chunk as Buffer);
  } catch {
    // Destroyed by us, below.
  }
}

/** A timer later than this says that we stood still. */
const STALL_MS = 2000;
const LOOK_MS = 1000;
/** For news of an exit to reach us. */
const NEWS_MS = 50;

interface Watch {
  /** It took more than it may: ended at once, as it may take more every moment. */
  over(passed: Passed): void;
  end(): Pick<ProcessEnd, 'stalled_seconds' | 'passed'> & { ended_by: EndedBy };
}

/** Ends the family at the deadline or the abort; `end` says whether that came to pass. */
function watchOver(order: ProcessOrder, family: Family, begin: number): Watch {
  const { clock } = order;
  const deadline = begin + order.timeout_seconds * 1000;
  let ended_by: EndedBy = 'itself';
  let passed: Passed | null = null;
  let over = false;
  let stalled = 0;
  let timer: NodeJS.Timeout;
  const stop = (reason: 'timeout' | 'abort'): void => {
    if (over || ended_by !== 'itself') return;
    ended_by = reason;
    clearTimeout(timer);
    void signalFamily(family, 'SIGTERM');
    timer = setTimeout(() => void killFamily(family), order.grace_ms);
  };
  // Where we stood still ourselves, timers fire before the exit is heard of that came in time.
  const judge = (): void => {
    timer = setTimeout(() => setImmediate(() => stop('timeout')), NEWS_MS);
  };
  let due = begin;
  const notice = (): number => {
    const now = clock.monotonic();
    if (now - due > STALL_MS) stalled += now - due;
    return now;
  };
  const look = (): void => {
    const now = notice();
    if (now >= deadline) return judge();
    const wait = Math.min(deadline - now, LOOK_MS);
    due = now + wait;
    timer = setTimeout(look, wait);
  };
  const abort = (): void => stop('abort');
  const passing = (found: Passed): void => {
    if (over || ended_by !== 'itself') return;
    ended_by = 'bound';
    passed = found;
    clearTimeout(timer);
    void killFamily(family);
  };
  const disk = watchDisk(order.bounds?.disk ?? null, passing);
  look();
  order.signal.addEventListener('abort', abort, { once: true });
  if (order.signal.aborted) abort();
  return {
    over: passing,
    end() {
      over = true;
      clearInterval(disk);
      // The exit may be heard of before the timer that is late.
      if (ended_by === 'itself') notice();
      clearTimeout(timer);
      order.signal.removeEventListener('abort', abort);
      return { ended_by, passed, stalled_seconds: stalled / 1000 };
    },
  };
}

const DISK_MS = 1000;

function watchDisk(
  disk: Bounds['disk'],
  onPassed: (passed: Passed) => void,
): NodeJS.Timeout | undefined {
  if (disk === null) return undefined;
  const following = followDisk(disk);
  let looking = false;
  return setInterval(async () => {
    if (looking) return;
    looking = true;
    const passed = await (await following)();
    looking = false;
    if (passed !== null) onPassed(passed);
  }, DISK_MS).unref();
}

const STUCK_MS = 5000;

/** Output still in the pipes is read; a pipe held by a process that cannot be killed is let go. */
async function drained(pumps: Promise<unknown>, streams: readonly Readable[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const stuck = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, STUCK_MS);
  });
  await Promise.race([pumps, stuck]);
  clearTimeout(timer);
  for (const stream of streams) stream.destroy();
  await pumps;
}
