import {
  isOwnRunId,
  type AnyRunId,
  type ExperimentId,
  type HypothesisId,
  type NightId,
} from '../orchestrator/domain/ids.ts';
import type { State } from '../orchestrator/domain/state.ts';
import { experimentRecord, type ExperimentRow } from './tables/experiments.ts';
import { hypothesisRecord, type HypothesisRow } from './tables/hypotheses.ts';
import { nightRecord, type NightRow } from './tables/nights.ts';
import { ownRunRecord } from './tables/own-runs.ts';
import { runRecord, type RunRow } from './tables/runs.ts';

/**
 * Rows of the notebook's tables as plain JSON, from the state alone and without DuckDB: what
 * `experiments --json` and its like print. Keys are the tables' columns; `change` is an object,
 * `interval` is [low, high]. Each throws where the journal knows no such id.
 */

export type NotFinite = 'NaN' | 'Infinity' | '-Infinity';

type Safe<Value> = Value extends number
  ? number | NotFinite
  : Value extends readonly number[]
    ? readonly (number | NotFinite)[]
    : Value;
export type JsonRow<R> = { readonly [K in keyof R]: Safe<R[K]> };

export const experimentRow = (state: State, id: ExperimentId): JsonRow<ExperimentRow> =>
  asJson(experimentRecord(state, id));

export const runRow = (state: State, id: AnyRunId): JsonRow<RunRow> =>
  asJson(isOwnRunId(id) ? ownRunRecord(state, id) : runRecord(state, id));

export const hypothesisRow = (state: State, id: HypothesisId): JsonRow<HypothesisRow> =>
  asJson(hypothesisRecord(state, id));

export const nightRow = (state: State, id: NightId): JsonRow<NightRow> =>
  asJson(nightRecord(state, id));

/** Most rows are as JSON has them already, and lists are long: only what is not is replaced. */
function asJson<R extends object>(row: R): JsonRow<R> {
  if (allSafe(row)) return row as JsonRow<R>;
  const odd = Object.entries(row).filter(([, value]) => !isSafe(value));
  const safe = odd.map(([key, value]) => [
    key,
    Array.isArray(value) ? value.map((one) => (isSafe(one) ? one : String(one))) : String(value),
  ]);
  return { ...row, ...Object.fromEntries(safe) } as JsonRow<R>;
}

function allSafe(row: object): boolean {
  for (const key in row) if (!isSafe(row[key as keyof typeof row])) return false;
  return true;
}

/** JSON has no word for NaN and the infinities; the contract's is their name as text. */
const isSafe = (value: unknown): boolean =>
  Array.isArray(value) ? value.every(isSafe) : typeof value !== 'number' || Number.isFinite(value);
