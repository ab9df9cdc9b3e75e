import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { delimiter, isAbsolute } from 'node:path';
import { LabError } from '../domain/errors.ts';
import { orderOf, outcomeOf, run, THEIRS } from './run.ts';
import type { Call, Outcome } from './run.ts';
import { startElsewhere } from './starter.ts';

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

export type { Outcome } from './run.ts';

export interface Git {
  /** Runs git in a folder and lets it find the repository. Only for opening one. */
  discover(folder: string, args: readonly string[]): Promise<Outcome>;
  /** Starts a git that the caller talks to, and ends by ending its input. */
  start(place: Place, args: readonly string[]): ChildProcessWithoutNullStreams;
  /** Runs git. A non-zero exit is an outcome; throws only where git hangs. */
  ask(place: Place, args: readonly string[], call?: Call): Promise<Outcome>;
  /** Standard output of a call that has to succeed. Throws LabError failed with git's complaint. */
  text(place: Place, args: readonly string[], call?: Call): Promise<string>;
  /** The same, of a command with `-z`: its NUL-separated items. */
  items(place: Place, args: readonly string[], call?: Call): Promise<readonly string[]>;
}

const NO_FILE = '/dev/null';

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
  // What the journal is about to call done has to outlast a power cut. By default git syncs neither.
  'core.fsync=loose-object,reference',
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

/** Names without `GIT_` that make git start a program. */
const PROGRAMS = new Set(['EDITOR', 'VISUAL', 'PAGER', 'PREFIX', 'SSH_ASKPASS']);

export function createGit(environment: NodeJS.ProcessEnv): Git {
  const inherited = withoutGit(environment);

  const hardened = (place: Place, call: Call) => ({
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

  const start: Git['start'] = (place, args) => {
    const { command, args: all, cwd, env } = orderOf(place.workTree, args, hardened(place, {}));
    return spawn(command, all, { cwd, env });
  };

  return withAsk(
    { discover: (folder, args) => run(folder, args, { config: ALWAYS, env: inherited }), start },
    (place, args, call = {}) => {
      const how = hardened(place, call);
      // Of what writes to the user's checkout we have to know when it has ended, whatever happens.
      const elsewhere = place.ofUser ? null : startElsewhere(orderOf(place.workTree, args, how));
      return elsewhere?.then(outcomeOf) ?? run(place.workTree, args, how);
    },
  );
}

/** All of Git by its ways to run one. */
export function withAsk(
  { discover, start }: Pick<Git, 'discover' | 'start'>,
  ask: Git['ask'],
): Git {
  const text: Git['text'] = async (place, args, call) => {
    const outcome = await ask(place, args, call);
    if (outcome.code !== 0) throw failed(args, outcome);
    return outcome.stdout.toString('utf8');
  };
  return {
    discover,
    start,
    ask,
    text,
    items: async (place, args, call) =>
      (await text(place, args, call)).split('\0').filter((item) => item !== ''),
  };
}

/** What of git's complaints says that it was the machine's fault, or the repository's. */
const CAUSES =
  /No space left on device|Disk quota exceeded|Read-only file system|Input\/output error|File too large|object file .* is empty/;
const DAMAGE =
  /object file .* is empty|\/objects\/.*: No such file or directory|loose object .* is corrupt|inflate: data stream error|missing (?:blob|tree|commit|object)|unable to read (?:tree|sha1 file|[0-9a-f]{40})|Could not read [0-9a-f]{40}|(?:bad|invalid|nonexistent) object|Not a valid (?:object|'tree')/i;

/** git's first complaint, without its `error: ` or `fatal: `, and the cause where another line has it. */
export function complaint(outcome: Outcome): string {
  const lines = outcome.stderr.split('\n').filter((line) => line.trim() !== '');
  const first = lines.find((line) => /^(?:error|fatal): /.test(line)) ?? lines[0];
  if (first === undefined)
    return outcome.code < 0
      ? 'it was killed, or could not be started'
      : `it ended with exit code ${outcome.code}`;
  const cause = CAUSES.test(first) ? undefined : lines.find((line) => CAUSES.test(line));
  return [first, ...(cause === undefined ? [] : [cause])]
    .map((line) => line.replace(/^(?:error|fatal): /, ''))
    .join(': ');
}

export function failed(args: readonly string[], outcome: Outcome): LabError {
  const said = `git ${args[0]} did not work: ${complaint(outcome)}`;
  return DAMAGE.test(outcome.stderr)
    ? new LabError(
        'damaged',
        `${said}. An object of the repository is damaged or gone: git fsck --full lists all such; git fetch, or a copy of the file from another clone, brings one back`,
      )
    : new LabError('failed', said);
}

function withoutGit(environment: NodeJS.ProcessEnv): Record<string, string> {
  const kept = Object.entries(environment).filter(
    ([name]) =>
      THEIRS.includes(name) ||
      !(name.toUpperCase().startsWith('GIT_') || PROGRAMS.has(name.toUpperCase())),
  );
  const { PATH } = environment;
  return {
    ...(Object.fromEntries(kept) as Record<string, string>),
    // It stands in worktrees: a folder such as ./node_modules/.bin would be that of a run.
    ...(PATH === undefined
      ? {}
      : { PATH: PATH.split(delimiter).filter(isAbsolute).join(delimiter) }),
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    // Looking at the user's checkout must not rewrite their index.
    GIT_OPTIONAL_LOCKS: '0',
    GIT_LITERAL_PATHSPECS: '1',
  };
}
