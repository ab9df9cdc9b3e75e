import type { EndFile } from '../orchestrator/domain/own-run-files.ts';
import type { OwnEnd } from '../orchestrator/domain/own-run.ts';
import type { Failure } from '../orchestrator/domain/run.ts';
import { classOfMessage } from './failure-messages.ts';

type Outcome = Pick<OwnEnd, 'status' | 'exit_code' | 'signal' | 'failure' | 'killed_because'>;

/** Signals that a program sends itself, by a mistake of its own. */
const CRASHES = new Set(['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSYS', 'SIGTRAP']);

/** How a run of one's own ended. `measured`: why its objective cannot be used. */
export function ownOutcome(end: EndFile | null, measured: Failure | null): Outcome {
  const nothing = { exit_code: null, signal: null, failure: null, killed_because: null };
  if (end === null) return { ...nothing, status: 'killed', killed_because: 'gone' };
  const { exit_code, signal, error, interrupted } = end;
  const ended = { ...nothing, exit_code, signal };
  const well = error === null && signal === null && (exit_code === null || exit_code === 0);
  if (well) return { ...ended, status: measured ? 'failed' : 'finished', failure: measured };
  const byUser = interrupted !== null || signal === 'SIGINT' || isInterrupt(error);
  if (byUser) return { ...ended, status: 'killed', killed_because: 'user' };
  if (signal !== null && !CRASHES.has(signal))
    return { ...ended, status: 'killed', killed_because: 'signal' };
  return { ...ended, status: 'failed', failure: failureIn(end) };
}

const MOST_CHARACTERS = 8192;

const endOf = (traceback: string): string =>
  traceback.length <= MOST_CHARACTERS ? traceback : `…${traceback.slice(-MOST_CHARACTERS)}`;

/** What Ctrl-C is in Python, where the script let it through. */
const isInterrupt = (error: string | null): boolean => /^KeyboardInterrupt\b/.test(error ?? '');

function failureIn({ exit_code, signal, error, traceback }: EndFile): Failure {
  const how = signal === null ? `exit code ${exit_code ?? 'unknown'}` : `signal ${signal}`;
  const said = `${traceback ?? ''}\n${error ?? ''}`;
  return {
    // Where something is missing, nobody's change is at fault but its own.
    class: classOfMessage(said, false) ?? 'idea',
    message:
      exit_code === null && signal === null
        ? (error ?? how)
        : `ended with ${how}${error === null ? '' : `: ${error}`}`,
    ...(traceback === null ? {} : { traceback: endOf(traceback) }),
  };
}
