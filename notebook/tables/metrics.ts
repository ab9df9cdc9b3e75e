import { defineTable } from '../table.ts';

interface MetricRow {
  readonly run_id: string;
  readonly key: string;
  readonly step: number | null;
  readonly time: string | null;
  readonly value: number;
}

/** Not made from the journal: one Parquet file per run at intake, merged when many wait. */
export const metrics = defineTable<MetricRow>({
  name: 'metrics',
  sortedBy: ['run_id', 'key', 'step', 'time'],
  doc: 'Every number that runs logged, one point per row.',
  columns: {
    run_id: ['VARCHAR', 'The run.'],
    key: ['VARCHAR', 'Name of the metric; may hold spaces and slashes.'],
    step: ['BIGINT', 'The step it was logged at; null where none was said.'],
    time: ['TIMESTAMP', 'When it was read, UTC.'],
    value: ['DOUBLE', 'The number; may be NaN or infinite.'],
  },
  example:
    "SELECT run_id, min(value) AS best, arg_min(step, value) AS at_step FROM metrics WHERE key = 'loss' AND isfinite(value) GROUP BY run_id ORDER BY best",
});
