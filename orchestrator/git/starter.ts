import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

/**
 * Starts processes from a small one beside this one. To start a process Linux copies the page tables
 * of its parent: from a night of 400 MB that stops everything for 10 to 50 ms, from the small one for
 * none. It knows nothing of git. It ends with us however we end, as its channel does.
 */

export interface Order {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** All of it: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly input: string;
  /** Milliseconds without output after which it is taken to hang, and killed. */
  readonly silence: number;
}

export interface Ending {
  /** Negative where it could not be started or was ended by a signal. */
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** Below this a process starts others as quickly as the small one would. */
const LARGE_BYTES = 128 << 20;

interface Starter {
  readonly child: ChildProcess;
  readonly waiting: Map<number, (ending: Ending) => void>;
  ready: boolean;
}

/** Something ends it each time: then it is of no use here. */
const MOST_LAUNCHES = 20;

let starter: Starter | null = null;
let launches = 0;
let orders = 0;

/**
 * Runs a command to its end from the small process. Null where that is of no use, or it is not there
 * yet: then it is for the caller to start it. What was under way when it died ends as if killed.
 */
export function startElsewhere(order: Order): Promise<Ending> | null {
  if (starter === null && (launches === MOST_LAUNCHES || process.memoryUsage.rss() < LARGE_BYTES))
    return null;
  starter ??= launch();
  const { child, waiting, ready } = starter;
  if (!ready || !child.connected) return null;
  return new Promise((resolve) => {
    const id = orders++;
    waiting.set(id, resolve);
    child.channel?.ref();
    child.send({ ...order, id });
  });
}

function launch(): Starter {
  launches++;
  const script = `(${serve.toString()})(require('node:child_process').spawn)`;
  const child = spawn(process.execPath, ['-e', script], {
    cwd: '/',
    env: {},
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
  });
  const mine: Starter = { child, waiting: new Map(), ready: false };
  const over = (): void => {
    if (starter === mine) starter = null;
    for (const resolve of mine.waiting.values())
      resolve({ code: -1, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) });
    mine.waiting.clear();
  };
  child.on('message', (told: 'ready' | (Ending & { readonly id: number })) => {
    if (told === 'ready') mine.ready = true;
    else {
      mine.waiting.get(told.id)?.({
        code: told.code,
        stdout: Buffer.from(told.stdout),
        stderr: Buffer.from(told.stderr),
      });
      mine.waiting.delete(told.id);
    }
    // Idle it keeps nobody alive.
    if (mine.waiting.size === 0) child.channel?.unref();
  });
  child.on('error', over).on('exit', over).on('disconnect', over);
  child.unref();
  child.channel?.unref();
  return mine;
}

/** The small process. It runs as text, so that it loads no file, built or not: it may use nothing of this one. */
function serve(spawn: typeof import('node:child_process').spawn): void {
  process.title = 'autolab-starter';
  process.on(
    'message',
    ({ id, command, args, cwd, env, input, silence }: Order & { id: number }) => {
      const child = spawn(command, args, { cwd, env });
      const [stdout, stderr]: Buffer[][] = [[], []];
      const hangs = setTimeout(() => child.kill('SIGKILL'), silence);
      let done = false;
      const end = (code: number | null, more: string): void => {
        if (done) return;
        done = true;
        clearTimeout(hangs);
        const said = Buffer.concat([...(stderr ?? []), Buffer.from(more)]);
        process.send?.({ id, code: code ?? -1, stdout: Buffer.concat(stdout ?? []), stderr: said });
      };
      child.on('error', (error) => end(-1, error.message));
      child.on('close', (code) => end(code, ''));
      child.stdout.on('data', (chunk: Buffer) => {
        hangs.refresh();
        stdout?.push(chunk);
      });
      child.stderr.on('data', (chunk: Buffer) => {
        hangs.refresh();
        stderr?.push(chunk);
      });
      // Whoever does not read to the end says why by how it ends.
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
    },
  );
  process.on('disconnect', () => process.exit(0));
  // A terminal's Ctrl-C is for whom we start for, and he may need us still.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => undefined);
  process.send?.('ready');
}
