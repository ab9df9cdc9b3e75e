import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rmdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Coded, CodingAgent, CodingOrder } from '../../orchestrator/domain/coding-agent.ts';
import { splitCommand } from '../../orchestrator/domain/command.ts';
import type { Clock, Repository } from '../../orchestrator/domain/ports.ts';
import type { Bounds } from '../bounds.ts';
import { isTrouble, writeWhole } from '../files.ts';
import { openLog } from '../log.ts';
import { MARKS, ownMarks } from '../orphans.ts';
import { openPlain } from '../plain.ts';
import { runProcess, type ProcessEnd } from '../process.ts';
import { removeWhole } from '../remove.ts';
import { createRing } from '../ring.ts';
import { askOutside } from '../sandbox/ask.ts';
import { secretsIn, type Secrets } from '../secrets.ts';
import { plain } from '../text.ts';
import { collected } from './collected.ts';
import { makeHome, makeScratch } from './scratch.ts';

/**
 * Has a coding agent edit a copy of the lab. It works in a repository of its own that is thrown
 * away: what it commits there is nothing to us, and the lab's .git is not in reach of its paths. What
 * it left is read as files, by names; nothing of it is executed here.
 */

/** A command shut in, in the profile of coding agents: a throw-away home, network on. */
export type ShutInAgent = (wish: {
  readonly plan: CodingOrder['plan'];
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Folders that it may write to, absolute. */
  readonly writes: readonly string[];
  /** What it sees besides the system's programs, absolute. */
  readonly reads: readonly string[];
}) => Promise<{
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly keeper?: boolean;
  readonly bounds?: Bounds | undefined;
  release(): Promise<void>;
}>;

export interface CodingAgentDeps {
  /** This lab's own cache folder: work stands in `<cacheDir>/coding/<work>`. */
  readonly cacheDir: string;
  readonly repository: Repository;
  readonly clock: Clock;
  readonly user: Readonly<Record<string, string | undefined>>;
  readonly shutIn: ShutInAgent;
}

const LOG_BYTES = 4 * 1024 * 1024;
const TAIL_BYTES = 8 * 1024;
const ACCOUNT_BYTES = 10_000;
const GRACE_MS = 5000;
const SAMPLE_MS = 1000;

export function openCodingAgent(deps: CodingAgentDeps): CodingAgent {
  return {
    async run(order, signal) {
      const folder = join(deps.cacheDir, 'coding', order.work);
      const answer = join(folder, `answer-${keyOf(order)}.json`);
      // What it was paid for once is not asked for again after a kill.
      const known = await readFile(answer, 'utf8').catch(() => null);
      if (known !== null) return restored(known);
      const coded = await work(deps, order, folder, signal);
      if (!('failure' in coded)) await writeWhole(answer, JSON.stringify(stored(coded)));
      return coded;
    },
  };
}

async function work(
  deps: CodingAgentDeps,
  order: CodingOrder,
  folder: string,
  signal: AbortSignal,
): Promise<Coded> {
  const place = {
    worktree: join(folder, 'work'),
    home: join(folder, 'home'),
    brief: join(folder, 'brief.md'),
    account: join(folder, 'home', 'CHANGES'),
  };
  const { repository } = deps;
  try {
    await removeWhole(place.home);
    await mkdir(folder, { recursive: true });
    await makeScratch(repository, place.worktree, order);
    const left = await makeHome(place.home, deps.user['HOME'], order.worker.read);
    await writeFile(place.brief, order.brief);
    const secrets = secretsIn(order.worker.env_from, deps.user);
    const ended = await spawned(deps, order, { ...place, folder, reads: left, secrets }, signal);
    signal.throwIfAborted();
    const failure = failureOf(order, ended);
    if (failure !== null)
      return { failure: { ...failure, message: secrets.hidden(failure.message) } };
    const found = await collected(repository, order, place.worktree, secrets);
    return { ...found, changes: await said(place.account, secrets), by: nameOf(order) };
  } catch (error) {
    if (signal.aborted || !isTrouble(error)) throw error;
    return { failure: { class: 'infrastructure', message: error.message } };
  } finally {
    await repository
      .removeWorktree(place.worktree)
      .catch(() => removeWhole(place.worktree))
      .catch(() => undefined);
    // What it was taken for counts more than what it left.
    await removeWhole(place.home).catch(() => undefined);
  }
}

/** Says whether a program is there. dash’s `command -v` also finds files that nobody can start. */
const LOOK = `case "$1" in
  */*) test -x "$1" ;;
  *) command -v "$1" >/dev/null ;;
esac && echo seen || echo unseen`;

/**
 * Whether the agent would see its own program where it works. It is looked for there and not called;
 * null where nothing could look.
 */
export async function seesItsProgram(
  deps: Omit<CodingAgentDeps, 'repository' | 'clock'>,
  { plan, worker }: Pick<CodingOrder, 'plan' | 'worker'>,
): Promise<boolean | null> {
  const coding = join(deps.cacheDir, 'coding');
  await mkdir(coding, { recursive: true });
  const folder = await mkdtemp(join(coding, 'look-'));
  const home = join(folder, 'home');
  const place = { folder, home, brief: join(folder, 'brief.md'), account: join(home, 'CHANGES') };
  try {
    const reads = await makeHome(home, deps.user['HOME'], worker.read);
    const ready = await deps.shutIn({
      ...{ plan, cwd: home, argv: ['/bin/sh', '-c', LOOK, 'sh', ...splitCommand(worker.command)] },
      env: environment(deps, { worker, work: 'look' }, place),
      ...{ writes: [home], reads },
    });
    try {
      const { stdout } = await askOutside(ready.argv, ready.env, home);
      const said = stdout.trim();
      return said === 'seen' ? true : said === 'unseen' ? false : null;
    } finally {
      await ready.release();
    }
  } catch (error) {
    if (!isTrouble(error)) throw error;
    return null;
  } finally {
    await removeWhole(folder).catch(() => undefined);
    // Where nothing else is in it.
    await rmdir(coding).catch(() => undefined);
  }
}

interface Place {
  readonly folder: string;
  readonly worktree: string;
  readonly home: string;
  readonly brief: string;
  readonly account: string;
  /** Named by the plan, and outside of the user's home. */
  readonly reads: readonly string[];
  readonly secrets: Secrets;
}

async function spawned(
  deps: CodingAgentDeps,
  order: CodingOrder,
  place: Place,
  signal: AbortSignal,
): Promise<ProcessEnd & { readonly tail: string }> {
  const { plan, worker } = order;
  const words = splitCommand(worker.command).map((word) => word.replaceAll('{brief}', place.brief));
  const cwd = join(place.worktree, plan.workspace.directory);
  const ready = await deps.shutIn({
    // Whoever reads no standard input finds the brief in the file.
    ...{ plan, cwd, argv: ['/bin/sh', '-c', 'exec "$@" < "$AUTOLAB_BRIEF"', 'sh', ...words] },
    env: environment(deps, order, place),
    writes: [place.worktree, place.home],
    reads: [place.brief, ...place.reads],
  });
  const log = await openLog(join(place.folder, 'agent.log'), LOG_BYTES, LOG_BYTES);
  const tail = createRing(TAIL_BYTES);
  const streams = { stdout: place.secrets.stream(), stderr: place.secrets.stream() };
  const keep = async (chunk: Buffer): Promise<void> => {
    tail.push(chunk);
    await log.write(chunk);
  };
  try {
    const ended = await runProcess({
      ...{ argv: ready.argv, env: ready.env, cwd, signal, clock: deps.clock },
      ...{ timeout_seconds: worker.timeout, grace_ms: GRACE_MS, sample_ms: SAMPLE_MS },
      mark: MARKS.folder,
      keeper: ready.keeper === true,
      ...(ready.bounds === undefined ? {} : { bounds: ready.bounds }),
      onOutput: (stream, chunk) => keep(streams[stream].push(chunk)),
    });
    for (const stream of Object.values(streams)) await keep(stream.end());
    return { ...ended, tail: Buffer.concat(tail.parts()).toString('utf8') };
  } finally {
    await log.close();
    await ready.release();
  }
}

/** Where programs are, which language, and what the plan names; a home with nothing else in it. */
function environment(
  { user, cacheDir }: Pick<CodingAgentDeps, 'user' | 'cacheDir'>,
  { worker, work: name }: Pick<CodingOrder, 'worker' | 'work'>,
  { folder, home, brief, account }: Pick<Place, 'folder' | 'home' | 'brief' | 'account'>,
): Readonly<Record<string, string>> {
  const { lab, launcher } = ownMarks(cacheDir);
  const wanted = new Set(['PATH', 'LANG', 'LC_ALL', 'TZ', ...worker.env_from]);
  const picked = Object.entries(user).filter(
    (entry): entry is [string, string] => wanted.has(entry[0]) && entry[1] !== undefined,
  );
  return {
    ...Object.fromEntries(picked),
    ...{ HOME: home, TMPDIR: home, TERM: 'dumb', NO_COLOR: '1', CI: '1' },
    ...{ AUTOLAB_BRIEF: brief, AUTOLAB_ACCOUNT: account },
    ...{ [MARKS.lab]: lab, [MARKS.launcher]: launcher, [MARKS.run]: name, [MARKS.folder]: folder },
  };
}

function failureOf(order: CodingOrder, ended: ProcessEnd & { readonly tail: string }) {
  const { ended_by, exit_code, signal, error } = ended;
  const { timeout, command } = order.worker;
  const who = `the coding agent (${command.slice(0, 60)})`;
  if (ended_by === 'timeout')
    return {
      class: 'timeout',
      message: `expected ${who} to end within ${timeout} s, and ended it then`,
    } as const;
  if (ended_by === 'itself' && exit_code === 0) return null;
  const last = plain(ended.tail).trim().split('\n').at(-1)?.slice(0, 200) ?? '';
  const how = error?.message ?? (signal === null ? `exit code ${exit_code}` : `signal ${signal}`);
  const message = `expected ${who} to end well, found ${how}${last === '' ? '' : `: ${last}`}`;
  return { class: 'infrastructure', message } as const;
}

/** What it wrote of its changes, a line each: of a plain file alone, since it may have put a link or a pipe there. */
async function said(account: string, secrets: Secrets): Promise<readonly string[]> {
  const handle = await openPlain(account);
  if (handle === null) return [];
  const { buffer, bytesRead } = await handle
    .read(Buffer.alloc(ACCOUNT_BYTES), 0, ACCOUNT_BYTES, 0)
    .finally(() => handle.close());
  return secrets
    .hidden(plain(buffer.toString('utf8', 0, bytesRead)))
    .split('\n')
    .map((line) =>
      line
        .replace(/^\s*(?:[-*•]|\d+[.)])\s+/, '')
        .trim()
        .slice(0, 300),
    )
    .filter((line) => line !== '' && !/^\W*changes?\W*$/i.test(line))
    .slice(0, 20);
}

const nameOf = ({ worker }: CodingOrder): string =>
  basename(splitCommand(worker.command)[0] ?? 'agent');

const keyOf = ({ commit, brief, worker }: CodingOrder): string =>
  createHash('sha256')
    .update(JSON.stringify([commit, brief, worker.command]))
    .digest('hex')
    .slice(0, 16);

type Answer = Exclude<Coded, { readonly failure: unknown }>;
const stored = (coded: Answer) => ({ ...coded, files: [...coded.files] });
const restored = (text: string): Answer => {
  const { files, ...rest } = JSON.parse(text) as ReturnType<typeof stored>;
  return { ...rest, files: new Map(files) };
};
