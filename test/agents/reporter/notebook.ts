import { DuckDBInstance } from '@duckdb/node-api';
import type { Json, NotebookReader } from '../../../orchestrator/domain/ports.ts';

/**
 * The notebook's tables in a real DuckDB in memory, with the columns that the Reporter's queries
 * may rely on.
 */

const TABLES: Readonly<Record<string, string>> = {
  experiments: `id VARCHAR, night VARCHAR, hypothesis VARCHAR, source VARCHAR, line VARCHAR, title VARCHAR, because VARCHAR,
    change VARCHAR, parent VARCHAR, baseline VARCHAR, reapplies VARCHAR, left_out VARCHAR, commit VARCHAR, branch VARCHAR, verdict VARCHAR, verdict_because VARCHAR,
    rule VARCHAR, chance DOUBLE, confidence VARCHAR, confidence_because VARCHAR, borderline BOOLEAN, tier VARCHAR, objective DOUBLE, spread DOUBLE, n BIGINT, effect DOUBLE, interval_low DOUBLE, interval_high DOUBLE,
    effect_on_parent DOUBLE, parent_interval_low DOUBLE, parent_interval_high DOUBLE, stack VARCHAR,
    attribution_effect DOUBLE, attribution_low DOUBLE, attribution_high DOUBLE, limits JSON, attribution_n BIGINT, attribution_p DOUBLE,
    attributed BOOLEAN, dawn_confirmed BOOLEAN, dawn_test VARCHAR, dawn_values DOUBLE[],
    dawn_n BIGINT, dawn_n_baseline BIGINT, dawn_objective DOUBLE, dawn_baseline DOUBLE, dawn_effect DOUBLE, dawn_low DOUBLE,
    dawn_high DOUBLE, failure_class VARCHAR, failure VARCHAR, repairs JSON, unrepaired VARCHAR, tags VARCHAR[], flags VARCHAR[], opened TIMESTAMP, promoted TIMESTAMP,
    planned VARCHAR, outcome VARCHAR, outcome_because VARCHAR, definition VARCHAR, notes_file VARCHAR, notes VARCHAR`,
  runs: `id VARCHAR, name VARCHAR, experiment VARCHAR, night VARCHAR, seed BIGINT, purpose VARCHAR, variant VARCHAR, attempt BIGINT, slot BIGINT,
    status VARCHAR, failure VARCHAR, failure_message VARCHAR, traceback VARCHAR, killed_because VARCHAR, prune_because VARCHAR, prune_audited BOOLEAN, objective DOUBLE,
    tier VARCHAR, started TIMESTAMP, seconds DOUBLE, cpu_seconds DOUBLE, peak_memory_mb DOUBLE, exit_code BIGINT, signal VARCHAR, sandbox VARCHAR,
    commit VARCHAR, environment_key VARCHAR, said VARCHAR, tags VARCHAR[]`,
  hypotheses: `id VARCHAR, night VARCHAR, title VARCHAR, because VARCHAR, source VARCHAR, line VARCHAR, change VARCHAR,
    parent VARCHAR, status VARCHAR, standing VARCHAR, rejected_because VARCHAR, experiment VARCHAR,
    proposed TIMESTAMP, idea VARCHAR, expected_effect DOUBLE, measured_effect DOUBLE, refuted_by VARCHAR, link VARCHAR,
    model VARCHAR, written_by VARCHAR, account VARCHAR[], not_taken VARCHAR[], tags VARCHAR[]`,
  metrics: 'run_id VARCHAR, key VARCHAR, step BIGINT, time TIMESTAMP, value DOUBLE',
  summary: 'run_id VARCHAR, key VARCHAR, number DOUBLE, text VARCHAR',
  params: 'run_id VARCHAR, key VARCHAR, value VARCHAR, type VARCHAR, source VARCHAR',
  artifacts: `run_id VARCHAR, name VARCHAR, bytes BIGINT, sha256 VARCHAR, saved_as VARCHAR, version BIGINT,
    kind VARCHAR, step BIGINT, best BOOLEAN`,
  spans: `id VARCHAR, night VARCHAR, name VARCHAR, who VARCHAR, experiment VARCHAR, run VARCHAR, start TIMESTAMP, seconds DOUBLE,
    hypothesis VARCHAR, work VARCHAR, model VARCHAR, requests BIGINT, tokens_in BIGINT, tokens_out BIGINT, estimated BOOLEAN,
    usd DOUBLE, outcome VARCHAR, message VARCHAR, call VARCHAR`,
  holdouts:
    'night VARCHAR, experiment VARCHAR, run_id VARCHAR, metric VARCHAR, value DOUBLE, failure VARCHAR',
  flags: 'target VARCHAR, label VARCHAR, because VARCHAR, who VARCHAR, time TIMESTAMP',
  notes: 'id VARCHAR, target VARCHAR, text VARCHAR, who VARCHAR, time TIMESTAMP',
  decisions: `id VARCHAR, text VARCHAR, because VARCHAR, closes VARCHAR, opens VARCHAR, in_force BOOLEAN,
    evidence VARCHAR[], who VARCHAR, time TIMESTAMP`,
  tags: 'target VARCHAR, tag VARCHAR, who VARCHAR, time TIMESTAMP',
  alerts: 'id VARCHAR, time TIMESTAMP, kind VARCHAR, level VARCHAR, subject VARCHAR, text VARCHAR',
  nights: `id VARCHAR, started TIMESTAMP, ended TIMESTAMP, end_reason VARCHAR, message VARCHAR, base_branch VARCHAR,
    base_commit VARCHAR, baseline VARCHAR, incumbent VARCHAR, slots BIGINT, candidates BIGINT, runs_started BIGINT, calls BIGINT, tokens BIGINT, usd DOUBLE, unpriced_calls BIGINT,
    plan_key VARCHAR, plan_changes VARCHAR, project VARCHAR, question VARCHAR, metric VARCHAR, direction VARCHAR,
    min_effect DOUBLE, smallest_confirmable DOUBLE, confirmable_seeds BIGINT, runs_for_no_difference BIGINT, remarks VARCHAR[], data_changed VARCHAR[], stands VARCHAR[], plan VARCHAR`,
};

export type Cell = string | number | boolean | null | undefined | readonly (string | number)[];
export type Tables = Readonly<Record<string, readonly Readonly<Record<string, Cell>>[]>>;

export interface MemoryNotebook extends NotebookReader {
  /** How many queries were asked. */
  asked(): number;
}

export async function memoryNotebook(tables: Tables): Promise<MemoryNotebook> {
  // More threads than one cost more to wake than such tables take to read.
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  for (const [table, columns] of Object.entries(TABLES)) {
    await connection.run(`CREATE TABLE ${table} (${columns})`);
    const rows = tables[table] ?? [];
    const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    if (names.length === 0) continue;
    const values = rows.map((row) => `(${names.map((name) => literal(row[name])).join(', ')})`);
    const into = names.map((name) => `"${name}"`).join(', ');
    await connection.run(`INSERT INTO ${table} (${into}) VALUES ${values.join(', ')}`);
  }
  let asked = 0;
  return {
    asked: () => asked,
    async query(sql) {
      asked++;
      const found = await connection.runAndReadAll(sql);
      const rows = found.getRowObjectsJson() as Record<string, Json>[];
      return { columns: found.columnNames(), rows };
    },
  };
}

function literal(value: Cell): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'number')
    return Number.isFinite(value) ? String(value) : `'${value}'::DOUBLE`;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  return `[${value.map(literal).join(', ')}]`;
}
