import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { closeSync } from 'node:fs';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { openPipes } from './pipe.ts';
import type { Stream } from './process.ts';

/** A command of the user's, in their terminal, as if nobody stood between. */
export interface ForegroundOrder {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** The stream waits for what this returns, so that nothing piles up. Must not throw. */
  readonly onOutput: (stream: Stream, chunk: Buffer) => Promise<void> | void;
}

export interface ForegroundEnd {
  /** Null where a signal ended it, or it never started. */
  readonly exit_code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it never started. */
  readonly error: NodeJS.ErrnoException | null;
  /** The first signal that this process was sent meanwhile. */
  readonly interrupted: NodeJS.Signals | null;
  /** A process that it left behind holds its output still; what that writes is not heard any more. */
  readonly held: boolean;
}

const SIGNALS = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;
/** Words to the command that are no wish to end it. */
const WORDS: ReadonlySet<string> = new Set(['SIGUSR1', 'SIGUSR2']);
/** What a terminal sends to all that run in its foreground: the command has had it already. */
const FROM_TERMINAL: ReadonlySet<string> = new Set(['SIGINT', 'SIGQUIT']);

/** Runs it to its end: its input is ours, its output goes to ours, signals go on to it. Never throws. */
export async function runInForeground(order: ForegroundOrder): Promise<ForegroundEnd> {
  let child: ChildProcess | null = null;
  let interrupted: NodeJS.Signals | null = null;
  const terminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
  const hear = (signal: NodeJS.Signals): void => {
    if (!WORDS.has(signal)) interrupted ??= signal;
    if (!(terminal && FROM_TERMINAL.has(signal))) child?.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, hear);
  try {
    const started = await start(order);
    if (started instanceof Error) return { ...NEVER, error: started, interrupted };
    ({ child } = started);
    const [stdout, stderr] = started.streams;
    const flow: Flow = { busy: 0, last: performance.now() };
    const pumps = Promise.all([
      pump(stdout, process.stdout, flow, (chunk) => order.onOutput('stdout', chunk)),
      pump(stderr, process.stderr, flow, (chunk) => order.onOutput('stderr', chunk)),
    ]);
    const end = await started.exit;
    flow.last = performance.now();
    const whole = await drained(pumps, flow);
    for (const stream of started.streams) stream.destroy();
    await pumps;
    return { ...end, interrupted, held: !whole };
  } finally {
    for (const signal of SIGNALS) process.off(signal, hear);
  }
}

const NEVER = { exit_code: null, signal: null, held: false } as const;

interface Started {
  readonly child: ChildProcess;
  readonly streams: readonly [Readable, Readable];
  readonly exit: Promise<Pick<ForegroundEnd, 'exit_code' | 'signal' | 'error'>>;
}

async function start({ argv, cwd, env }: ForegroundOrder): Promise<Started | Error> {
  const [file = '', ...args] = argv;
  const pipes = await openPipes(2);
  const [out = 'pipe', err = 'pipe'] = pipes?.map(({ input }) => input) ?? [];
  const stdio: StdioOptions = ['inherit', out, err];
  try {
    const child = spawn(file, args, { cwd, env, stdio });
    const exit = new Promise<Awaited<Started['exit']>>((resolve) => {
      child.once('error', (error) => {
        if (child.pid === undefined) resolve({ exit_code: null, signal: null, error });
      });
      child.once('exit', (exit_code, signal) => resolve({ exit_code, signal, error: null }));
    });
    const [stdout = child.stdout, stderr = child.stderr] = pipes?.map(({ output }) => output) ?? [];
    if (child.pid === undefined || stdout === null || stderr === null) {
      for (const stream of [stdout, stderr]) stream?.destroy();
      return (await exit).error ?? new Error('it did not start');
    }
    return { child, streams: [stdout, stderr], exit };
  } catch (error) {
    // An argument with a NUL byte, or too many of them.
    for (const { output } of pipes ?? []) output.destroy();
    return error as Error;
  } finally {
    for (const { input } of pipes ?? []) closeSync(input);
  }
}

/** Output on its way through us. */
interface Flow {
  /** Chunks that are being written; whoever reads us may take their time. */
  busy: number;
  /** When the last one was through, by the monotonic clock. */
  last: number;
}

/** Where nobody reads our output any more, the command hears of it as it would without us. */
async function pump(
  from: Readable,
  to: Writable,
  flow: Flow,
  hear: (chunk: Buffer) => Promise<void> | void,
): Promise<void> {
  let closed = false;
  const close = (): void => {
    closed = true;
    from.destroy();
  };
  to.once('error', close);
  try {
    for await (const chunk of from) {
      flow.busy++;
      try {
        const room = to.write(chunk as Buffer);
        await hear(chunk as Buffer);
        if (!room && !closed) await Promise.race([once(to, 'drain'), once(to, 'close')]);
      } finally {
        flow.busy--;
        flow.last = performance.now();
      }
    }
  } catch {
    // Destroyed, by us or with what it was written to.
  } finally {
    to.off('error', close);
  }
}

const HELD_MS = 5000;
const LOOK_MS = 250;

/** Resolves when the pipes are closed and read: false where somebody holds one open, and is silent. */
async function drained(pumps: Promise<unknown>, flow: Flow): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const stuck = new Promise<false>((resolve) => {
    timer = setInterval(() => {
      if (flow.busy === 0 && performance.now() - flow.last > HELD_MS) resolve(false);
    }, LOOK_MS);
  });
  const whole = await Promise.race([pumps.then(() => true), stuck]);
  clearInterval(timer);
  return whole;
}
