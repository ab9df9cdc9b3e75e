import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

import type { Literal } from '../../workers/literal.ts';
import { followScriptMetrics } from '../../workers/script-metrics.ts';

const LOGGERS = new URL('../../loggers/', import.meta.url).pathname;

/** Where a script with its logger beside it lies and is run. Gone after the test. */
export interface Place {
  readonly dir: string;
  /** The run's folder, as in a night; null where none is given. */
  readonly run: string | null;
}

function aFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), "autolab's [logger] "));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  for (const name of readdirSync(LOGGERS)) cpSync(join(LOGGERS, name), join(dir, name));
  return dir;
}

/** As a run finds it in a night: a folder is named to it. */
export function aNight(): Place {
  const dir = aFolder();
  return { dir, run: mkdtempSync(join(dir, 'run ')) };
}

/** Nothing but a folder. */
export const nowhere = (): Place => ({ dir: aFolder(), run: null });

/** A repository with a plan and one commit. */
export function aLab(): Place {
  const dir = aFolder();
  writeFileSync(join(dir, 'research_plan.yaml'), 'project: test\n');
  const git = (...words: string[]) =>
    execFileSync('git', ['-C', dir, '-c', 'user.name=A', '-c', 'user.email=a@b', ...words]);
  git('init', '--quiet', '--initial-branch=main');
  git('add', '--all');
  git('commit', '--quiet', '--no-gpg-sign', '-m', 'Begin');
  return { dir, run: null };
}

const environment = ({ run }: Place) => {
  const { AUTOLAB_RUN_DIR: _, AUTOLAB_OWN_RUN: __, ...rest } = process.env;
  return {
    ...rest,
    PYTHONDONTWRITEBYTECODE: '1',
    ...(run === null ? {} : { AUTOLAB_RUN_DIR: run }),
  };
};

/** A program as a script in the place: what it said and how it ended. */
export function runScript(
  place: Place,
  name: string,
  text: string,
  args: readonly string[] = [],
): { readonly status: number | null; readonly out: string; readonly err: string } {
  writeFileSync(join(place.dir, name), text);
  const { status, stdout, stderr } = spawnSync(programOf(name), [name, ...args], {
    ...{ cwd: place.dir, env: environment(place), encoding: 'utf8', timeout: 60_000 },
  });
  return { status, out: stdout, err: stderr };
}

/** The same, but left running. Killed when the test ends. */
export function startScript(place: Place, name: string, text: string): ChildProcess {
  writeFileSync(join(place.dir, name), text);
  const child = spawn(programOf(name), [name], {
    ...{ cwd: place.dir, env: environment(place), stdio: ['ignore', 'pipe', 'pipe'] },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

const programOf = (name: string): string => (name.endsWith('.py') ? 'python3' : process.execPath);

/** Ids of the runs of one's own in a lab, in order. */
export const ownRuns = ({ dir }: Place): readonly string[] => {
  try {
    return readdirSync(join(dir, 'experiments')).toSorted();
  } catch {
    return [];
  }
};

export const ownFolder = ({ dir }: Place, id: string): string => join(dir, 'experiments', id);

export const json = (folder: string, name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record<string, unknown>;

/** Every line's object. Throws where one is none. */
export const linesOf = (folder: string, name: string): readonly Record<string, unknown>[] =>
  readFileSync(join(folder, name), 'utf8')
    .split('\n')
    // A process forked while a thread was writing begins on a line of its own; readers skip it.
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** The records of a metrics.jsonl, as a worker reads them. */
export async function metricsIn(folder: string): Promise<readonly Literal[]> {
  const records: Literal[] = [];
  await followScriptMetrics(join(folder, 'metrics.jsonl'), Date.now, (value) =>
    records.push(value),
  ).poll();
  return records;
}

export const hasPython =
  spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 8))']).status === 0;
