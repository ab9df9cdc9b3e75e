import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach } from 'vitest';
import { decodeEvent } from '../../notebook/codec.ts';
import { readNotebook, type NotebookView } from '../../notebook/reader.ts';
import type { Event, EventType } from '../../orchestrator/domain/event.ts';
import { makeLab, PLAN, TRAIN, type FixtureLab } from './lab.ts';

/** Launches of a fixture lab that something happens to at a chosen record. */

export interface Fault {
  /** Right before the record is written, or right after it was acknowledged. */
  readonly when: 'before' | 'after';
  /** The launch's n-th record, from 1; or the `nth` (default: first) of a type. */
  readonly record?: number;
  readonly type?: EventType;
  readonly nth?: number;
  /** A shell command, run to its end in the lab's top level; without one the launch kills itself with SIGKILL. */
  readonly do?: string;
}

export interface Launched {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Both streams, as they came. */
  readonly said: string;
}

export interface Launch {
  readonly process: ChildProcess;
  /** What it has said so far. */
  said(): string;
  readonly ended: Promise<Launched>;
}

const SCRIPT = new URL('../faults/launch.mjs', import.meta.url).pathname;

/** Few experiments and two slots: a night of some seventy records, of every type that one has. */
const SHORT_PLAN = PLAN.replace('experiments: 6, runs: 24', 'experiments: 2, runs: 17');

/** One experiment of a script that needs no second seed: a night of a few seconds. */
export const TINY_PLAN = PLAN.replace(
  'experiments: 6, runs: 24',
  'experiments: 1, runs: 12',
).replace('  seed: { env: SEED }', '  deterministic: true');

/** Runs that last so many milliseconds, to be met while they run. */
export const lasting = (ms: number): string =>
  `await new Promise((resolve) => setTimeout(resolve, ${ms}));\n${TRAIN}`;

/** A lab with a short night; `queue` as the plan says it. */
export const aFaultLab = (
  queue = 'embedded',
  files: Readonly<Record<string, string>> = {},
): FixtureLab => makeLab({ 'research_plan.yaml': `${SHORT_PLAN}queue: ${queue}\n`, ...files });

/**
 * For a file's top: what makes its labs, of a tiny night unless `files` hold another plan, and
 * removes them after each test.
 */
export function labsOfEachTest(): (files?: Readonly<Record<string, string>>) => FixtureLab {
  const labs: FixtureLab[] = [];
  afterEach(() => {
    for (const lab of labs.splice(0)) lab.remove();
  });
  return (files = {}) => {
    const lab = aFaultLab('embedded', { 'research_plan.yaml': TINY_PLAN, ...files });
    labs.push(lab);
    return lab;
  };
}

/** The lab is removed where nothing was thrown: what went wrong stays where it can be looked at. */
export async function withLab<T>(
  lab: FixtureLab,
  use: (lab: FixtureLab) => Promise<T>,
): Promise<T> {
  const found = await use(lab);
  lab.remove();
  return found;
}

/** What the lab's notebook says now. */
export const notebookOf = (lab: FixtureLab): Promise<NotebookView> =>
  readNotebook(join(lab.root, 'data/notebook'));

/** Not on the lab's disk, which some faults fill. */
const NOTES = mkdtempSync(join(tmpdir(), 'autolab-test-notes-'));
afterAll(() => rmSync(NOTES, { recursive: true, force: true }));
const acknowledgedFile = (lab: FixtureLab): string =>
  join(NOTES, `${basename(lab.folder)}.acknowledged.ndjson`);

/** Where the lab's launches keep what is to be thrown away: found, and looked through, after them. */
export const scratchOf = (lab: FixtureLab): string => join(lab.folder, 'tmp');

/** Starts a launch in a process group of its own. */
export function startLaunch(lab: FixtureLab, ...faults: readonly Fault[]): Launch {
  mkdirSync(scratchOf(lab), { recursive: true });
  const child = spawn(process.execPath, [SCRIPT], {
    cwd: lab.root,
    env: {
      ...lab.environment,
      TMPDIR: scratchOf(lab),
      FAULTS: JSON.stringify(faults),
      ACKNOWLEDGED: acknowledgedFile(lab),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  // Not `close`: what a killed launch leaves running holds its streams open.
  const ended = once(child, 'exit').then(async ([code, signal]): Promise<Launched> => {
    await Promise.race([once(child, 'close'), wait(200)]);
    return { code: code as number | null, signal: signal as NodeJS.Signals | null, said };
  });
  return { process: child, said: () => said, ended };
}

export const launchWith = (lab: FixtureLab, ...faults: readonly Fault[]): Promise<Launched> =>
  startLaunch(lab, ...faults).ended;

/** `ended`, or how a launch left the night and what it said. */
export const howItEnded = ({ code, signal, said }: Launched): string =>
  code === 0 ? 'ended' : `${code ?? signal}: ${said}`;

/** Launches without further faults until the night is over. Throws where one ends otherwise. */
export async function launchToTheEnd(lab: FixtureLab): Promise<Launched> {
  const last = await launchWith(lab);
  if (last.code !== 0)
    throw new Error(`expected the night to end, found ${last.code ?? last.signal}: ${last.said}`);
  return last;
}

/** Every record that any launch of the lab was told is on disk, oldest first. */
export function acknowledged(lab: FixtureLab): readonly Event[] {
  const file = acknowledgedFile(lab);
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => decodeEvent(line) as Event);
}

/** Waits until so many records of a type (or of any) were acknowledged. Throws where the launch ends before. */
export async function acknowledgedMany(
  lab: FixtureLab,
  launch: Launch,
  many: number,
  type?: EventType,
): Promise<void> {
  for (;;) {
    const found = acknowledged(lab).filter((event) => type === undefined || event.type === type);
    if (found.length >= many) return;
    if (launch.process.exitCode !== null || launch.process.signalCode !== null)
      throw new Error(`expected ${many} ${type ?? 'records'}, found an end: ${launch.said()}`);
    await wait(20);
  }
}
