import { GitPluginError, simpleGit } from 'simple-git';
import { LabError } from '../domain/errors.ts';

/**
 * The only door to git. Code that an experiment wrote must never run through git on the host, so
 * every call says where its repository and work tree are, runs no hook and no file monitor, asks
 * nothing of a terminal, and takes no `GIT_*` variable from the environment.
 */

/** Where a git process works; always explicit, never what lies in the folder. */
export interface Place {
  readonly gitDir: string;
  /** Also the working directory of the process. */
  readonly workTree: string;
  /** An index other than the repository's own. */
  readonly index?: string;
  /**
   * True for the user's own checkout: their attributes apply, and so do their filters (their LFS
   * or nbstripout), as with any git command of theirs. Elsewhere files are what was committed.
   */
  readonly ofUser: boolean;
}

interface Call {
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

export interface Git {
  /** Runs git in a folder and lets it find the repository. Only for opening one. */
  discover(folder: string, args: readonly string[]): Promise<Outcome>;
  /** Runs git. A non-zero exit is an outcome; throws only where git hangs. */
  ask(place: Place, args: readonly string[], call?: Call): Promise<Outcome>;
  /** Standard output of a call that has to succeed. Throws LabError failed with git's complaint. */
  text(place: Place, args: readonly string[], call?: Call): Promise<string>;
  /** The same, of a command with `-z`: its NUL-separated items. */
  items(place: Place, args: readonly string[], call?: Call): Promise<readonly string[]>;
}

const NO_FILE = '/dev/null';

/** Who AutoLab is to git. */
export const AUTOLAB: Readonly<Record<string, string>> = {
  GIT_AUTHOR_NAME: 'AutoLab',
  GIT_AUTHOR_EMAIL: 'autolab@localhost',
  GIT_COMMITTER_NAME: 'AutoLab',
  GIT_COMMITTER_EMAIL: 'autolab@localhost',
};

const ALWAYS = [
  `core.hooksPath=${NO_FILE}`,
  'core.fsmonitor=false',
  'core.quotePath=false',
  'commit.gpgSign=false',
  'submodule.recurse=false',
  'i18n.commitEncoding=utf-8',
  // A night makes many small objects; packing them is the user's git's business, not a slot's.
  'gc.auto=0',
  'maintenance.auto=false',
];

/** Bytes as committed, and changes seen however the clock and the settings stand. */
const AS_COMMITTED = [
  `core.attributesFile=${NO_FILE}`,
  'core.autocrlf=false',
  'core.sparseCheckout=false',
  'core.trustctime=true',
  'core.checkStat=default',
  'core.untrackedCache=false',
];

/** All that is listened to of the user's own `GIT_*`: where their settings are, and who they are. */
const THEIRS = [
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
/** Names without `GIT_` that make git start a program. */
const PROGRAMS = new Set(['EDITOR', 'VISUAL', 'PAGER', 'PREFIX', 'SSH_ASKPASS']);

/** git says nothing for this long: it hangs. */
const SILENCE_MS = 10 * 60_000;

export function createGit(environment: NodeJS.ProcessEnv): Git {
  const inherited = withoutGit(environment);

  const ask = (place: Place, args: readonly string[], call: Call = {}): Promise<Outcome> =>
    spawn(place.workTree, args, {
      ...call,
      config: [...ALWAYS, ...(place.ofUser ? [] : AS_COMMITTED), ...(call.config ?? [])],
      env: {
        ...inherited,
        GIT_DIR: place.gitDir,
        GIT_WORK_TREE: place.workTree,
        ...(place.index === undefined ? {} : { GIT_INDEX_FILE: place.index }),
        ...(place.ofUser ? {} : { GIT_ATTR_NOSYSTEM: '1' }),
        ...call.env,
      },
    });

  const text = async (place: Place, args: readonly string[], call?: Call): Promise<string> => {
    const outcome = await ask(place, args, call);
    if (outcome.code !== 0) throw failed(args, outcome);
    return outcome.stdout.toString('utf8');
  };

  return {
    discover: (folder, args) => spawn(folder, args, { config: ALWAYS, env: inherited }),
    ask,
    text,
    items: async (place, args, call) =>
      (await text(place, args, call)).split('\0').filter((item) => item !== ''),
  };
}

/** git's first complaint, without its `error: ` or `fatal: `. */
export function complaint(outcome: Outcome): string {
  const lines = outcome.stderr.split('\n').filter((line) => line.trim() !== '');
  const first = lines.find((line) => /^(?:error|fatal): /.test(line)) ?? lines[0];
  return first?.replace(/^(?:error|fatal): /, '') ?? `it ended with exit code ${outcome.code}`;
}

export const failed = (args: readonly string[], outcome: Outcome): LabError =>
  new LabError('failed', `git ${args[0]} did not work: ${complaint(outcome)}`);

function withoutGit(environment: NodeJS.ProcessEnv): Record<string, string> {
  const kept = Object.entries(environment).filter(
    ([name]) =>
      THEIRS.includes(name) ||
      !(name.toUpperCase().startsWith('GIT_') || PROGRAMS.has(name.toUpperCase())),
  );
  return {
    ...(Object.fromEntries(kept) as Record<string, string>),
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    // Looking at the user's checkout must not rewrite their index.
    GIT_OPTIONAL_LOCKS: '0',
    GIT_LITERAL_PATHSPECS: '1',
  };
}

async function spawn(
  cwd: string,
  args: readonly string[],
  call: Call & { readonly env: Record<string, string> },
): Promise<Outcome> {
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
