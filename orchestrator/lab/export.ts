import { createWriteStream } from 'node:fs';
import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Header, Pack, ReadEntry } from 'tar';
import { LabError } from '../domain/errors.ts';
import { changeInWords } from '../domain/hypothesis.ts';
import { isOwnRunId, isRunId, type OwnRunId, type RunId } from '../domain/ids.ts';
import { attemptDir, ownRunDir } from '../domain/layout.ts';
import { ORIGIN_FILE, type Origin } from '../domain/origin.ts';
import type { Logged } from '../domain/logged.ts';
import { splitCommand } from '../domain/command.ts';
import { detailsOf, spelt } from '../domain/own-run.ts';
import { experimentIn, type State } from '../domain/state.ts';
import { runRecord } from '../../notebook/tables/runs.ts';
import { split } from '../../workers/command.ts';
import type { LabPlace } from './place.ts';
import { measured, ownRunIn } from './subject.ts';
import { planObjective } from './own/notice.ts';

/** Writes one run into an archive that `import` reads, and anybody who has tar. */

/** What of a run's folder says something of it; the rest is AutoLab's own. */
export const RUN_FILES: readonly string[] = [
  ...['metrics.ndjson', 'metrics.jsonl', 'logged.jsonl', 'samples.jsonl', 'run.log'],
  ...['evaluate.log', 'score.log', 'change.diff', 'manifest.json', 'artifacts'],
];
/** The worker has taken it into metrics.ndjson already. */
const TAKEN_IN = 'metrics.jsonl';

export interface Exported {
  readonly run: RunId | OwnRunId;
  /** Absolute. */
  readonly archive: string;
  readonly files: readonly string[];
}

/**
 * Throws LabError not_found and refused (it still runs; the archive is there; its files are gone), and
 * what the file system does. The archive is there whole or not at all.
 */
export async function exportRun(
  lab: LabPlace,
  state: State,
  id: string,
  to: string | undefined,
): Promise<Exported> {
  const objective = (await planObjective(lab))?.metric ?? null;
  const { run, folder, origin } = isOwnRunId(id)
    ? ownRun(state, id, objective)
    : nightRun(state, id);
  const archive = resolve(to ?? `${run}.tar.gz`);
  if (await lstat(archive).catch(() => null))
    throw refused(archive, `no file there yet`, 'one', 'Name another: --output FILE');
  const from = join(lab.root, folder);
  const there = new Set<string>(await readdir(from).catch((): string[] => []));
  const files = RUN_FILES.filter(
    (name) => there.has(name) && !(name === TAKEN_IN && !isOwnRunId(run)),
  );
  if (there.size === 0)
    throw refused(
      from,
      'the files of the run',
      'none',
      'They were deleted; what the notebook knows of it is in autolab show',
    );
  const draft = `${archive}.${process.pid}.part`;
  try {
    await pack(draft, from, files, origin);
    await rename(draft, archive);
  } finally {
    await rm(draft, { force: true });
  }
  return { run, archive, files: [ORIGIN_FILE, ...files] };
}

/** `origin.json`, which lies nowhere yet, and files of a folder. Owners are nobody's business. */
async function pack(
  archive: string,
  folder: string,
  files: readonly string[],
  origin: Origin,
): Promise<void> {
  const packing = new Pack({ gzip: true, portable: true, cwd: folder });
  const text = Buffer.from(`${JSON.stringify(origin, spelt, 2)}\n`);
  const header = { path: ORIGIN_FILE, mode: 0o644, size: text.length, type: 'File' } as const;
  const entry = new ReadEntry(new Header({ ...header, mtime: new Date(origin.end.ended) }));
  entry.end(text);
  packing.add(entry);
  for (const name of files) packing.add(name);
  packing.end();
  await pipeline(packing, createWriteStream(archive, { flags: 'wx' }));
}

interface Found {
  readonly run: RunId | OwnRunId;
  /** From the lab's top. */
  readonly folder: string;
  readonly origin: Origin;
}

const FORMAT = { format: 'autolab-run', version: 1 } as const;

function ownRun(state: State, id: OwnRunId, metric: string | null): Found {
  const run = ownRunIn(state, id);
  if (run.end === null) throw stillRuns(id);
  const { params, summary, artifacts, logged, remarks } = detailsOf(run);
  const { name, command, directory, host, who, started, commit, branch, dirty } = run;
  const { status, ended, seconds, exit_code, signal, failure, killed_because } = run.end;
  const { objective, tier } = run.end;
  return {
    ...{ run: id, folder: ownRunDir(id) },
    origin: {
      ...{ ...FORMAT, id, experiment: null },
      start: {
        ...{ name, command: splitCommand(command), directory, host, who },
        ...{ started, commit, branch, dirty },
      },
      end: {
        ...{ status, ended, seconds, exit_code, signal, failure, killed_because },
        ...{ metric: objective === null ? null : metric, objective, tier },
      },
      ...{
        params: [...params],
        summary: [...summary],
        artifacts: artifacts.map((a) => ({ ...a })),
      },
      logged: wordsOf(logged),
      remarks: [...remarks],
    },
  };
}

function nightRun(state: State, id: string): Found {
  const target = measured(state, id);
  const run = isRunId(target) ? state.runs.get(target) : undefined;
  if (!run)
    throw new LabError(
      'usage',
      `expected a run, such as ${target}.1 or R-0001, found the experiment ${target}`,
      id,
    );
  const { result } = run;
  if (result === null) throw stillRuns(run.id);
  const experiment = experimentIn(state, run.experiment);
  const night = state.nights.get(experiment.night);
  const row = runRecord(state, run.id);
  const { summary, params, artifacts, status, exit_code, signal, failure, killed_because } = result;
  return {
    ...{ run: run.id, folder: attemptDir(run.id, run.attempt) },
    origin: {
      ...{ ...FORMAT, id: run.id },
      experiment: {
        ...{ id: experiment.id, title: experiment.title, because: experiment.because },
        change: changeInWords(experiment.change),
      },
      start: {
        ...{ name: row.name, command: wordsOfNight(row.command, night?.plan.run.shell === true) },
        directory: night?.plan.workspace.directory ?? null,
        ...{ host: result.environment?.words['host'] ?? null, who: null },
        ...{ started: run.started, commit: experiment.commit, branch: experiment.branch },
        dirty: false,
      },
      end: {
        ...{ status, ended: run.ended ?? run.started, seconds: result.seconds },
        ...{ exit_code, signal, failure, killed_because: killedIn(killed_because) },
        ...{ metric: night?.plan.objective.metric ?? null, objective: result.objective },
        tier: result.tier,
      },
      ...{
        params: [...params],
        summary: [...summary],
        artifacts: artifacts.map((a) => ({ ...a })),
      },
      logged: wordsOf(result.logged),
      remarks: [],
    },
  };
}

/** What was started, so that it reads as it would be typed; a line for a shell is no list of words. */
function wordsOfNight(command: string | null, shell: boolean): string[] {
  if (command === null) return [];
  if (shell) return ['/bin/sh', '-c', command];
  // A quote that is not closed: that is why the run failed, and no reason not to export it.
  return [...(split(command) ?? [command])];
}

/** Copies: what a schema says may be changed, what the notebook holds may not. */
const wordsOf = (logged: Logged | undefined): Origin['logged'] => ({
  findings: [...(logged?.findings ?? [])],
  tags: [...(logged?.tags ?? [])],
  group: logged?.group ?? null,
});

const WHY = ['user', 'signal', 'gone', 'pruned', 'fenced'] as const;
const killedIn = (because: string | null) => WHY.find((each) => each === because) ?? null;

const stillRuns = (id: string): LabError =>
  new LabError('refused', `expected a run that has ended, found ${id} still running`, id);

const refused = (where: string, expected: string, found: string, way: string): LabError =>
  new LabError('refused', `${where}: expected ${expected}, found ${found}. ${way}`, where);
