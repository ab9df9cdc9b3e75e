import type { Table } from './table.ts';
import { alerts } from './tables/alerts.ts';
import { decisions } from './tables/decisions.ts';
import { experiments } from './tables/experiments.ts';
import { findings } from './tables/findings.ts';
import { flags } from './tables/flags.ts';
import { holdouts } from './tables/holdouts.ts';
import { hypotheses } from './tables/hypotheses.ts';
import { metrics } from './tables/metrics.ts';
import { nights } from './tables/nights.ts';
import { notes } from './tables/notes.ts';
import { artifacts, params, summary } from './tables/run-details.ts';
import { runs } from './tables/runs.ts';
import { samples } from './tables/samples.ts';
import { spans } from './tables/spans.ts';
import { tags } from './tables/tags.ts';

/** Every table of the notebook, in the order in which people meet them. */
export const TABLES: readonly Table[] = [
  nights,
  hypotheses,
  experiments,
  runs,
  params,
  metrics,
  summary,
  samples,
  artifacts,
  holdouts,
  spans,
  alerts,
  findings,
  flags,
  tags,
  notes,
  decisions,
];

export const METRICS = metrics.name;
export const SAMPLES = samples.name;

/** The tables whose rows do not come from the journal, but from files that runs left. */
export const OF_RUNS: readonly Table[] = TABLES.filter(({ sortedBy }) => sortedBy !== null);
/** The others: their rows are made from records of the journal. */
export const RECORDED: readonly Table[] = TABLES.filter((table) => !OF_RUNS.includes(table));

/** Rather too often than not: a table that is not filled would answer with nothing. */
export const mentions = (sql: string, table: string): boolean =>
  new RegExp(`\\b${table}\\b`, 'i').test(sql) || /\bquery(_table)?\b/i.test(sql);

/** Whether an answer may need a table whose rows come from the journal. */
export const namesRecords = (sql: string): boolean =>
  RECORDED.some(({ name }) => mentions(sql, name));
