import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Outcome } from './hardened.ts';

/**
 * A git process that answers one request after the other, for commands that can: to start one for
 * each would cost more than what it does. It is started when first asked, ends when nobody asked for
 * a while, and with us however we end, as its input does. It keeps nobody alive.
 */
export interface Standing {
  /** The answer's bytes, all of them. Rejects with what git said where it ended over the request twice. */
  ask(request: string): Promise<Buffer>;
  /** Lets the process end once it has answered; the next request starts another. */
  renew(): void;
}

/** What a request that git ended over is rejected with. */
export class Ended extends Error {
  readonly outcome: Outcome;
  constructor(outcome: Outcome) {
    super(outcome.stderr);
    this.outcome = outcome;
  }
}

interface Request {
  readonly text: string;
  readonly resolve: (answer: Buffer) => void;
  readonly reject: (error: Ended) => void;
  tried: boolean;
}

interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  /** In the order in which git answers. */
  readonly waiting: Request[];
  timer: NodeJS.Timeout | undefined;
}

const IDLE_MS = 5_000;
/** It says nothing for this long: it hangs. */
const SILENCE_MS = 10 * 60_000;

/** `lengthOf`: how long the first answer in these bytes is, null where they do not tell yet. */
export function standing(
  start: () => ChildProcessWithoutNullStreams,
  lengthOf: (bytes: Buffer) => number | null,
): Standing {
  let running: Running | null = null;

  const send = (request: Request): void => {
    running ??= launch();
    running.waiting.push(request);
    attend(running);
    running.child.stdin.write(request.text);
  };

  const over = ({ waiting, timer }: Running, outcome: Outcome): void => {
    clearTimeout(timer);
    for (const [n, request] of waiting.splice(0).entries()) {
      // It ended over the first; the others had no turn.
      if (n === 0 && request.tried) request.reject(new Ended(outcome));
      else send(Object.assign(request, { tried: request.tried || n === 0 }));
    }
  };

  const launch = (): Running => {
    const child = start();
    let stderr = '';
    const mine: Running = { child, waiting: [], timer: undefined };
    answers(child, lengthOf, (answer) => {
      mine.waiting.shift()?.resolve(answer);
      attend(mine);
    });
    child.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-4096)));
    // A git that ended reads no more: that it ended says why.
    child.stdin.on('error', () => undefined);
    const end = (code: number): void => {
      if (running === mine) running = null;
      over(mine, { code, stdout: Buffer.alloc(0), stderr });
    };
    child.on('error', (error) => (stderr ||= error.message));
    child.on('close', (code) => end(code ?? -1));
    return mine;
  };

  /** Keeps us alive while an answer is awaited, and ends the process when none was for a while. */
  const attend = (mine: Running): void => {
    const { child, waiting } = mine;
    const awaited = waiting.length > 0;
    const streams = [child.stdin, child.stdout, child.stderr] as unknown as readonly Socket[];
    for (const each of [child, ...streams]) {
      if (awaited) each.ref();
      else each.unref();
    }
    clearTimeout(mine.timer);
    const late = (): void => {
      if (awaited) child.kill('SIGKILL');
      else if (running === mine) renew();
    };
    mine.timer = setTimeout(late, awaited ? SILENCE_MS : IDLE_MS).unref();
  };

  const renew = (): void => {
    running?.child.stdin.end();
    running = null;
  };

  return {
    ask: (text) =>
      new Promise((resolve, reject) => {
        send({ text, resolve, reject, tried: false });
      }),
    renew,
  };
}

/** Cuts what comes into answers; a long one is put together once. */
function answers(
  { stdout }: ChildProcessWithoutNullStreams,
  lengthOf: (bytes: Buffer) => number | null,
  give: (answer: Buffer) => void,
): void {
  let chunks: Buffer[] = [];
  let have = 0;
  let need = 1;
  stdout.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    have += chunk.length;
    if (have < need) return;
    let rest = Buffer.concat(chunks);
    for (;;) {
      const length = lengthOf(rest);
      need = length ?? rest.length + 1;
      if (rest.length < need) break;
      give(rest.subarray(0, need));
      rest = rest.subarray(need);
    }
    chunks = [rest];
    have = rest.length;
  });
}
