import { spawn } from 'node:child_process';

/**
 * What a program says to a question of AutoLab's own. It runs in a session of its own: a Ctrl-C on
 * the terminal is for the launch, and would end the program before it has said anything.
 */

export interface Question {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Then it is ended, with all that it started. */
  readonly patience_ms: number;
}

export interface Answer {
  /** Null where it could not be started. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Nobody else ends them with AutoLab: no terminal reaches them. */
const underWay = new Set<number>();
process.on('exit', () => {
  for (const pid of underWay) endGroup(pid);
});

/** Of each of its outputs, in bytes: an answer is short. */
const MOST = 1024 * 1024;
/** Shells, and bubblewrap, end with as much above it as the signal has that ended what they ran. */
const SIGNALLED = 128;
const SIGNALS = 64;

/** Null where it was ended before it answered, twice, or too slow: that tells nothing about the program. Never throws. */
export async function answerOf(
  argv: readonly string[],
  question: Question,
): Promise<Answer | null> {
  const first = await asked(argv, question);
  const answer = first === 'ended' ? await asked(argv, question) : first;
  return typeof answer === 'string' ? null : answer;
}

function asked(
  [program = '', ...args]: readonly string[],
  { patience_ms, ...where }: Question,
): Promise<Answer | 'ended' | 'late'> {
  return new Promise((resolve) => {
    const said = { stdout: '', stderr: '' };
    try {
      const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
      const child = spawn(program, args, { ...where, detached: true, stdio });
      if (child.pid !== undefined) underWay.add(child.pid);
      const settle = (answer: Answer | 'ended' | 'late'): void => {
        clearTimeout(patience);
        underWay.delete(child.pid ?? 0);
        for (const stream of [child.stdout, child.stderr]) stream.destroy();
        resolve(answer);
      };
      const ended = (code: number | null, signal: string | null): Answer | 'ended' =>
        wasEnded(code, signal, said.stderr) ? 'ended' : { code, ...said };
      const patience = setTimeout(() => {
        endGroup(child.pid);
        // It may have answered and ended long ago, and something that it left keeps the output open.
        const { exitCode, signalCode } = child;
        settle(exitCode === null && signalCode === null ? 'late' : ended(exitCode, signalCode));
      }, patience_ms);
      for (const name of ['stdout', 'stderr'] as const)
        child[name].setEncoding('utf8').on('data', (text: string) => {
          if (said[name].length < MOST) said[name] += text;
        });
      child.once('error', () => settle({ code: null, ...said }));
      child.once('close', (code, signal) => settle(ended(code, signal)));
    } catch {
      // An argument with a NUL byte, or too many of them.
      resolve({ code: null, ...said });
    }
  });
}

function wasEnded(code: number | null, signal: string | null, stderr: string): boolean {
  if (signal !== null) return true;
  if (code !== null && code > SIGNALLED && code <= SIGNALLED + SIGNALS) return true;
  // A Python that is interrupted while it starts ends as if it had failed.
  return code !== 0 && /^KeyboardInterrupt\b/m.test(stderr);
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
