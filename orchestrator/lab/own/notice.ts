import { existsSync } from 'node:fs';
import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PLAN_FILE } from '../../domain/layout.ts';
import { byNumber, type OwnRunId } from '../../domain/ids.ts';
import { detailsOf, type OwnBody, type OwnRun } from '../../domain/own-run.ts';
import type { Objective } from '../../domain/plan.ts';
import type { State } from '../../domain/state.ts';
import type { OwnOpening } from '../../../workers/own-files.ts';
import { clock } from '../lab.ts';
import type { LabPlace } from '../place.ts';
import { mayBeAtIt } from './alive.ts';
import { keepHighest, ownFolders } from './claim.ts';

/**
 * Runs of one's own are noticed by their folders: whoever made one need not know of the journal.
 * Any process may notice, and several may at once.
 */

export interface NoticeOptions {
  /** Records an event; what is given twice under one id counts once. */
  readonly put: (id: string, body: OwnBody) => Promise<void>;
  /** Asked before each run. */
  readonly goOn?: () => boolean;
}

export interface Noticed {
  /** Events that were put. */
  readonly events: number;
  /** Runs that there was no time for. */
  readonly left: number;
  /** What is odd, a sentence each. */
  readonly remarks: readonly string[];
}

/**
 * Runs that the state does not know to have ended: those that it knows nothing of first, for only
 * these get fewer by being looked at. Cheap where there are none.
 */
export async function ownRunsToNotice(lab: LabPlace, state: State): Promise<readonly OwnRunId[]> {
  const there = await ownFolders(lab);
  const here = new Set(there);
  const unknown = there.filter((id) => !state.own.has(id));
  const open = [...state.own.values()].filter(({ id, end }) =>
    end === null ? true : isPresumed(end) && here.has(id) && saysItsEnd(lab, id),
  );
  return [...unknown.toSorted(byNumber), ...open.map(({ id }) => id)];
}

/** Nobody said that it was over, and somebody may still. */
const isPresumed = ({ killed_because, attempt }: NonNullable<OwnRun['end']>): boolean =>
  killed_because === 'gone' && attempt === 1;

const saysItsEnd = (lab: LabPlace, id: OwnRunId): boolean =>
  existsSync(join(lab.experimentsDir, id, 'end.json'));

/** Records what the folders of these runs say. Throws what `put` throws, and nothing else. */
export async function noticeOwnRuns(
  lab: LabPlace,
  state: State,
  runs: readonly OwnRunId[],
  { put, goOn = () => true }: NoticeOptions,
): Promise<Noticed> {
  const objective = once(() => planObjective(lab));
  const remarks: string[] = [];
  let events = 0;
  let left = runs.length;
  for (const id of runs) {
    if (!goOn()) break;
    left--;
    const found = look(lab, id, state.own.get(id) ?? null, objective);
    // What one look finds out counts, also where the next one fails.
    for (;;) {
      const next = await found.next().catch((error: unknown) => {
        remarks.push(`${id} could not be looked at: ${(error as Error).message}`);
        return null;
      });
      if (next === null || next.done) break;
      await put(recordId(next.value), next.value);
      events++;
    }
  }
  await keepHighest(lab, [...state.own.keys(), ...runs]).catch(() => undefined);
  return { events, left, remarks };
}

/** The same for all who notice the same; a run's start sorts before its end. */
const recordId = (body: OwnBody): string =>
  body.type === 'own_run_started'
    ? `own-${body.run}-0-started`
    : `own-${body.run}-${body.end.attempt}-ended`;

/** What is new of one run, one after the other: its start is known whatever is wrong with its end. */
async function* look(
  lab: LabPlace,
  id: OwnRunId,
  known: OwnRun | null,
  objective: () => Promise<Objective | null>,
): AsyncGenerator<OwnBody, void> {
  const files = await import('../../../workers/own-files.ts');
  const folder = join(lab.experimentsDir, id);
  const made = await lstat(folder).catch(() => null);
  if (!made?.isDirectory()) {
    if (known?.end === null) yield withoutFolder(known);
    return;
  }
  const fallback = known?.started ?? new Date(made.birthtimeMs || made.mtimeMs).toISOString();
  const found = await files.readOwnStart(folder, fallback);
  if (found === null && !known && !(await isOldWork(folder, made.mtimeMs))) return;
  const opening = found ?? nothingSaid(id, fallback);
  const soon = await files.readOwnEnd(folder);
  if (!known)
    yield {
      ...{ type: 'own_run_started', run: id, start: opening.start },
      ...{ params: files.firstParams(opening), remarks: opening.remarks },
    };
  const written = await files.lastWritten(folder);
  if (soon === null && (await mayBeAtIt(opening.process, written, clock.now()))) return;
  // It may have ended between the two looks.
  const end = soon ?? (await files.readOwnEnd(folder));
  const [{ sealOwnRun }, { writeLargeParquet }] = await Promise.all([
    import('../../../workers/own-seal.ts'),
    import('../../../notebook/large-parquet.ts'),
  ]);
  const attempt = known?.end ? known.attempt + 1 : 1;
  const sealed = await sealOwnRun({
    ...{ run: id, attempt, folder, opening, end, writeLargeParquet },
    objective: await objective(),
  });
  yield { type: 'own_run_ended', run: id, ...sealed };
}

/** A folder is there a moment before its start.json is. */
const OPENING_MS = 60_000;
const WORK = ['metrics.jsonl', 'logged.jsonl', 'samples.jsonl', 'run.log', 'end.json'];

/** Whether a folder without start.json is a run all the same. */
async function isOldWork(folder: string, made: number): Promise<boolean> {
  if (clock.now() - made < OPENING_MS) return false;
  return WORK.some((name) => existsSync(join(folder, name)));
}

const nothingSaid = (id: OwnRunId, started: string): OwnOpening => ({
  start: {
    ...{ name: '', command: [], directory: null, host: null, who: null, started },
    ...{ commit: null, branch: null, dirty: null, source: 'unknown' },
  },
  process: { pid: null, process_started: null, host: null },
  config: new Map(),
  remarks: [`expected a start.json in experiments/${id}, found none`],
});

/** Somebody deleted it while it ran. */
function withoutFolder(run: OwnRun): OwnBody {
  const details = detailsOf(run);
  const gone = `its folder experiments/${run.id} was deleted before it ended`;
  return {
    ...{ type: 'own_run_ended', run: run.id },
    end: {
      ...{ attempt: run.attempt, status: 'killed', ended: run.started, seconds: 0 },
      ...{ exit_code: null, signal: null, failure: null, killed_because: 'gone' },
      ...{ objective: null, tier: null, metric_points: 0, sample_rows: 0 },
    },
    details: { ...details, remarks: [...details.remarks, gone] },
  };
}

const planText = ({ root }: LabPlace): Promise<string> =>
  readFile(join(root, PLAN_FILE), 'utf8').catch(() => '');

/** By which number the plan judges; null where there is no plan that can be read. */
export async function planObjective(lab: LabPlace): Promise<Objective | null> {
  const { readPlan } = await import('../../plan/file.ts');
  const reading = readPlan(await planText(lab));
  return 'plan' in reading ? reading.plan.objective : null;
}

/** The name of that number, for a picture: soon there, and of a plan with mistakes as well. */
export async function planMetric(lab: LabPlace): Promise<string | null> {
  const { metricIn } = await import('../../plan/metric.ts');
  return metricIn(await planText(lab));
}

function once<T>(find: () => Promise<T>): () => Promise<T> {
  let found: Promise<T> | undefined;
  return () => (found ??= find());
}
