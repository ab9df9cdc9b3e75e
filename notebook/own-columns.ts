import { deflateRawSync, inflateRawSync } from 'node:zlib';

import type { OwnRunId } from '../orchestrator/domain/ids.ts';
import type { OwnEnd, OwnRun } from '../orchestrator/domain/own-run.ts';

/**
 * Runs of one's own as a snapshot holds them: thousands of small objects would cost their reading
 * more than all the rest of a lab. So they are kept by column, where many a value is that of the run
 * before (the host, the branch, how it ended), and their details are one text, a tenth of its size
 * until somebody asks for one of them.
 */
export interface OwnColumns {
  readonly runs: Columns<Known>;
  readonly ends: Columns<Ended>;
  /** A line of details for each, deflated. */
  readonly packed: Uint8Array;
}

interface Known extends Omit<OwnRun, 'end' | 'packed' | 'foreign'> {
  readonly foreign: NonNullable<OwnRun['foreign']> | null;
}

/** Null throughout where a run has not ended. */
type Ended = { readonly [K in keyof OwnEnd]: OwnEnd[K] | null };

type Columns<Row> = { readonly [K in keyof Row]: Column<Row[K]> };

/** Values, and for how many runs in a row each of them holds. */
interface Column<T> {
  readonly values: readonly T[];
  readonly counts: readonly number[];
}

export function asColumns(own: ReadonlyMap<OwnRunId, OwnRun>): OwnColumns {
  const runs = [...own.values()];
  const of = <K extends keyof OwnRun & keyof Known>(key: K) => column(runs.map((run) => run[key]));
  const end = <K extends keyof Ended>(key: K) => column(runs.map((run) => run.end?.[key] ?? null));
  return {
    runs: {
      ...{ id: of('id'), name: of('name'), command: of('command'), directory: of('directory') },
      ...{ host: of('host'), who: of('who'), started: of('started'), commit: of('commit') },
      ...{ branch: of('branch'), dirty: of('dirty'), source: of('source') },
      ...{ attempt: of('attempt'), status: of('status'), group: of('group') },
      foreign: column(runs.map(({ foreign }) => foreign ?? null)),
    },
    ends: {
      ...{ attempt: end('attempt'), status: end('status'), ended: end('ended') },
      ...{ seconds: end('seconds'), exit_code: end('exit_code'), signal: end('signal') },
      ...{ failure: end('failure'), killed_because: end('killed_because') },
      ...{ objective: end('objective'), tier: end('tier') },
      ...{ metric_points: end('metric_points'), sample_rows: end('sample_rows') },
    },
    packed: deflateRawSync(runs.map(({ packed }) => packed()).join('\n'), { level: 1 }),
  };
}

/** The runs as they were, in their order. Throws where a column is shorter than another. */
export function fromColumns({ runs, ends, packed }: OwnColumns): Map<OwnRunId, OwnRun> {
  const run = allOf(runs);
  const end = allOf(ends);
  let lines: readonly string[] | undefined;
  const details = (): readonly string[] =>
    (lines ??= inflateRawSync(packed).toString().split('\n'));
  const count = run.id.length;
  for (const { length } of [...Object.values(run), ...Object.values(end)])
    if (length !== count) throw new Error(`expected ${count} values in a column, found ${length}`);
  const own = new Map<OwnRunId, OwnRun>();
  for (let i = 0; i < count; i += 1) {
    const one: OwnRun = {
      id: at(run.id, i),
      name: at(run.name, i),
      command: at(run.command, i),
      directory: at(run.directory, i),
      host: at(run.host, i),
      who: at(run.who, i),
      started: at(run.started, i),
      commit: at(run.commit, i),
      branch: at(run.branch, i),
      dirty: at(run.dirty, i),
      source: at(run.source, i),
      attempt: at(run.attempt, i),
      status: at(run.status, i),
      end: end.ended[i] === null ? null : endAt(end, i),
      group: at(run.group, i),
      packed: () => details()[i] ?? '',
    };
    const foreign = at(run.foreign, i);
    own.set(one.id, foreign === null ? one : { ...one, foreign });
  }
  return own;
}

const endAt = (end: All<Ended>, i: number): OwnEnd => {
  const one: Ended = {
    attempt: at(end.attempt, i),
    status: at(end.status, i),
    ended: at(end.ended, i),
    seconds: at(end.seconds, i),
    exit_code: at(end.exit_code, i),
    signal: at(end.signal, i),
    failure: at(end.failure, i),
    killed_because: at(end.killed_because, i),
    objective: at(end.objective, i),
    tier: at(end.tier, i),
    metric_points: at(end.metric_points, i),
    sample_rows: at(end.sample_rows, i),
  };
  return one as OwnEnd;
};

/** One that there is: all columns are as long. */
const at = <T>(all: readonly T[], i: number): T => all[i] as T;

function column<T>(all: readonly T[]): Column<T> {
  const values: T[] = [];
  const counts: number[] = [];
  for (const value of all) {
    const last = counts.length - 1;
    if (last >= 0 && Object.is(value, values[last])) counts[last] = (counts[last] ?? 0) + 1;
    else counts[values.push(value) - 1] = 1;
  }
  return { values, counts };
}

/** Each column with a value for each run. */
type All<Row> = { readonly [K in keyof Row]: readonly Row[K][] };

const allOf = <Row>(columns: Columns<Row>): All<Row> =>
  Object.fromEntries(
    Object.entries<Column<unknown>>(columns).map(([name, column]) => [name, unfolded(column)]),
  ) as All<Row>;

function unfolded<T>({ values, counts }: Column<T>): readonly T[] {
  if (counts.every((n) => n === 1)) return values;
  const all: T[] = [];
  for (const [i, value] of values.entries())
    for (let n = counts[i] ?? 0; n > 0; n -= 1) all.push(value);
  return all;
}
