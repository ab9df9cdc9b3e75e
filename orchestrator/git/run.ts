import { GitPluginError, simpleGit } from 'simple-git';
import type { Ending, Order } from './starter.ts';

/** One git process from its start to its end, as it is told; what to tell it is `hardened`'s. */

export interface Call {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** `key=value`, for this call. */
  readonly config?: readonly string[];
}

export interface Outcome {
  /** Negative where git could not be started or was ended by a signal. */
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Who AutoLab is to git. */
export const AUTOLAB: Readonly<Record<string, string>> = {
  GIT_AUTHOR_NAME: 'AutoLab',
  GIT_AUTHOR_EMAIL: 'autolab@localhost',
  GIT_COMMITTER_NAME: 'AutoLab',
  GIT_COMMITTER_EMAIL: 'autolab@localhost',
};

/** All that is listened to of the user's own `GIT_*`: where their settings are, and who they are. */
export const THEIRS = [
  'GIT_CONFIG_GLOBAL',
  'GIT_CONFIG_SYSTEM',
  'GIT_CONFIG_NOSYSTEM',
  ...Object.keys(AUTOLAB),
];
const OURS = [
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_TERMINAL_PROMPT',
  'GIT_OPTIONAL_LOCKS',
  'GIT_LITERAL_PATHSPECS',
  'GIT_ATTR_NOSYSTEM',
  'GIT_AUTHOR_DATE',
  'GIT_COMMITTER_DATE',
];
/** git says nothing for this long: it hangs. */
const SILENCE_MS = 10 * 60_000;

export type Hardened = Call & { readonly env: Record<string, string> };

export const orderOf = (
  cwd: string,
  args: readonly string[],
  { config, env, input }: Hardened,
): Order => ({
  command: 'git',
  args: [...(config ?? []).flatMap((setting) => ['-c', setting]), '--no-pager', ...args],
  cwd,
  env,
  input: input ?? '',
  silence: SILENCE_MS,
});

export const outcomeOf = ({ code, stdout, stderr }: Ending): Outcome => ({
  code,
  stdout,
  stderr: stderr.toString('utf8'),
});

/** From this process. A non-zero exit is an outcome; throws only where git hangs. */
export async function run(cwd: string, args: readonly string[], call: Hardened): Promise<Outcome> {
  let outcome: Outcome | undefined;
  const git = simpleGit({
    baseDir: cwd,
    config: [...(call.config ?? [])],
    allowEnvironment: [...THEIRS, ...OURS],
    // simple-git guards against settings and folders chosen by strangers; these are ours.
    unsafe: {
      allowUnsafeHooksPath: true,
      allowUnsafeFsMonitor: true,
      allowUnsafeFilter: true,
      allowUnsafeConfigPaths: true,
    },
    // By default output that comes later than 50 ms after the exit would be lost.
    completion: { onClose: true, onExit: false },
    timeout: { block: SILENCE_MS },
    // An empty buffer closes standard input; with nothing at all a reading git would wait for ever.
    input: () => Buffer.from(call.input ?? ''),
    // Sees each ending, so that an exit code is an answer (simple-git takes one without a
    // message for success, and throws the code away with a message).
    errors: (error, { exitCode, stdOut, stdErr }) => {
      outcome = {
        code: exitCode ?? -1,
        stdout: Buffer.concat(stdOut),
        stderr: Buffer.concat(stdErr).toString('utf8'),
      };
      // Its own troubles, as a timeout, are no answer of git's.
      return error instanceof GitPluginError ? error : undefined;
    },
  });
  // simple-git waits 50 ms more for a git that printed nothing; most plumbing prints nothing.
  git.outputHandler((_command, stdout) => {
    stdout.once('end', () => stdout.emit('data', Buffer.alloc(0)));
  });
  await git.env(call.env).raw(['--no-pager', ...args]);
  if (outcome === undefined) throw new Error(`git ${args[0]} ended without an outcome`);
  return outcome;
}
