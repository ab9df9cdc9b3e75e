import { constants } from 'node:os';
import type { Failure, FailureClass } from '../orchestrator/domain/run.ts';
import type { Executed } from './execute.ts';
import { classOfMessage } from './failure-messages.ts';
import { refusedBySandbox } from './refused.ts';
import { isFull } from './room.ts';
import { plain } from './text.ts';

export interface Ending extends Executed {
  readonly argv: readonly string[];
  readonly timeout_seconds: number;
  /** Base itself ran: there is no change to be at fault where something is missing. */
  readonly unmodified: boolean;
}

/** Signals that a script seldom sends itself. */
const FROM_OUTSIDE = new Set([
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'SIGQUIT',
  'SIGBUS',
  'SIGXFSZ',
  'SIGPWR',
]);

/**
 * What a command's end says: null for exit code 0, else the class by exit code, signal and the
 * messages in the last lines, and the tail of the traceback.
 */
export function failureOf(ending: Ending): Failure | null {
  const traceback = tracebackOf(ending);
  const fail = (kind: FailureClass, message: string): Failure => ({
    class: kind,
    message,
    ...(traceback === '' ? {} : { traceback }),
  });
  if (ending.ended_by === 'never_started') {
    return fail(
      'infrastructure',
      `expected to start ${ending.argv[0] ?? ''}, found: ${ending.error?.message ?? 'no reason'}`,
    );
  }
  if (ending.ended_by === 'timeout') {
    return fail('timeout', `expected an end within ${ending.timeout_seconds} s, and ended it then`);
  }
  if (ending.passed !== null) {
    const memory = ending.passed.what === 'memory';
    return fail(memory ? 'out_of_memory' : 'idea', `${ending.passed.message}, and ended it`);
  }
  if (ending.exit_code === 0) return null;
  const last = lastLine(traceback);
  if (neverShutIn(ending))
    return fail('infrastructure', `expected to start ${ending.argv[0]} shut in, found: ${last}`);
  const kind = classOf(ending, traceback);
  const refused =
    kind === 'infrastructure' || MISSING.test(last) ? refusedBySandbox(ending, traceback) : null;
  // Where our log had no room, what the script wrote hardly had any.
  const full = kind === 'idea' && isFull(ending.log_error);
  const how = ending.signal === null ? `exit code ${ending.exit_code}` : `signal ${ending.signal}`;
  const said = last === '' ? `ended with ${how}` : `ended with ${how}: ${last}`;
  if (refused !== null) return fail('idea', `${said}; ${refused}`);
  return full ? fail('infrastructure', `${said}; the disk was full meanwhile`) : fail(kind, said);
}

/** What no script finds is its own fault, or hidden. */
const MISSING = /No such file or directory|\bENOENT\b/;

/** bubblewrap itself says why it could not; a script can say the same words, but not that it never began. */
const neverShutIn = ({ sandbox, began, stderr }: Ending): boolean =>
  sandbox === 'bubblewrap' && !began && stderr.startsWith('bwrap: ');

function classOf(ending: Ending, text: string): FailureClass {
  const signal = ending.signal ?? signalIn(ending.exit_code);
  const said = classOfMessage(text, ending.unmodified);
  if (said !== null) return said;
  // Nobody but the kernel's memory killer sends this to a run; ours are told apart before.
  if (signal === 'SIGKILL') return 'out_of_memory';
  // A limit on CPU time: more attempts would meet it again.
  if (signal === 'SIGXCPU') return 'timeout';
  return signal !== null && FROM_OUTSIDE.has(signal) ? 'infrastructure' : 'idea';
}

/** A shell says 128 + n for a child that signal n ended. */
const signalIn = (code: number | null): string | null =>
  Object.entries(constants.signals).find(([, n]) => code === 128 + n)?.[0] ?? null;

/** The error that the end of an output speaks of, empty where it speaks of none, and its traceback. */
export function lastWords(output: Pick<Executed, 'stdout' | 'stderr'>): {
  readonly error: string;
  readonly traceback: string;
} {
  const traceback = tracebackOf(output);
  return { error: lastLine(traceback), traceback };
}

const MOST_LINES = 40;
const LONGEST_LINE = 500;

/** From the last traceback on, or else the end of what was said on standard error, or output. */
function tracebackOf(ending: Pick<Executed, 'stdout' | 'stderr'>): string {
  const [stderr, stdout] = [tidy(ending.stderr), tidy(ending.stdout)];
  const lines = stderr.length > 0 ? stderr : stdout;
  const start = lines.findLastIndex((line) => line.includes('Traceback (most recent call last)'));
  const from = start < 0 ? lines : lines.slice(start);
  return from.slice(-MOST_LINES).join('\n');
}

const tidy = (text: string): string[] =>
  plain(text.replaceAll('\r\n', '\n').replaceAll('\r', '\n'))
    .split('\n')
    .map((line) => line.trimEnd().slice(0, LONGEST_LINE))
    .filter((line) => line !== '');

/** The line that says it: of Python the last, of Node the one that names the error. */
function lastLine(traceback: string): string {
  const lines = traceback.split('\n');
  const named = lines.findLast((line) =>
    /^\s*(?:\w+\.)*\w*(?:Error|Exception|Interrupt)\b.*/.test(line),
  );
  return (named ?? lines.at(-1) ?? '').trim().slice(0, 200);
}
