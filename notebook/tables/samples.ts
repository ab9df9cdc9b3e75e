import { defineTable } from '../table.ts';

interface SampleRow {
  readonly run_id: string;
  readonly task: string | null;
  readonly sample_id: string;
  readonly input: string | null;
  readonly target: string | null;
  readonly prediction: string | null;
  readonly metrics: Readonly<Record<string, string>> | null;
}

/** Like metrics: one Parquet file per run at intake, where it logged any. */
export const samples = defineTable<SampleRow>({
  name: 'samples',
  doc: 'Single predictions that runs logged.',
  sortedBy: ['run_id', 'task', 'sample_id'],
  columns: {
    run_id: ['VARCHAR', 'The run.'],
    task: ['VARCHAR', 'The task or split; null where none was said.'],
    sample_id: ['VARCHAR', "The sample's id within the task."],
    input: ['VARCHAR', 'What the model was given, as text or JSON.'],
    target: ['VARCHAR', 'What was right.'],
    prediction: ['VARCHAR', 'What the model said.'],
    metrics: ['JSON', 'Numbers of this one sample.'],
  },
  example:
    'SELECT run_id, count(*) AS wrong FROM samples WHERE prediction <> target GROUP BY run_id ORDER BY wrong',
});
