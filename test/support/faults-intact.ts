import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { encodeEvent } from '../../notebook/codec.ts';
import { readNotebook, type NotebookView } from '../../notebook/reader.ts';
import type { Event } from '../../orchestrator/domain/event.ts';
import type { RunId } from '../../orchestrator/domain/ids.ts';
import { attemptDir } from '../../orchestrator/domain/layout.ts';
import type { State } from '../../orchestrator/domain/state.ts';
import { openLab } from '../../orchestrator/lab/lab.ts';
import { report } from '../../orchestrator/lab/report.ts';
import { acknowledged, scratchOf } from './faults.ts';
import { checkout, type FixtureLab } from './lab.ts';

/** What a night must have come to, whatever happened to it. */

export interface Expected {
  /** The user's checkout before the first launch, where it is to be as it was. */
  readonly checkout?: Readonly<Record<string, string>>;
  /** Warnings of what the test itself damaged. */
  readonly warnings?: RegExp;
  /** The test took runs' folders away: what was sealed in them stands in the journal alone. */
  readonly foldersGone?: boolean;
  /** The test let an attempt go on that was fenced off: what it sealed late counts for nothing. */
  readonly lateSeals?: boolean;
}

/** Everything that is wrong with a lab whose nights are over, a sentence each; empty where it is intact. */
export async function intact(
  lab: FixtureLab,
  { checkout: before, warnings, foldersGone = false, lateSeals = false }: Expected = {},
): Promise<readonly string[]> {
  const notebook = await readNotebook(join(lab.root, 'data/notebook'));
  const { state, events } = notebook;
  const problems = [
    ...nightsAreOver(state),
    ...nothingIsLost(events, acknowledged(lab)),
    ...attemptsAreCountedOnce(events),
    ...sealedIsCounted(lab, events, foldersGone, lateSeals),
    ...experimentsAreJudged(state),
    ...(await tablesAgree(notebook)),
    ...(await nothingRuns(lab)),
    ...gitIsWhole(lab, state),
    ...nothingIsLeft(lab),
    ...(await findingsAreCurrent(lab, notebook)),
  ];
  if (before) problems.push(...sameCheckout(before, checkout(lab)));
  problems.push(...notebook.warnings.filter((warning) => !warnings?.test(warning)));
  return problems;
}

function nightsAreOver(state: State): string[] {
  return [...state.nights.values()].flatMap(({ id, ended, reported, revision }) => {
    if (!ended) return [`${id} did not end`];
    const told = ended.reason === 'superseded' || reported === revision;
    return told ? [] : [`${id} ended, and was not reported`];
  });
}

/** What a launch was told is on disk is there, as it was told. */
function nothingIsLost(events: readonly Event[], told: readonly Event[]): string[] {
  const recorded = new Map(events.map((event) => [event.seq, encodeEvent(event)]));
  return told.flatMap((event) =>
    recorded.get(event.seq) === encodeEvent(event)
      ? []
      : [
          `record ${event.seq} was ${encodeEvent(event)}, found ${recorded.get(event.seq) ?? 'none'}`,
        ],
  );
}

const attemptOf = (run: RunId, attempt: number): string => `${run} attempt ${attempt}`;

/** Each attempt begins once and ends once, and no run has two numbers. */
function attemptsAreCountedOnce(events: readonly Event[]): string[] {
  const begun = new Map<string, number>();
  const over = new Map<string, number>();
  const measured = new Map<string, number>();
  const more = (counts: Map<string, number>, key: string): unknown =>
    counts.set(key, (counts.get(key) ?? 0) + 1);
  for (const event of events) {
    if (event.type === 'run_started') more(begun, attemptOf(event.run, event.attempt));
    if (event.type !== 'run_ended') continue;
    more(over, attemptOf(event.result.run, event.result.attempt));
    if (event.result.status === 'finished') more(measured, event.result.run);
  }
  const keys = new Set([...begun.keys(), ...over.keys()]);
  return [
    ...[...keys].flatMap((key) => {
      const [a, b] = [begun.get(key) ?? 0, over.get(key) ?? 0];
      return a === 1 && b === 1 ? [] : [`${key} began ${a} times and ended ${b} times`];
    }),
    ...[...measured].flatMap(([run, n]) => (n === 1 ? [] : [`${run} finished ${n} times`])),
  ];
}

/** Every result that a worker sealed on disk is in the journal, with the same number. */
function sealedIsCounted(
  lab: FixtureLab,
  events: readonly Event[],
  foldersGone: boolean,
  lateSeals: boolean,
): string[] {
  return events.flatMap((event) => {
    if (event.type !== 'run_ended') return [];
    const { run, attempt, status, objective, killed_because } = event.result;
    if (lateSeals && killed_because === 'fenced') return [];
    const file = join(lab.root, attemptDir(run, attempt), 'result.json');
    if (!existsSync(file))
      return status === 'finished' && !foldersGone
        ? [`${attemptOf(run, attempt)} finished without a seal`]
        : [];
    const sealed = JSON.parse(readFileSync(file, 'utf8')) as {
      status: string;
      objective: number | string | null;
    };
    const same =
      sealed.status === status &&
      (sealed.objective === null ? null : Number(sealed.objective)) === objective;
    const found = `${status} ${objective}, sealed ${sealed.status} ${sealed.objective}`;
    return same ? [] : [`${attemptOf(run, attempt)} is recorded ${found}`];
  });
}

function experimentsAreJudged(state: State): string[] {
  const superseded = new Set(
    [...state.nights.values()]
      .filter(({ ended }) => ended?.reason === 'superseded')
      .map(({ id }) => id),
  );
  const problems: string[] = [];
  for (const { id, night, baseline, judgement } of state.experiments.values())
    if (id !== baseline && judgement === null && !superseded.has(night))
      problems.push(`${id} was not judged`);
  for (const { id, status, result } of state.runs.values())
    if (status === 'running' || result === null) problems.push(`${id} has no end`);
  return problems;
}

/** The tables say what the journal says: as many rows, no id twice, the same numbers. */
async function tablesAgree(notebook: NotebookView): Promise<string[]> {
  const { state } = notebook;
  const counts = await notebook.query(
    ['nights', 'hypotheses', 'experiments', 'runs']
      .map(
        (name) => `SELECT '${name}' AS name, count(*) AS n, count(DISTINCT id) AS ids FROM ${name}`,
      )
      .join(' UNION ALL '),
  );
  const problems = counts.rows.flatMap(({ name, n, ids }) => {
    const known = state[name as 'nights' | 'hypotheses' | 'experiments' | 'runs'].size;
    const same = Number(n) === known && Number(ids) === known;
    return same
      ? []
      : [`${String(name)} has ${String(n)} rows of ${String(ids)} ids, ${known} known`];
  });
  const runs = await notebook.query(
    `WITH found AS (SELECT run_id, count(*) AS found FROM metrics GROUP BY run_id)
     SELECT id, status, objective, metric_points AS points, found
     FROM runs LEFT JOIN found ON run_id = id`,
  );
  for (const { id, status, objective, points, found } of runs.rows) {
    const run = state.runs.get(id as RunId);
    const value = run?.result?.objective ?? null;
    if (status !== run?.status || (objective === null ? null : Number(objective)) !== value)
      problems.push(`${String(id)} is ${String(status)} ${String(objective)} in its table`);
    if (Number(points ?? 0) !== Number(found ?? 0))
      problems.push(`${String(id)} has ${String(found)} metric rows, ${String(points)} measured`);
  }
  return problems;
}

/** Nothing that was started for the lab runs on: by its environment, or by where it stands. */
async function nothingRuns(lab: FixtureLab): Promise<string[]> {
  // What a kill has just hit may take a moment to be gone.
  for (let tries = 0; tries < 50 && processesOf(lab).length > 0; tries++) await wait(100);
  return processesOf(lab).map(({ pid, command }) => `process ${pid} still runs: ${command}`);
}

interface Survivor {
  readonly pid: number;
  readonly command: string;
  /** Whether it trains, rather than orchestrates. */
  readonly run: boolean;
}

export function processesOf(lab: FixtureLab): readonly Survivor[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      const environment = readFileSync(`/proc/${name}/environ`, 'utf8');
      const stands = readlinkSync(`/proc/${name}/cwd`);
      if (!environment.includes(`${lab.folder}/`) && !stands.startsWith(`${lab.folder}/`))
        return [];
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      // A zombie shows neither.
      if (command === '') return [];
      return [{ pid: Number(name), command, run: environment.includes('AUTOLAB_RUN_ID=') }];
    } catch {
      return []; // gone meanwhile
    }
  });
}

/** The processes of its embedded queues. */
export const queuesOf = (lab: FixtureLab): readonly number[] =>
  processesOf(lab)
    .filter(({ command }) => /^autolab queue|bin\/queue\.js/.test(command))
    .map(({ pid }) => pid);

function gitIsWhole(lab: FixtureLab, state: State): string[] {
  const problems: string[] = [];
  const slots = Math.max(...[...state.nights.values()].map((night) => night.slots));
  const worktrees = lab.git(['worktree', 'list', '--porcelain']).split('\n\n');
  if (worktrees.length > 1 + slots)
    problems.push(`${worktrees.length - 1} worktrees for ${slots} slots`);
  for (const each of worktrees)
    if (/^(?:locked|prunable)/m.test(each)) problems.push(`a worktree is ${each}`);
  try {
    execFileSync('git', ['fsck', '--no-dangling', '--no-progress'], {
      cwd: lab.root,
      env: lab.env,
      stdio: 'pipe',
    });
  } catch (error) {
    problems.push(`git fsck: ${String((error as { stderr?: Buffer }).stderr)}`);
  }
  for (const path of filesBelow(join(lab.root, '.git')))
    if (path.endsWith('.lock')) problems.push(`git has a lock: ${path}`);
  for (const { branch, commit } of state.experiments.values()) {
    if (branch === null || commit === null) continue;
    const tip = lab.git(['rev-parse', '--verify', '--quiet', `refs/heads/${branch}`]);
    if (tip !== commit) problems.push(`${branch} is at ${tip}, recorded at ${commit}`);
  }
  return problems;
}

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' });

/** No lock, nothing unread in the inbox, no half-written file, no folder of a dead queue. */
function nothingIsLeft(lab: FixtureLab): string[] {
  const own = ['data/notebook', 'experiments'].flatMap((folder) =>
    filesBelow(join(lab.root, folder)).map((path) => join(folder, path)),
  );
  const half = (path: string): boolean =>
    /\.(?:tmp|part)$/.test(path) || /notebook\/(?:lock$|inbox\/.)/.test(path);
  return [
    ...own.filter(half).map((path) => `${path} is left`),
    ...readdirSync(scratchOf(lab))
      .filter((name) => /^autolab-(?:queue|git|pipe)/.test(name))
      .map((name) => `${name} is left in the temporary folder`),
    ...readdirSync(lab.root)
      .filter((name) => name.endsWith('.part'))
      .map((name) => `${name} is left`),
  ];
}

/** Written anew from the notebook, the findings come out the same. */
async function findingsAreCurrent(lab: FixtureLab, notebook: NotebookView): Promise<string[]> {
  const path = join(lab.root, 'FINDINGS.md');
  if (!existsSync(path)) return ['there is no FINDINGS.md'];
  const before = readFileSync(path, 'utf8');
  await report(await openLab(lab.root), notebook.state, notebook);
  const now = readFileSync(path, 'utf8');
  if (now === before) return [];
  const known = new Set(before.split('\n'));
  const news = now.split('\n').filter((line) => !known.has(line));
  return [`FINDINGS.md was not current, it lacked: ${news.join(' | ')}`];
}

export const sameCheckout = (
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): string[] =>
  Object.keys(before)
    .filter((key) => before[key] !== now[key])
    .map((key) => `the checkout's ${key} was ${before[key]}, is ${now[key]}`);
