import type { z } from 'zod';
import type { ExperimentId, RunId } from '../../../orchestrator/domain/ids.ts';
import type { Json, NotebookReader } from '../../../orchestrator/domain/ports.ts';
import type { Fact, Source } from '../fact.ts';
import { plainly, shownAs } from './cells.ts';

/** What `ask` may ask the notebook: typed calls, each one SELECT whose rows become facts. */

/** The difference b minus a of two experiments, as the night's statistics see it. */
export type Contrast = (
  a: ExperimentId,
  b: ExperimentId,
) => { readonly effect: number; readonly interval: readonly [number, number] | null } | null;

/** What a call needs to know besides its arguments. */
export interface At {
  /** Milliseconds since 1970: what `today` is. Days are UTC, as the notebook's times are. */
  readonly now: number;
  readonly contrast: Contrast;
}

export type Row = Readonly<Record<string, Json>>;

/**
 * A query and what its rows are. A row may carry `runs` and `base_runs` (its baseline's): the runs
 * that its numbers rest on; they are cited, and are no facts themselves.
 */
export interface Asking {
  readonly sql: string;
  /** One row about the whole that was looked at: `matching` of `of`. So that nothing found is an answer. */
  readonly whole: string | null;
  /** The order of the rows, where the first is the most of something. */
  readonly ranked: Ranked | null;
  /** Adds what the statistics say beyond SQL. */
  readonly more?: (row: Row) => Row;
  /** Whether somebody else wrote it: then no name of a column means what it means in ours. */
  readonly free?: boolean;
}
/** `best` and `worst` by the objective; `highest` and `lowest` by a number as it stands. */
export type Ranked = 'best' | 'worst' | 'highest' | 'lowest';

export interface Tool<Name extends string = string, Args = unknown> {
  readonly name: Name;
  /** For the model that chooses, and for people. */
  readonly about: string;
  readonly args: z.ZodType<Args>;
  ask(args: Args, at: At): Asking;
}

/** A tool, its arguments typed by its schema. */
export const tool = <Name extends string, Args>(one: Tool<Name, Args>): Tool<Name, Args> => one;

/** A row as facts: a fact per cell. */
export type FactRow = Readonly<Record<string, Fact>>;

/** What a call found. */
export interface Found {
  /** `q1`, `q2` …: how a text calls it. */
  readonly call: string;
  readonly tool: string;
  readonly args: unknown;
  readonly source: Source;
  readonly rows: readonly FactRow[];
  readonly whole: FactRow | null;
  readonly ranked: Ranked | null;
  /** Of SQL that a model wrote. */
  readonly free: boolean;
}

/** More rows than these are counted and not told. */
const MOST_ROWS = 50;

/** Carries a call out. Throws LabError usage where the notebook refuses the SQL. */
export async function carryOut(
  notebook: NotebookReader,
  { name, args }: { readonly name: string; readonly args: unknown },
  asking: Asking,
  call: string,
): Promise<Found> {
  const { sql, more = (row: Row) => row, ranked, free = false } = asking;
  const source: Source = { name: call, sql };
  const { rows } = await notebook.query(sql);
  const whole = asking.whole === null ? null : await notebook.query(asking.whole);
  const first = whole?.rows[0];
  return {
    ...{ call, tool: name, args, source, ranked, free },
    rows: rows
      .slice(0, MOST_ROWS)
      .map((row) => (free ? asTheyAre(row, source) : factsOf(more(row), source))),
    whole: first ? factsOf(first, { name: call, sql: asking.whole ?? '' }) : null,
  };
}

/** Columns that rest on the runs of the baseline as well. */
const AGAINST_BASELINE = /effect|interval|difference/;
const HIDDEN = new Set(['runs', 'base_runs']);

function factsOf(row: Row, source: Source): FactRow {
  const own = runsOf(row['runs']);
  const both = [...new Set([...own, ...runsOf(row['base_runs'])])];
  return Object.fromEntries(
    Object.entries(row)
      .filter(([column]) => !HIDDEN.has(column))
      .map(([column, value]): [string, Fact] => [
        column,
        {
          shown: shownAs(column, value, row),
          value,
          source,
          runs: AGAINST_BASELINE.test(column) ? both : own,
        },
      ]),
  );
}

const asTheyAre = (row: Row, source: Source): FactRow =>
  Object.fromEntries(
    Object.entries(row).map(([column, value]) => [
      column,
      { shown: plainly(value), value, source, runs: [] },
    ]),
  );

const runsOf = (value: Json | undefined): readonly RunId[] =>
  Array.isArray(value) ? (value as readonly RunId[]) : [];
